// Package wire carries Jupyter messages over ZeroMQ: the connection file, the five sockets, signatures and
// the message's frames. It knows nothing of what a message means; package server does.
//
// The ZeroMQ handshake is go-zeromq's. The sockets above it are our own, small ones, because go-zeromq's
// hide the subscriptions of a publisher (so there could be no iopub_welcome), shake hands with one peer at a
// time (so a silent peer locks the others out), and allocate what a frame's header claims (so eight bytes
// from a stranger end the process).
package wire
