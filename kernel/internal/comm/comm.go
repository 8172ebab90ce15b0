// Package comm joins gonbui's comms, which the widgets in cells use, with the page that shows the notebook: values go by
// addresses, both ways, over one comm of Jupyter's. It knows neither the sockets nor how cells run.
//
// The page has no way of its own to reach the kernel, so each cell that uses comms, or package dom, first shows a script, which
// opens a connection through the Jupyter server and then a comm with the target "gonb_comm".
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

// scriptPatience is how long a cell waits for the page to run a script of its own: a page runs none of a cell that is
// scrolled out of its view.
const scriptPatience = 5 * time.Second

// Target is the name of the comm that the page opens.
const Target = "gonb_comm"

// startAddress is where gonbui asks for the connection, and sends no value.
const startAddress = "#comms/start"

// ranAddress is where the page says which script of a cell has run.
const ranAddress = "#saddle/ran"

// ran follows a script of a cell's. The connection may still be on its way, and a page has one for all of its notebooks.
const ran = `<script>((kernel, script) => {
  let tries = 0;
  const tell = () => globalThis.gonb_comm?.kernel === kernel
    ? globalThis.gonb_comm.send("` + ranAddress + `", script)
    : tries++ < 100 && setTimeout(tell, 50);
  tell();
})(%s, %d)</script>`

const noPage = "widgets are not connected, since no page answers: they need the notebook open in JupyterLab"

// Hub is the kernel's end of a notebook's comms. It is safe for concurrent use.
type Hub struct {
	kernel  string                                  // the id under which the Jupyter server knows this kernel
	deliver func(address string, value any)         // to the cells
	alone   func(message string, out worker.Output) // a cell waits for a page, and there is none

	mu       sync.Mutex
	values   bool          // the cell has sent values or asked for some
	listens  bool          // the cell has asked for values
	missing  bool          // there is no page for the cell
	open     []string      // ids of the comms that pages opened
	cell     worker.Output // the cell that showed the script last
	shown    string        // display id of that script; "" when it is taken away again
	installs int
	waiting  []map[string]any // for the page that runs that script
	timer    *time.Timer      // ends the wait; nil: nobody waits

	deaf    bool        // the page has not run a script of a cell's in time; it may have been closed
	scripts int         // counts the cells' own
	running *time.Timer // ends the wait for the last of them; nil: the page has run it
	queue   []step      // what waits until then
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
	h.enter(out)
	if h.missing && !h.values {
		out.Stream("stderr", noPage+"\n")
	}
	h.values = true
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

// Script takes what a cell shows in the place for its scripts: a script, or nothing, which erases the last. A page that is slow
// has not got to a script yet when the next one takes its place: so this one waits until the page says that it has run it.
func (h *Hub) Script(d worker.Display, out worker.Output) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.enter(out)
	h.queue = append(h.queue, step{show: &d})
	h.advance()
}

// Sync calls done, from any goroutine, when the page has run the cell's scripts. Where no page answers, that is at once, or late.
func (h *Hub) Sync(done func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.queue = append(h.queue, step{done: done})
	h.advance()
}

// Interrupt waits for no script any more.
func (h *Hub) Interrupt() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.flush()
}

// step is what waits for the page to have run a script: something for the cell to show, or somebody to tell.
type step struct {
	show *worker.Display
	done func()
}

// advance takes steps up to a script that the page is to run; h.mu is held.
func (h *Hub) advance() {
	for len(h.queue) > 0 && h.running == nil {
		next := h.queue[0]
		h.queue = h.queue[1:]
		if next.done != nil {
			next.done()
			continue
		}
		html, _ := next.show.Data["text/html"].(string)
		if html != "" && !h.missing && !h.deaf {
			h.scripts++
			number := h.scripts
			next.show.Data["text/html"] = html + fmt.Sprintf(ran, h.id(), number)
			h.running = time.AfterFunc(scriptPatience, func() {
				h.mu.Lock()
				defer h.mu.Unlock()
				if h.scripts == number && h.running != nil {
					h.deaf = true
					h.ranLast()
				}
			})
		}
		h.cell.Display(*next.show)
	}
}

// ranLast goes on after the script that was shown last; h.mu is held.
func (h *Hub) ranLast() {
	if h.running != nil {
		h.running.Stop()
		h.running = nil
	}
	h.advance()
}

// flush takes all steps; h.mu is held.
func (h *Hub) flush() {
	for len(h.queue) > 0 || h.running != nil {
		h.ranLast()
	}
}

// id is the kernel's id as a script has it.
func (h *Hub) id() string {
	text, _ := json.Marshal(h.kernel) // strings always can be
	return string(text)
}

// enter notes which cell runs, and shows it the script that connects the page. The page may have been loaded anew since the
// last cell, which nobody tells. h.mu is held.
func (h *Hub) enter(out worker.Output) {
	if h.cell == out {
		return
	}
	h.flush()
	h.erase()
	h.cell, h.values, h.listens, h.missing = out, false, false, h.kernel == ""
	if h.missing {
		return
	}
	h.installs++
	h.shown = fmt.Sprintf("saddle-comm-%d", h.installs)
	h.cell.Display(worker.Display{ID: h.shown, Data: map[string]any{
		"text/html": "<script>" + strings.Replace(script, "KERNEL", h.id(), 1) + "</script>"}})
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
	if h.values {
		h.cell.Stream("stderr", noPage+"\n")
	}
	if h.listens {
		h.alone(noPage, h.cell)
	}
	h.connected()
}

// connected sends what waits and takes the script away; h.mu is held.
func (h *Hub) connected() {
	if h.timer != nil {
		h.timer.Stop()
		h.timer = nil
	}
	h.erase()
	for _, data := range h.waiting {
		h.send(data)
	}
	h.waiting = nil
}

// erase takes the script away, so that it is not saved with the notebook; h.mu is held.
func (h *Hub) erase() {
	if h.shown != "" {
		h.cell.Display(worker.Display{ID: h.shown, Update: true, Data: map[string]any{"text/html": ""}})
		h.shown = ""
	}
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
		h.deaf = false
		if h.cell != nil {
			h.connected()
		}
	case "comm_msg":
		data, _ := content["data"].(map[string]any)
		address, ok := data["address"].(string)
		if known < 0 || !ok {
			return known >= 0
		}
		if address == ranAddress {
			if n, _ := data["value"].(float64); int(n) == h.scripts {
				h.ranLast()
			}
			return true
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
