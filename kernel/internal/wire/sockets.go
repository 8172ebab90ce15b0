package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"
)

// Channel is one of a kernel's five sockets.
type Channel int

// The channels of the Jupyter protocol.
const (
	Shell     Channel = iota // requests
	Control                  // requests that must not wait: interrupt, shutdown
	Stdin                    // the kernel asks, the front end answers
	IOPub                    // what all front ends see
	Heartbeat                // echo
)

// String is the channel's name.
func (c Channel) String() string {
	return [...]string{Shell: "shell", Control: "control", Stdin: "stdin", IOPub: "iopub", Heartbeat: "heartbeat"}[c]
}

// socketType is the ZeroMQ type of the kernel's end of a channel.
func (c Channel) socketType() zmq4.SocketType {
	return [...]zmq4.SocketType{Shell: zmq4.Router, Control: zmq4.Router, Stdin: zmq4.Router, IOPub: zmq4.XPub, Heartbeat: zmq4.Rep}[c]
}

// Sockets are the five sockets of a running kernel. All methods are safe for concurrent use.
type Sockets struct {
	codec   *Codec
	receive func(*Message)
	log     *slog.Logger

	listeners []net.Listener
	running   sync.WaitGroup

	mu     sync.Mutex
	closed bool
	peers  map[Channel]map[*peer]bool

	publishing sync.Mutex // gives iopub its order: the same for every front end

	listened chan struct{} // closed when somebody has subscribed to iopub
	first    sync.Once     // closes listened
	patience sync.Once     // a request waits for that once
}

// forListener is how long the first request waits for a subscription, see [Sockets.awaitListener].
const forListener = time.Second

// Listen opens the sockets of a connection. receive gets every well-formed, rightly signed message of the
// shell, control and stdin channels; messages of one peer arrive in order, peers are concurrent. It must not
// block. Others are dropped and logged.
func Listen(c Connection, log *slog.Logger, receive func(*Message)) (*Sockets, error) {
	codec, err := NewCodec(c)
	if err != nil {
		return nil, err
	}
	s := &Sockets{codec: codec, receive: receive, log: log, peers: map[Channel]map[*peer]bool{}, listened: make(chan struct{})}
	for ch := Shell; ch <= Heartbeat; ch++ {
		l, err := c.listen(ch)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.listeners = append(s.listeners, l)
		s.peers[ch] = map[*peer]bool{}
	}
	for i, l := range s.listeners {
		s.running.Go(func() { s.accept(Channel(i), l) })
	}
	return s, nil
}

// Close ends all connections, after what was sent has left.
func (s *Sockets) Close() {
	s.mu.Lock()
	s.closed = true
	for _, l := range s.listeners {
		l.Close()
	}
	for _, peers := range s.peers {
		for p := range peers {
			p.conn.Close()
		}
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Session is the kernel's session id.
func (s *Sockets) Session() string { return s.codec.Session() }

// accept serves the peers of one channel until the listener closes.
func (s *Sockets) accept(ch Channel, l net.Listener) {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of file descriptors, say: pass, but do not spin
			s.log.Error("accept", "channel", ch, "err", err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		s.running.Go(func() { s.serve(ch, conn) })
	}
}

// serve reads one peer until it goes.
func (s *Sockets) serve(ch Channel, conn net.Conn) {
	defer conn.Close()
	p, err := handshake(conn, ch.socketType())
	if err != nil {
		s.log.Warn("dropped a connection", "channel", ch, "err", err)
		return
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.peers[ch][p] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.peers[ch], p)
		s.mu.Unlock()
	}()
	for {
		frames, err := p.read()
		if err == nil {
			err = s.handle(ch, p, frames)
		}
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				s.log.Warn("a connection ended", "channel", ch, "err", err)
			}
			return
		}
	}
}

// handle takes one message of a peer. An error ends the connection.
func (s *Sockets) handle(ch Channel, p *peer, frames [][]byte) error {
	switch ch {
	case Heartbeat:
		return p.write(frames)
	case IOPub:
		return s.subscribe(p, frames)
	}
	m, err := s.codec.Decode(frames)
	if err != nil {
		s.log.Warn("dropped a message", "channel", ch, "err", err)
		return nil
	}
	m.Channel, m.peer = ch, p
	if ch == Shell {
		s.patience.Do(s.awaitListener)
	}
	s.receive(m)
	return nil
}

// awaitListener keeps the first request until somebody listens on iopub. A front end connects the sockets one after
// the other and may well ask before its subscription has arrived; what is published until then would be lost
// to it, such as the end of its cell.
func (s *Sockets) awaitListener() {
	timer := time.NewTimer(forListener)
	defer timer.Stop()
	select {
	case <-s.listened:
	case <-timer.C:
	}
}

// subscribe handles what a SUB peer says: 1 and a topic subscribes, 0 and a topic ends that. A subscriber is
// greeted with iopub_welcome, so that it knows from when on it misses nothing (Jupyter enhancement 65).
func (s *Sockets) subscribe(p *peer, frames [][]byte) error {
	if len(frames) != 1 || len(frames[0]) == 0 || frames[0][0] > 1 {
		return nil // a message from a subscriber has no meaning here
	}
	topic := string(frames[0][1:])
	s.publishing.Lock() // the welcome comes before all else
	defer s.publishing.Unlock()
	if frames[0][0] == 0 {
		for i, t := range p.topics {
			if t == topic {
				p.topics = append(p.topics[:i], p.topics[i+1:]...)
				break
			}
		}
		return nil
	}
	const maxTopics = 100
	if len(p.topics) >= maxTopics {
		return fmt.Errorf("more than %d subscriptions", maxTopics)
	}
	welcome, err := s.codec.New("iopub_welcome", nil, map[string]any{"subscription": topic})
	if err != nil {
		return err
	}
	welcome.Route = [][]byte{[]byte(topic)}
	encoded, err := s.codec.Encode(welcome)
	if err != nil {
		return err
	}
	p.topics = append(p.topics, topic)
	s.first.Do(func() { close(s.listened) })
	return p.write(encoded)
}

// A Publication is one message for iopub.
type Publication struct {
	Parent   *Message // the request that caused it; nil for none
	MsgType  string
	Content  any
	Metadata map[string]any
}

// Publish sends messages to all who listen on iopub: in this order, with none of another call between them.
func (s *Sockets) Publish(publications ...Publication) error {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	for _, pub := range publications {
		m, err := s.codec.New(pub.MsgType, pub.Parent, pub.Content)
		if err != nil {
			return err
		}
		topic := "kernel." + s.codec.session + "." + pub.MsgType
		m.Route, m.Metadata = [][]byte{[]byte(topic)}, pub.Metadata
		frames, err := s.codec.Encode(m)
		if err != nil {
			return err
		}
		encoded := appendMessage(nil, frames)
		for _, p := range s.find(IOPub, func(p *peer) bool { return subscribed(p.topics, topic) }) {
			if err := p.send(encoded); err != nil {
				s.log.Warn("lost an iopub listener", "err", err)
			}
		}
	}
	return nil
}

func subscribed(topics []string, topic string) bool {
	for _, t := range topics {
		if strings.HasPrefix(topic, t) {
			return true
		}
	}
	return false
}

// find returns the peers of a channel that pass.
func (s *Sockets) find(ch Channel, pass func(*peer) bool) []*peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*peer
	for p := range s.peers[ch] {
		if pass(p) {
			found = append(found, p)
		}
	}
	return found
}

// Reply answers a request to whom it came from, on the channel it came by.
func (s *Sockets) Reply(request *Message, msgType string, content any) error {
	m, err := s.codec.New(msgType, request, content)
	if err != nil {
		return err
	}
	m.Route = request.Route
	return s.sendTo(request.peer, m)
}

// ErrNoStdin means that the front end which sent a request has no stdin channel.
var ErrNoStdin = errors.New("the front end has no stdin channel")

// stdinPatience is how long a front end that says it has a stdin channel may take to connect it.
const stdinPatience = 10 * time.Second

// Ask sends a question to the stdin channel of the front end that sent request, and returns the question's
// message id. The answer comes in through receive. The end of ctx ends the wait for that channel.
func (s *Sockets) Ask(ctx context.Context, request *Message, msgType string, content any) (id string, err error) {
	// A front end gives its sockets one identity: that is how its stdin is found from its shell.
	mine := func(p *peer) bool { return p.identity == request.peer.identity && p.identity != "" }
	peers := s.find(Stdin, mine)
	// Its sockets connect one by one, and on a busy machine a cell can be here before the stdin channel is.
	for deadline := time.Now().Add(stdinPatience); len(peers) == 0 && time.Now().Before(deadline); peers = s.find(Stdin, mine) {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		time.Sleep(10 * time.Millisecond)
	}
	if len(peers) == 0 {
		return "", ErrNoStdin
	}
	m, err := s.codec.New(msgType, request, content)
	if err != nil {
		return "", err
	}
	return m.Header.MsgID, s.sendTo(peers[0], m)
}

func (s *Sockets) sendTo(p *peer, m *Message) error {
	frames, err := s.codec.Encode(m)
	if err != nil {
		return err
	}
	if err := p.write(frames); err != nil {
		return fmt.Errorf("send %s: %w", m.Header.MsgType, err)
	}
	return nil
}
