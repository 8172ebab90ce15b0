package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gosaddle/saddle/kernel/internal/jupytertest"
	"github.com/gosaddle/saddle/kernel/internal/wire"
)

// asServer starts the kernel as a Jupyter server does, which names the connection file after the kernel's id.
func asServer(t *testing.T, id string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) {
		last := len(cmd.Args) - 1
		text, err := os.ReadFile(cmd.Args[last])
		if err != nil {
			t.Fatal(err)
		}
		cmd.Args[last] = filepath.Join(t.TempDir(), "kernel-"+id+".json")
		if err := os.WriteFile(cmd.Args[last], text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// content decodes what a message carries.
func content(t *testing.T, m *wire.Message) map[string]any {
	t.Helper()
	var c map[string]any
	if err := json.Unmarshal(m.Content, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestComms plays the page's part: gonbui's comms reach it and are answered, while the cell runs.
func TestComms(t *testing.T) {
	k := jupytertest.Start(t, asServer(t, "0815"))
	info := func() map[string]any {
		comms, _ := k.Request("comm_info_request", map[string]any{"target_name": "gonb_comm"})["comms"].(map[string]any)
		return comms
	}
	k.MustRun("import \"github.com/janpfeifer/gonb/gonbui/comms\"\nsent := 0")
	for _, id := range []string{"first", "second"} { // the second is the page loaded anew: it has lost the first's comm
		cell := k.Start(`answers := comms.Listen[int]("to/cell").WithBuffer(10)
for range 3 {
	sent++
	comms.Send("to/page", sent)
	fmt.Println("got", <-answers.C)
}
answers.Close()`)
		script := cell.Until(func(m *wire.Message) bool {
			return m.Header.MsgType == "display_data" && strings.Contains(string(m.Content), "0815")
		})
		k.Send(wire.Shell, "comm_open", map[string]any{"comm_id": id, "target_name": "gonb_comm", "data": map[string]any{}})
		erased := false
		answered := map[*wire.Message]bool{}
		for len(answered) < 3 {
			m := cell.Until(func(m *wire.Message) bool {
				if m.Header.MsgType == "update_display_data" {
					c, s := content(t, m), content(t, script)
					erased = c["data"].(map[string]any)["text/html"] == "" &&
						c["transient"].(map[string]any)["display_id"] == s["transient"].(map[string]any)["display_id"]
				}
				if m.Header.MsgType != "comm_msg" || content(t, m)["comm_id"] != id {
					return false
				}
				return !answered[m]
			})
			answered[m] = true
			data := content(t, m)["data"].(map[string]any)
			if data["address"] != "to/page" {
				t.Fatalf("%s: sent to %v", id, data["address"])
			}
			k.Send(wire.Shell, "comm_msg", map[string]any{"comm_id": id, "data": map[string]any{"address": "nobody/listens", "value": 1}})
			k.Send(wire.Shell, "comm_msg", map[string]any{"comm_id": id, "data": map[string]any{"address": "to/cell", "value": data["value"].(float64) + 100}})
		}
		r := cell.Wait()
		want := map[string]string{"first": "got 101\ngot 102\ngot 103\n", "second": "got 104\ngot 105\ngot 106\n"}[id]
		if r.Status != "ok" || r.Stdout != want || r.Stderr != "" {
			t.Errorf("%s: %s, printed %q and %q", id, r.Status, r.Stdout, r.Stderr)
		}
		if !erased {
			t.Errorf("%s: the script was not taken away when it had run", id)
		}
		if comms := info(); comms[id] == nil {
			t.Errorf("comm_info does not have %s: %v", id, comms)
		}
	}
	k.Send(wire.Shell, "comm_close", map[string]any{"comm_id": "first", "data": map[string]any{}})
	if comms := info(); comms["first"] != nil || comms["second"] == nil {
		t.Errorf("after a comm_close comm_info has %v", comms)
	}
	// A comm that nobody knows is closed.
	closed := k.Send(wire.Shell, "comm_open", map[string]any{"comm_id": "other", "target_name": "jupyter.widget", "data": map[string]any{}}).
		Until(func(m *wire.Message) bool { return m.Header.MsgType == "comm_close" })
	if content(t, closed)["comm_id"] != "other" {
		t.Errorf("closed %s", closed.Content)
	}
}

// TestScripts: a script that gonbui's package dom sends stays until the page has run it, and the cell with it; one that the page
// does not run holds up nothing for long.
func TestScripts(t *testing.T) {
	k := jupytertest.Start(t, asServer(t, "0815"))
	k.MustRun(`import ("sync"; "github.com/janpfeifer/gonb/gonbui/comms"; "github.com/janpfeifer/gonb/gonbui/dom")`)
	number := regexp.MustCompile(`"0815", ([0-9]+)\)`)
	cell := k.Start(`answers := comms.Listen[string]("to/cell").WithBuffer(10)
var both sync.WaitGroup
for _, name := range []string{"one", "two"} {
	both.Go(func() {
		dom.TransientJavascript("run(" + name + ")")
		fmt.Println("after", name)
	})
}
fmt.Println("got", <-answers.C)
both.Wait()
answers.Close()`)
	printed := func() string {
		var text strings.Builder
		for _, m := range cell.Messages() {
			if m.Header.MsgType == "stream" {
				text.WriteString(content(t, m)["text"].(string))
			}
		}
		return text.String()
	}
	shown := func(n int) (name, id string) { // the n-th script
		t.Helper()
		html, seen := "", 0
		cell.Until(func(m *wire.Message) bool {
			data, _ := content(t, m)["data"].(map[string]any)
			if html, _ = data["text/html"].(string); strings.Contains(html, "run(") {
				seen++
			}
			return seen == n
		})
		match := number.FindStringSubmatch(html)
		if match == nil {
			t.Fatalf("the page is not asked to tell: %s", html)
		}
		_, name, _ = strings.Cut(html, "run(")
		return name[:3], match[1]
	}
	say := func(address string, value any) {
		k.Send(wire.Shell, "comm_msg", map[string]any{"comm_id": "page", "data": map[string]any{"address": address, "value": value}})
	}
	ran := func(id string) {
		n, err := strconv.Atoi(id)
		if err != nil {
			t.Fatal(err)
		}
		say("#saddle/ran", n)
	}
	k.Send(wire.Shell, "comm_open", map[string]any{"comm_id": "page", "target_name": "gonb_comm", "data": map[string]any{}})
	first, id := shown(1)
	say("to/cell", "values") // these pass by a script that is slow
	cell.UntilOutput("got values")
	if text := printed(); strings.Contains(text, "after") {
		t.Errorf("the cell did not wait: %q", text)
	}
	ran(id)
	second, id := shown(2)
	cell.UntilOutput("after " + first)
	if text := printed(); first == second || strings.Contains(text, "after "+second) {
		t.Errorf("%s, then %s: %q", first, second, text)
	}
	ran(id)
	if r := cell.Wait(); r.Status != "ok" {
		t.Errorf("%s: %s", r.Status, r.Value)
	}

	place := func() any { // of the first script
		m := cell.Until(func(m *wire.Message) bool {
			return m.Header.MsgType == "display_data" && strings.Contains(string(m.Content), "run(")
		})
		return content(t, m)["transient"].(map[string]any)["display_id"]
	}
	before := place()

	// An interrupt need not wait for the page.
	cell = k.Start("dom.TransientJavascript(\"run(123)\")\nfor {}")
	shown(1)
	if place() == before {
		t.Error("a script's place is that of an earlier cell, whose output would run it too")
	}
	k.Interrupt()
	if r := cell.Wait(); r.Name != "Interrupted" {
		t.Errorf("%s: %s %s", r.Status, r.Name, r.Value)
	}

	// The page was closed: the first script is waited for, and no other.
	cell = k.Start("for i := range 100 {\n\tdom.TransientJavascript(\"run(it)\")\n}\nfmt.Println(\"done\")")
	if r := cell.Wait(); r.Status != "ok" || r.Stdout != "done\n" || r.Stderr != "" {
		t.Errorf("%s, printed %q and %q", r.Status, r.Stdout, r.Stderr)
	}
	// Its connection is not asked for any more when the next cell asks for one.
	k.MustRun("dom.TransientJavascript(\"run(it)\")")
	asked := cell.Until(func(m *wire.Message) bool { return strings.Contains(string(m.Content), "saddle-comm-") })
	cell.Until(func(m *wire.Message) bool {
		return m.Header.MsgType == "update_display_data" && content(t, m)["data"].(map[string]any)["text/html"] == "" &&
			content(t, m)["transient"].(map[string]any)["display_id"] == content(t, asked)["transient"].(map[string]any)["display_id"]
	})
}

// TestCommsWithoutPage: where there is no page, a cell that shows widgets says so and goes on; one that waits for them fails.
func TestCommsWithoutPage(t *testing.T) {
	k := jupytertest.Start(t)
	r := k.MustRun("import \"github.com/janpfeifer/gonb/gonbui/dom\"\nid := dom.CreateTransientDiv()\ndom.Append(id, \"text\")\ncomms.Send(\"a\", 1)\nfmt.Println(\"on\")")
	if r.Stdout != "on\n" || !strings.Contains(r.Stderr, "not connected") {
		t.Errorf("printed %q and %q", r.Stdout, r.Stderr)
	}
	// What asks for values fails, also when the cell is done before it would wait.
	r = k.Run("comms.Listen[int](\"to/cell\");")
	if r.Status != "error" || !strings.Contains(r.Value, "JupyterLab") {
		t.Errorf("%s: %s", r.Status, r.Value)
	}
	r = k.Run("import \"github.com/janpfeifer/gonb/gonbui/widgets\"\nwidgets.Slider(0, 10, 5).Done()")
	if r.Status != "error" || !strings.Contains(r.Value, "JupyterLab") {
		t.Errorf("%s: %s", r.Status, r.Value)
	}
	k.MustRun("dom.Append(id, \"kept\")")
}
