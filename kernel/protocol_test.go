package main

import (
	"strings"
	"testing"

	"github.com/gosaddle/saddle/kernel/internal/jupytertest"
)

// TestExecuteOptions: what an execute_request may ask for beside the run of its code.
func TestExecuteOptions(t *testing.T) {
	k := jupytertest.Start(t)
	r := k.MustRun("x := 6", "user_expressions", map[string]any{"product": "x * 7", "wrong": "nothing + 1", "type": "fmt.Sprintf(\"%T\", x)", "odd": 3})
	answers, _ := r.Reply["user_expressions"].(map[string]any)
	answer := func(name string) map[string]any {
		a, _ := answers[name].(map[string]any)
		return a
	}
	if data, _ := answer("product")["data"].(map[string]any); answer("product")["status"] != "ok" || data["text/plain"] != "42" {
		t.Errorf("a user expression: %v", answer("product"))
	}
	if data, _ := answer("type")["data"].(map[string]any); data["text/plain"] != "int" {
		t.Errorf("a user expression with a call: %v", answer("type"))
	}
	if answer("wrong")["status"] != "error" || !strings.Contains(answer("wrong")["evalue"].(string), "nothing") {
		t.Errorf("a wrong user expression: %v", answer("wrong"))
	}
	if answer("odd")["status"] != "error" {
		t.Errorf("a user expression that is no string: %v", answer("odd"))
	}
	if n := countType(r, "error") + countType(r, "execute_result"); n != 0 {
		t.Errorf("user expressions put out %d messages", n)
	}

	count := k.MustRun("1").Count
	silent := k.MustRun("silent := 5\nfmt.Println(silent)\nsilent", "silent", true)
	if silent.Stdout != "" || silent.Text != "" || countType(silent, "execute_input") != 0 {
		t.Errorf("a silent cell put out %v", silent.Types())
	}
	unstored := k.MustRun("silent + 1", "store_history", false)
	if unstored.Text != "6" {
		t.Errorf("an unstored cell gave %q", unstored.Text)
	}
	if next := k.MustRun("2"); next.Count != count+1 {
		t.Errorf("the count after a silent and an unstored cell is %d, before it was %d", next.Count, count)
	}
	history := func(request map[string]any) (codes []string) {
		request["output"], request["raw"] = false, true
		entries, _ := k.Request("history_request", request)["history"].([]any)
		for _, e := range entries {
			if triple, ok := e.([]any); ok && len(triple) == 3 {
				codes = append(codes, triple[2].(string))
			}
		}
		return codes
	}
	if all := strings.Join(history(map[string]any{"hist_access_type": "tail", "n": 100}), "|"); all != "x := 6|1|2" {
		t.Errorf("the history is %q", all)
	}
	if last := history(map[string]any{"hist_access_type": "tail", "n": 1}); len(last) != 1 || last[0] != "2" {
		t.Errorf("the last entry of the history is %q", last)
	}
	if none := history(map[string]any{"hist_access_type": "tail", "n": 0}); len(none) != 0 {
		t.Errorf("no entry of the history is %q", none)
	}
	if some := history(map[string]any{"hist_access_type": "range", "session": 0, "start": 2, "stop": 3}); len(some) != 1 || some[0] != "1" {
		t.Errorf("a range of the history is %q", some)
	}
	if none := history(map[string]any{"hist_access_type": "range", "session": 0, "start": 3, "stop": 1}); len(none) != 0 {
		t.Errorf("a range that ends before it begins is %q", none)
	}
	if found := history(map[string]any{"hist_access_type": "search", "pattern": "*:=*", "n": 10, "unique": true}); len(found) != 1 || found[0] != "x := 6" {
		t.Errorf("a search in the history found %q", found)
	}
}

// TestQueue: a cell that fails aborts those that wait, unless it was sent with stop_on_error false.
func TestQueue(t *testing.T) {
	k := jupytertest.Start(t)
	k.MustRun("runs := 0")
	// fail interrupts the first cell once those behind it wait: the kernel answers one connection in order.
	fail := func(first *jupytertest.Call) {
		t.Helper()
		first.UntilOutput("ready")
		k.Request("kernel_info_request", map[string]any{})
		k.Interrupt()
		if r := first.Wait(); r.Status != "error" {
			t.Errorf("the failing cell: %s", r.Status)
		}
	}
	first := k.Start("fmt.Println(\"ready\")\nselect {}")
	second, third := k.Start("runs++"), k.Start("runs++")
	fail(first)
	for _, cell := range []*jupytertest.Call{second, third} {
		if r := cell.Wait(); r.Status != "aborted" {
			t.Errorf("a cell behind the failing one: %s", r.Status)
		}
	}
	if r := k.MustRun("runs"); r.Text != "0" {
		t.Errorf("aborted cells ran: %s", r.Text)
	}
	first = k.Start("fmt.Println(\"ready\")\nselect {}", "stop_on_error", false)
	second = k.Start("runs++\nruns")
	fail(first)
	if r := second.Wait(); r.Status != "ok" || r.Text != "1" {
		t.Errorf("a cell behind one sent with stop_on_error false: %s, %q", r.Status, r.Text)
	}
}

// TestInput: cells and commands ask the user; where the front end has none, they fail with a clear error and at once.
func TestInput(t *testing.T) {
	k := jupytertest.Start(t)
	code := `import "github.com/janpfeifer/gonb/gonbui"
gonbui.RequestInput("Number:", false)
var n int
_, err := fmt.Scan(&n)
gonbui.RequestInput("Secret:", true)
var word string
fmt.Scan(&word)
fmt.Print(n, word, err)`
	for _, c := range []string{code, "%with_inputs\n!read line; echo $line", "%with_password\n!read line; echo $line"} {
		r := k.Run(c, "allow_stdin", false)
		if r.Status != "error" || !strings.Contains(r.Value, "cannot ask") {
			t.Errorf("without a user: %s, %s\n%s", r.Status, r.Value, c)
		}
	}
	// One that reads without asking gets no more than an error either.
	if r := k.MustRun("_, err := fmt.Scan(new(int))\nerr != nil", "allow_stdin", false); r.Text != "true" {
		t.Errorf("reading without a user: %q", r.Text)
	}
	var asked []string
	k.Answer(func(prompt string, password bool) string {
		if password {
			prompt += " (hidden)"
		}
		asked = append(asked, prompt)
		return []string{"17", "sesame", "line"}[len(asked)-1]
	})
	if r := k.MustRun(code); r.Stdout != "17sesame <nil>" && r.Stdout != "17 sesame <nil>" && r.Stdout != "17sesame<nil>" {
		t.Errorf("with a user: %q", r.Stdout)
	}
	if r := k.MustRun("%with_inputs\n!read line; echo \"<$line>\""); r.Stdout != "<line>\n" {
		t.Errorf("a command's input: %q", r.Stdout)
	}
	if got := strings.Join(asked, ", "); got != "Number:, Secret: (hidden), " {
		t.Errorf("the user was asked %q", got)
	}
	// An interrupted read takes nothing of what is meant for the next cell.
	k.Answer(nil)
	cell := k.Start("fmt.Println(\"ready\")\nfmt.Scan(new(string))", "allow_stdin", true)
	cell.UntilOutput("ready")
	k.Interrupt()
	if r := cell.Wait(); r.Status != "error" || r.Name != "Interrupted" {
		t.Errorf("an interrupted read: %s %s %s", r.Status, r.Name, r.Value)
	}
	k.Answer(func(string, bool) string { return "8" })
	if r := k.MustRun("gonbui.RequestInput(\"\", false)\nvar m int\nfmt.Scan(&m)\nm"); r.Text != "8" {
		t.Errorf("after an interrupted read: %q", r.Text)
	}
}

// TestPager: a question mark behind a name shows what it is, beside the notebook.
func TestPager(t *testing.T) {
	k := jupytertest.Start(t)
	k.MustRun("points := []int{3, 1, 2}\n// double is twice n.\nfunc double(n int) int { return 2 * n }")
	for code, words := range map[string][]string{
		"points?": {"[]int", "[3 1 2]"}, "double?": {"func double(n int) int", "double is twice n"}, "?strings.ToUpper": {"func strings.ToUpper", "upper case"},
		"train.Adam?": {"func train.Adam", "arXiv"}, "%timeit?": {"LOOPS"}, "fmt.Println(\"ran\")\n%help %cd": {"directory"},
	} {
		r := k.MustRun(code)
		payload, _ := r.Reply["payload"].([]any)
		if len(payload) != 1 {
			t.Errorf("%s: %d pages", code, len(payload))
			continue
		}
		page, _ := payload[0].(map[string]any)
		data, _ := page["data"].(map[string]any)
		text, _ := data["text/plain"].(string)
		for _, w := range words {
			if page["source"] != "page" || !strings.Contains(text, w) {
				t.Errorf("%s: the page does not say %q:\n%s", code, w, text)
			}
		}
		if strings.Contains(code, "ran") != (r.Stdout == "ran\n") {
			t.Errorf("%s printed %q", code, r.Stdout)
		}
	}
	if r := k.Run("nosuch?"); r.Status != "error" || !strings.Contains(r.Value, "nosuch") {
		t.Errorf("an unknown name: %s %s", r.Status, r.Value)
	}
}
