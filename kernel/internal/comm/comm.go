// Package comm joins gonbui's comms, which the widgets in cells use, with the page that shows the notebook: values go by
// addresses, both ways, over one comm of Jupyter's. It knows neither the sockets nor how cells run.
//
// The page has no way of its own to reach the kernel, so each cell that uses comms first shows a script, which opens a
// connection through the Jupyter server and then a comm with the target "gonb_comm".
package comm

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gosaddle/saddle/kernel/internal/worker"
)

//go:embed page.js
var script string

// patience is how long values wait for a page that has been given the script.
const patience = 10 * time.Second

// Target is the name of the comm that the page opens.
const Target = "gonb_comm"

// startAddress is where gonbui asks for the connection, and sends no value.
const startAddress = "#comms/start"

const noPage = "widgets are not connected, since no page answers: they need the notebook open in JupyterLab"

// Hub is the kernel's end of a notebook's comms. It is safe for concurrent use.
type Hub struct {
	kernel  string                                  // the id under which the Jupyter server knows this kernel
	deliver func(address string, value any)         // to the cells
	alone   func(message string, out worker.Output) // a cell waits for a page, and there is none

	mu      sync.Mutex
	listens bool          // the cell has asked for values
	missing bool          // there is no page for the cell
	open    []string      // ids of the comms that pages opened
	cell    worker.Output // the cell that showed the script last
	shown   string        // display id of that script; "" when it is taken away again
	scripts int
	waiting []map[string]any // for the page that runs that script
	timer   *time.Timer      // ends the wait; nil: nobody waits
}

// New returns a hub. Without a kernel id, as where no Jupyter server has started the kernel, there is no page. deliver takes a
// value to the cells; alone is told of a cell that waits for values though there is no page, and may end it; it must not block.
func New(kernel string, deliver func(address string, value any), alone func(message string, out worker.Output)) *Hub {
	return &Hub{kernel: kernel, deliver: deliver, alone: alone}
}

// FromCell takes what gonbui sends while out is the running cell's output.
func (h *Hub) FromCell(v worker.Comm, out worker.Output) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cell != out {
		h.cell, h.listens, h.missing = out, false, false
		h.install()
	}
	h.listens = h.listens || v.Subscribe || v.Request
	if h.missing && (v.Subscribe || v.Request) {
		h.alone(noPage, out)
	}
	if v.Subscribe || v.Address == startAddress {
		return // the connection is all that these need
	}
	data := map[string]any{"address": v.Address, "value": v.Value}
	if v.Request {
		data = map[string]any{"address": v.Address, "read_request": true}
	}
	if h.timer != nil {
		h.waiting = append(h.waiting, data)
		return
	}
	h.send(data)
}

// install shows the script in the running cell. The page may have been loaded anew since the last cell, which nobody tells.
func (h *Hub) install() {
	if h.kernel == "" {
		h.cell.Stream("stderr", noPage+"\n")
		h.missing = true
		return
	}
	id, err := json.Marshal(h.kernel)
	if err != nil {
		return
	}
	h.scripts++
	h.shown = fmt.Sprintf("saddle-comm-%d", h.scripts)
	h.cell.Display(worker.Display{ID: h.shown, Data: map[string]any{
		"text/html": "<script>" + strings.Replace(script, "KERNEL", string(id), 1) + "</script>"}})
	if h.timer != nil {
		h.timer.Stop()
	}
	cell := h.cell
	h.timer = time.AfterFunc(patience, func() { h.giveUp(cell) })
}

// giveUp says that no page has answered to the script that a cell showed.
func (h *Hub) giveUp(cell worker.Output) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.timer == nil || h.cell != cell {
		return
	}
	h.timer, h.missing = nil, true
	h.cell.Stream("stderr", noPage+"\n")
	if h.listens {
		h.alone(noPage, h.cell)
	}
	h.connected()
}

// connected sends what waits and takes the script away, so that it is not saved with the notebook; h.mu is held.
func (h *Hub) connected() {
	if h.timer != nil {
		h.timer.Stop()
		h.timer = nil
	}
	if h.shown != "" {
		h.cell.Display(worker.Display{ID: h.shown, Update: true, Data: map[string]any{"text/html": ""}})
		h.shown = ""
	}
	for _, data := range h.waiting {
		h.send(data)
	}
	h.waiting = nil
}

// send sends to all pages; h.mu is held.
func (h *Hub) send(data map[string]any) {
	for _, id := range h.open {
		h.cell.Comm("comm_msg", map[string]any{"comm_id": id, "data": data})
	}
}

// FromPage takes a comm_open, comm_msg or comm_close. It reports whether the comm is one of gonbui's.
func (h *Hub) FromPage(msgType string, content map[string]any) bool {
	id, _ := content["comm_id"].(string)
	h.mu.Lock()
	defer h.mu.Unlock()
	known := -1
	for i, o := range h.open {
		if o == id {
			known = i
		}
	}
	switch msgType {
	case "comm_open":
		if content["target_name"] != Target || id == "" {
			return false
		}
		if known < 0 {
			h.open = append(h.open, id)
		}
		if h.cell != nil {
			h.connected()
		}
	case "comm_msg":
		data, _ := content["data"].(map[string]any)
		address, ok := data["address"].(string)
		if known < 0 || !ok {
			return known >= 0
		}
		h.deliver(address, data["value"])
	case "comm_close":
		if known < 0 {
			return false
		}
		h.open = append(h.open[:known], h.open[known+1:]...)
	}
	return true
}
