package wire_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"

	"github.com/gosaddle/saddle/kernel/internal/wire"
)

func codec(t testing.TB, key string) *wire.Codec {
	t.Helper()
	c, err := wire.NewCodec(wire.Connection{Key: key, SignatureScheme: "hmac-sha256"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func encode(t testing.TB, c *wire.Codec, m *wire.Message) [][]byte {
	t.Helper()
	frames, err := c.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return frames
}

func request(t testing.TB, c *wire.Codec) *wire.Message {
	t.Helper()
	m, err := c.New("execute_request", nil, map[string]any{"code": "x := \"größe\""})
	if err != nil {
		t.Fatal(err)
	}
	m.Route = [][]byte{[]byte("peer")}
	m.Buffers = [][]byte{{0, 1}, {}}
	return m
}

func TestRoundTrip(t *testing.T) {
	for _, key := range []string{"", "secret"} {
		c := codec(t, key)
		m := request(t, c)
		got, err := c.Decode(encode(t, c, m))
		if err != nil {
			t.Fatal(err)
		}
		if got.Header != m.Header || !bytes.Equal(got.Content, m.Content) || len(got.Buffers) != 2 || string(got.Route[0]) != "peer" {
			t.Errorf("key %q: sent %+v, got %+v", key, m, got)
		}
	}
}

// TestParentVerbatim: what a front end put into its header comes back in the reply, known or not.
func TestParentVerbatim(t *testing.T) {
	c := codec(t, "")
	frames := encode(t, c, request(t, c))
	at := len(frames) - 6 // header, parent header, metadata, content, two buffers
	frames[at] = []byte(strings.Replace(string(frames[at]), "{", `{"subshell_id":"s1", `, 1))
	m, err := c.Decode(frames)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := c.New("execute_reply", m, map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	if got := encode(t, c, reply)[3]; !bytes.Equal(got, frames[at]) {
		t.Errorf("parent header %s, want %s", got, frames[at])
	}
}

// TestSignature: every change of a signed byte is found.
func TestSignature(t *testing.T) {
	c := codec(t, "secret")
	m := request(t, c)
	m.Buffers = nil // are not signed
	for part := 2; part < 7; part++ {
		frames := encode(t, c, m)
		frames[part] = bytes.Clone(frames[part])
		frames[part][0] ^= 1
		if _, err := c.Decode(frames); !errors.Is(err, wire.ErrSignature) {
			t.Errorf("with a bit of frame %d turned: %v", part, err)
		}
	}
	if _, err := codec(t, "other").Decode(encode(t, c, m)); !errors.Is(err, wire.ErrSignature) {
		t.Errorf("another key: %v", err)
	}
}

func TestUnknownScheme(t *testing.T) {
	if _, err := wire.NewCodec(wire.Connection{Key: "k", SignatureScheme: "hmac-md4"}); err == nil {
		t.Error("accepted")
	}
}

func FuzzDecode(f *testing.F) {
	c := codec(f, "")
	whole := bytes.Join(encode(f, c, request(f, c)), []byte("\n"))
	f.Add(whole)
	f.Add([]byte("<IDS|MSG>\n\n{}\n{}\n{}\n{}"))
	f.Add([]byte("<IDS|MSG>\n\nnull\nnull\nnull\nnull"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := c.Decode(bytes.Split(data, []byte("\n")))
		if err != nil {
			return
		}
		if m.Header.MsgType == "" {
			t.Error("a message without a type passed")
		}
		again, err := c.Decode(encode(t, c, m))
		if err != nil {
			t.Fatalf("what was decoded does not survive another turn: %v", err)
		}
		if !bytes.Equal(again.Content, m.Content) {
			t.Errorf("content %q became %q", m.Content, again.Content)
		}
	})
}

// listen opens sockets that echo each request's content back.
func listen(t *testing.T) (wire.Connection, *wire.Sockets) {
	t.Helper()
	connection, err := wire.NewConnection("secret")
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	var s *wire.Sockets
	s, err = wire.Listen(connection, slog.New(slog.NewTextHandler(io.Discard, nil)), func(m *wire.Message) {
		<-ready
		if err := s.Reply(m, "echo_reply", m.Content); err != nil {
			t.Error(err)
		}
	})
	close(ready)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return connection, s
}

// ask sends a request over a new connection and returns its answer.
func ask(t *testing.T, connection wire.Connection) *wire.Message {
	t.Helper()
	socket := zmq4.NewDealer(t.Context())
	defer socket.Close()
	if err := socket.Dial(connection.Endpoint(wire.Shell)); err != nil {
		t.Fatal(err)
	}
	c, err := wire.NewCodec(connection)
	if err != nil {
		t.Fatal(err)
	}
	if err := socket.SendMulti(zmq4.NewMsgFrom(encode(t, c, request(t, c))...)); err != nil {
		t.Fatal(err)
	}
	msg, err := socket.Recv()
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Decode(msg.Frames)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAddress(t *testing.T) {
	connection, _ := listen(t)
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		ip, ok := a.(*net.IPNet)
		if !ok || ip.IP.IsLoopback() {
			continue
		}
		elsewhere := connection
		elsewhere.IP = ip.IP.String()
		address := strings.TrimPrefix(elsewhere.Endpoint(wire.Shell), "tcp://")
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			t.Errorf("listens on %s too", address)
		}
	}
}

func TestPortTaken(t *testing.T) {
	connection, _ := listen(t)
	if _, err := wire.Listen(connection, slog.Default(), nil); err == nil || !strings.Contains(err.Error(), "shell") {
		t.Errorf("a second kernel on the same ports: %v", err)
	}
}

// TestStrangers: peers that are silent, break off, or send what is no ZMTP harm nobody else.
func TestStrangers(t *testing.T) {
	connection, _ := listen(t)
	address := strings.TrimPrefix(connection.Endpoint(wire.Shell), "tcp://")
	greeting := "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL" + strings.Repeat("\x00", 48)
	ready := "\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"
	ready = ready[:1] + string(rune(len(ready)-2)) + ready[2:]
	huge := "\x7f\xff\xff\xff\xff\xff\xff\xff"
	for name, bytes := range map[string]string{
		"silent":            "",
		"http":              "GET / HTTP/1.1\r\n\r\n" + strings.Repeat("x", 100),
		"huge handshake":    greeting + "\x06" + huge,
		"bad properties":    greeting + "\x04\x08\x05READY\xff\x00",
		"huge frame":        greeting + ready + "\x02" + huge,
		"huge command":      greeting + ready + "\x06" + huge,
		"large claim":       greeting + ready + "\x02\x00\x00\x00\x00\x3f\xff\xff\xff",
		"malformed command": greeting + ready + "\x04\x01\x09",
		"ping":              greeting + ready + "\x04\x07\x04PING\x00\x01",
	} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, bytes); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := ask(t, connection); got.Header.MsgType != "echo_reply" {
			t.Errorf("after %s: %s", name, got.Header.MsgType)
		}
	}
}

func TestHeartbeat(t *testing.T) {
	connection, _ := listen(t)
	socket := zmq4.NewReq(t.Context())
	defer socket.Close()
	if err := socket.Dial(connection.Endpoint(wire.Heartbeat)); err != nil {
		t.Fatal(err)
	}
	for _, beat := range []string{"ping", strings.Repeat("long", 1000)} {
		if err := socket.Send(zmq4.NewMsgString(beat)); err != nil {
			t.Fatal(err)
		}
		if got, err := socket.Recv(); err != nil || string(got.Bytes()) != beat {
			t.Errorf("heartbeat %.10q: %.10q, %v", beat, got.Bytes(), err)
		}
	}
}

// TestWelcome: two listeners, each greeted before anything else, each with its own subscription.
func TestWelcome(t *testing.T) {
	connection, s := listen(t)
	c, err := wire.NewCodec(connection)
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range []string{"", "kernel"} {
		socket := zmq4.NewSub(t.Context())
		defer socket.Close()
		if err := socket.Dial(connection.Endpoint(wire.IOPub)); err != nil {
			t.Fatal(err)
		}
		if err := socket.SetOption(zmq4.OptionSubscribe, topic); err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"iopub_welcome", "status"} {
			msg, err := socket.Recv()
			if err != nil {
				t.Fatal(err)
			}
			m, err := c.Decode(msg.Frames)
			if err != nil {
				t.Fatal(err)
			}
			if m.Header.MsgType != want {
				t.Errorf("topic %q, message %d: %s", topic, i, m.Header.MsgType)
			}
			if i == 0 {
				if got := string(m.Content); got != `{"subscription":"`+topic+`"}` {
					t.Errorf("topic %q: welcome %s", topic, got)
				}
				if err := s.Publish(wire.Publication{MsgType: "status", Content: map[string]string{"execution_state": "idle"}}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestFirstRequestIsHeard: a client that asks before it has subscribed hears what its request causes all the same.
func TestFirstRequestIsHeard(t *testing.T) {
	connection, s := listen(t)
	c, err := wire.NewCodec(connection)
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		ask(t, connection)
		if err := s.Publish(wire.Publication{MsgType: "status", Content: map[string]string{"execution_state": "idle"}}); err != nil {
			t.Error(err)
		}
	}()
	socket := zmq4.NewSub(t.Context())
	defer socket.Close()
	if err := socket.Dial(connection.Endpoint(wire.IOPub)); err != nil {
		t.Fatal(err)
	}
	select { // the request is on its way and must not be answered yet
	case <-answered:
		t.Error("answered before anybody listened")
	case <-time.After(50 * time.Millisecond):
	}
	if err := socket.SetOption(zmq4.OptionSubscribe, ""); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"iopub_welcome", "status"} {
		msg, err := socket.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if m, err := c.Decode(msg.Frames); err != nil || m.Header.MsgType != want {
			t.Errorf("%v, %v; want %s", m, err, want)
		}
	}
}

func TestIPC(t *testing.T) {
	connection := wire.Connection{Transport: "ipc", IP: filepath.Join(t.TempDir(), "k"), ShellPort: 1, IOPubPort: 2, StdinPort: 3, ControlPort: 4, HeartbeatPort: 5}
	var s *wire.Sockets
	ready := make(chan struct{})
	s, err := wire.Listen(connection, slog.Default(), func(m *wire.Message) {
		<-ready
		if err := s.Reply(m, "echo_reply", m.Content); err != nil {
			t.Error(err)
		}
	})
	close(ready)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := ask(t, connection); got.Header.MsgType != "echo_reply" {
		t.Errorf("got %s", got.Header.MsgType)
	}
}
