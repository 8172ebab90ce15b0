package wire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"
	"github.com/go-zeromq/zmq4/security/null"
)

const (
	handshakeTime = 10 * time.Second // a peer that has not shaken hands by then is dropped
	writeTime     = 30 * time.Second // a peer that takes nothing for so long is dropped: it must not stop the kernel
	maxMessage    = 1 << 30          // bytes of one message; more is a broken or hostile peer
)

// Bits of a ZMTP frame's first byte (ZMTP 3.0, rfc.zeromq.org/spec/23).
const (
	moreFrames = 1 << iota
	longFrame
	commandFrame
)

// A peer is one connection to one of our sockets, after the handshake.
type peer struct {
	conn     net.Conn
	r        *bufio.Reader
	identity string // routing id the peer chose; "" when it chose none

	mu     sync.Mutex // one message at a time
	topics []string   // what an iopub peer subscribed to
}

// handshake greets a new connection as a socket of the given type.
func handshake(conn net.Conn, kind zmq4.SocketType) (p *peer, err error) {
	defer func() {
		// The library indexes into a peer's properties without asking whether they are that long.
		if e := recover(); e != nil {
			err = fmt.Errorf("handshake: malformed properties: %v", e)
		}
	}()
	if err := conn.SetDeadline(time.Now().Add(handshakeTime)); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	z, err := zmq4.Open(&greeter{Conn: conn}, null.Security(), kind, nil, true, nil)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	return &peer{conn: conn, r: bufio.NewReaderSize(conn, 64<<10), identity: z.Peer.Meta["Identity"]}, nil
}

// greeter refuses a handshake whose READY command claims to be longer than 255 bytes: the library would
// allocate whatever is claimed, before reading it.
type greeter struct {
	net.Conn
	n int // bytes read so far
}

func (g *greeter) Read(b []byte) (int, error) {
	const greeting = 64 // length of a ZMTP greeting; the next byte starts the READY command
	n, err := g.Conn.Read(b)
	if at := greeting - g.n; 0 <= at && at < n && b[at]&longFrame != 0 {
		return 0, errors.New("handshake: oversized READY command")
	}
	g.n += n
	return n, err
}

// read returns the next message's frames. It answers ZMTP's own commands on the way.
func (p *peer) read() ([][]byte, error) {
	var frames [][]byte
	for left := int64(maxMessage); ; {
		flags, body, err := p.readFrame(left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(body))
		switch {
		case flags&commandFrame != 0:
			frame, err := p.command(body)
			if err != nil {
				return nil, err
			}
			if frame != nil {
				return [][]byte{frame}, nil
			}
		default:
			const maxFrames = 1 << 16 // empty frames are free to send, not to hold
			if frames = append(frames, body); len(frames) > maxFrames {
				return nil, fmt.Errorf("message of more than %d frames", maxFrames)
			}
			if flags&moreFrames == 0 {
				return frames, nil
			}
		}
	}
}

func (p *peer) readFrame(limit int64) (flags byte, body []byte, err error) {
	var head [9]byte
	if _, err := io.ReadFull(p.r, head[:2]); err != nil {
		return 0, nil, err
	}
	size := uint64(head[1])
	if head[0]&longFrame != 0 {
		if _, err := io.ReadFull(p.r, head[2:]); err != nil {
			return 0, nil, err
		}
		size = binary.BigEndian.Uint64(head[1:])
	}
	if size > uint64(limit) {
		return 0, nil, fmt.Errorf("frame of %d bytes: at most %d fit in a message", size, limit)
	}
	const trusted = 1 << 20 // bytes allocated on the header's word alone
	if size <= trusted {
		body = make([]byte, size)
		_, err = io.ReadFull(p.r, body)
		return head[0], body, err
	}
	var b bytes.Buffer
	if _, err := io.CopyN(&b, p.r, int64(size)); err != nil {
		return 0, nil, err
	}
	return head[0], b.Bytes(), nil
}

// command handles a ZMTP command. SUBSCRIBE and CANCEL, which ZMTP 3.1 has, come back in the form of 3.0: a
// one-frame message that starts with 1 or 0.
func (p *peer) command(body []byte) (frame []byte, err error) {
	if len(body) == 0 || int(body[0]) >= len(body) {
		return nil, errors.New("malformed ZMTP command")
	}
	name, rest := string(body[1:1+body[0]]), body[1+body[0]:]
	switch name {
	case zmq4.CmdPing:
		const ttl = 2 // bytes before the context that a PONG returns
		if len(rest) < ttl {
			return nil, errors.New("malformed ZMTP PING")
		}
		return nil, p.send(appendFrame(nil, commandFrame, append([]byte("\x04PONG"), rest[ttl:]...)))
	case zmq4.CmdSubscribe:
		return append([]byte{1}, rest...), nil
	case zmq4.CmdCancel:
		return append([]byte{0}, rest...), nil
	}
	return nil, nil
}

// write sends one message.
func (p *peer) write(frames [][]byte) error { return p.send(appendMessage(nil, frames)) }

// send writes bytes whole, or ends the connection: half a message would make nonsense of all that follow.
func (p *peer) send(b []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.conn.SetWriteDeadline(time.Now().Add(writeTime))
	if err == nil {
		_, err = p.conn.Write(b)
	}
	if err != nil {
		p.conn.Close() // ends the reader too, which then forgets this peer
	}
	return err
}

// appendMessage appends a message's frames to b as ZMTP has them.
func appendMessage(b []byte, frames [][]byte) []byte {
	for i, f := range frames {
		var flags byte
		if i < len(frames)-1 {
			flags = moreFrames
		}
		b = appendFrame(b, flags, f)
	}
	return b
}

func appendFrame(b []byte, flags byte, body []byte) []byte {
	if len(body) > 255 {
		b = append(b, flags|longFrame)
		b = binary.BigEndian.AppendUint64(b, uint64(len(body)))
	} else {
		b = append(b, flags, byte(len(body)))
	}
	return append(b, body...)
}
