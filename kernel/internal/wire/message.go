package wire

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"time"
)

// ProtocolVersion is the version of Jupyter's messaging protocol spoken here.
const ProtocolVersion = "5.4"

// Header is a message's header.
type Header struct {
	MsgID    string `json:"msg_id"`
	Session  string `json:"session"`
	Username string `json:"username"`
	Date     string `json:"date"`
	MsgType  string `json:"msg_type"`
	Version  string `json:"version"`
}

// Message is one Jupyter message.
type Message struct {
	Route    [][]byte // frames before the delimiter: routing for a ROUTER, the topic for iopub
	Header   Header
	Parent   Header
	Metadata map[string]any
	Content  json.RawMessage
	Buffers  [][]byte

	// A reply's parent_header is the request's header byte for byte, so that fields this package does not
	// know (subshell_id, say) come back to the front end.
	rawHeader json.RawMessage
	rawParent json.RawMessage

	Channel Channel // where it came in
	peer    *peer   // who sent it
}

// As returns a copy of m, for use as a parent, whose header names another message type.
func (m *Message) As(msgType string) *Message {
	c := *m
	c.Header.MsgType = msgType
	var fields map[string]json.RawMessage
	if json.Unmarshal(m.rawHeader, &fields) == nil {
		fields["msg_type"], _ = json.Marshal(msgType) // a string can always be encoded
		if raw, err := json.Marshal(fields); err == nil {
			c.rawHeader = raw
		}
	}
	return &c
}

// ErrSignature is a message whose signature is not the key's.
var ErrSignature = errors.New("wrong signature")

// delimiter stands between the routing frames and the message.
var delimiter = []byte("<IDS|MSG>")

// A Codec turns messages into frames and back, and signs them.
type Codec struct {
	key      []byte
	hash     func() hash.Hash
	session  string
	username string
}

// NewCodec returns the codec of a connection.
func NewCodec(c Connection) (*Codec, error) {
	hashes := map[string]func() hash.Hash{"": sha256.New, "hmac-sha256": sha256.New, "hmac-sha384": sha512.New384, "hmac-sha512": sha512.New}
	h, ok := hashes[c.SignatureScheme]
	if !ok && c.Key != "" {
		return nil, fmt.Errorf("signature scheme %q: saddle knows hmac-sha256, hmac-sha384 and hmac-sha512", c.SignatureScheme)
	}
	return &Codec{key: []byte(c.Key), hash: h, session: newID(), username: "saddle"}, nil
}

// Session is this end's session id, in the header of all it sends.
func (c *Codec) Session() string { return c.session }

// New makes a message of this session. parent may be nil; content must be what encoding/json can encode.
func (c *Codec) New(msgType string, parent *Message, content any) (*Message, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", msgType, err)
	}
	m := &Message{Content: text, Header: Header{
		MsgID: newID(), Session: c.session, Username: c.username, MsgType: msgType, Version: ProtocolVersion,
		Date: time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"),
	}}
	if parent != nil {
		m.Parent, m.rawParent = parent.Header, parent.rawHeader
	}
	return m, nil
}

// Encode returns the message's frames, signed.
func (c *Codec) Encode(m *Message) ([][]byte, error) {
	header, err := json.Marshal(m.Header)
	if err != nil {
		return nil, fmt.Errorf("encode the header of %s: %w", m.Header.MsgType, err)
	}
	m.rawHeader = header
	parent := []byte(m.rawParent)
	switch {
	case parent != nil:
	case m.Parent == Header{}:
		parent = []byte("{}")
	default:
		if parent, err = json.Marshal(m.Parent); err != nil {
			return nil, fmt.Errorf("encode the parent header of %s: %w", m.Header.MsgType, err)
		}
	}
	metadata := []byte("{}")
	if m.Metadata != nil {
		if metadata, err = json.Marshal(m.Metadata); err != nil {
			return nil, fmt.Errorf("encode the metadata of %s: %w", m.Header.MsgType, err)
		}
	}
	frames := append([][]byte{}, m.Route...)
	frames = append(frames, delimiter, c.sign(header, parent, metadata, m.Content), header, parent, metadata, m.Content)
	return append(frames, m.Buffers...), nil
}

// Decode checks the signature, then reads the message. Its frames may come from anyone.
func (c *Codec) Decode(frames [][]byte) (*Message, error) {
	at := 0
	for at < len(frames) && !bytes.Equal(frames[at], delimiter) {
		at++
	}
	const parts = 5 // signature, header, parent header, metadata, content
	if len(frames) < at+1+parts {
		return nil, fmt.Errorf("message of %d frames: no delimiter with %d frames after it", len(frames), parts)
	}
	m := &Message{Route: frames[:at]}
	signature, body := frames[at+1], frames[at+2:at+1+parts]
	if len(c.key) > 0 && !hmac.Equal(signature, c.sign(body...)) {
		return nil, ErrSignature
	}
	m.rawHeader, m.Content, m.Buffers = body[0], body[3], frames[at+1+parts:]
	if err := json.Unmarshal(body[0], &m.Header); err != nil {
		return nil, fmt.Errorf("message header: %w", err)
	}
	if m.Header.MsgType == "" {
		return nil, errors.New("message header: no msg_type")
	}
	if err := json.Unmarshal(body[1], &m.Parent); err != nil {
		return nil, fmt.Errorf("parent header of %s: %w", m.Header.MsgType, err)
	}
	if err := json.Unmarshal(body[2], &m.Metadata); err != nil {
		return nil, fmt.Errorf("metadata of %s: %w", m.Header.MsgType, err)
	}
	if !json.Valid(m.Content) {
		return nil, fmt.Errorf("content of %s: not JSON", m.Header.MsgType)
	}
	return m, nil
}

// sign returns the signature of a message's parts in hex; empty when there is no key.
func (c *Codec) sign(parts ...[]byte) []byte {
	if len(c.key) == 0 {
		return []byte{}
	}
	mac := hmac.New(c.hash, c.key)
	for _, p := range parts {
		mac.Write(p)
	}
	return hex.AppendEncode(nil, mac.Sum(nil))
}

// NewKey returns a random key for the signatures of one kernel.
func NewKey() string { return newID() }

// newID returns a random identifier.
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}
