package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
)

// Connection is the content of a connection file: where the kernel listens, and the key that signs messages.
type Connection struct {
	Transport       string `json:"transport"` // "tcp" or "ipc"
	IP              string `json:"ip"`        // address of the interface; for ipc the start of the sockets' paths
	ShellPort       int    `json:"shell_port"`
	IOPubPort       int    `json:"iopub_port"`
	StdinPort       int    `json:"stdin_port"`
	ControlPort     int    `json:"control_port"`
	HeartbeatPort   int    `json:"hb_port"`
	SignatureScheme string `json:"signature_scheme"` // "hmac-sha256"
	Key             string `json:"key"`              // "" turns signatures off
	KernelName      string `json:"kernel_name,omitempty"`
}

// ReadConnection reads the connection file that Jupyter wrote for this kernel.
func ReadConnection(path string) (Connection, error) {
	var c Connection
	text, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("connection file: %w", err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("connection file %s: %w", path, err)
	}
	if c.IP == "" {
		return c, fmt.Errorf("connection file %s: no ip: it must name the address to listen on", path)
	}
	return c, nil
}

// NewConnection returns a connection on free ports of 127.0.0.1, for whoever starts a kernel. Another
// process may take a port before the kernel does; the kernel then fails to start and says so.
func NewConnection(key string) (Connection, error) {
	c := Connection{Transport: "tcp", IP: "127.0.0.1", SignatureScheme: "hmac-sha256", Key: key, KernelName: "saddle"}
	var errs []error
	for _, port := range []*int{&c.ShellPort, &c.IOPubPort, &c.StdinPort, &c.ControlPort, &c.HeartbeatPort} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return c, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { errs = append(errs, l.Close()) }() // held until all are found, so that they differ
		*port = l.Addr().(*net.TCPAddr).Port
	}
	return c, errors.Join(errs...)
}

// Port is the port of a channel.
func (c Connection) Port(ch Channel) int {
	return [...]int{Shell: c.ShellPort, Control: c.ControlPort, Stdin: c.StdinPort, IOPub: c.IOPubPort, Heartbeat: c.HeartbeatPort}[ch]
}

// Endpoint is the ZeroMQ address of a channel, such as tcp://127.0.0.1:5555.
func (c Connection) Endpoint(ch Channel) string {
	network, address := c.address(ch)
	if network == "unix" {
		network = "ipc"
	}
	return network + "://" + address
}

// address is what net.Listen and net.Dial take for a channel.
func (c Connection) address(ch Channel) (network, address string) {
	if c.Transport == "ipc" {
		return "unix", c.IP + "-" + strconv.Itoa(c.Port(ch))
	}
	return "tcp", net.JoinHostPort(c.IP, strconv.Itoa(c.Port(ch)))
}

// listen opens a channel's listener: on the connection's address, nothing else.
func (c Connection) listen(ch Channel) (net.Listener, error) {
	if c.Transport != "tcp" && c.Transport != "ipc" && c.Transport != "" {
		return nil, fmt.Errorf("listen: transport %q: saddle knows tcp and ipc", c.Transport)
	}
	l, err := net.Listen(c.address(ch))
	if err != nil {
		return nil, fmt.Errorf("open the %s socket: %w", ch, err)
	}
	return l, nil
}
