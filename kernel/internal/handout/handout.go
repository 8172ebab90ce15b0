// Package handout exports notebooks as teaching handouts: one HTML file each, with every figure live and every formula
// drawn, that needs no network and no kernel. nbconvert turns the notebook into HTML; this package takes out what that
// page would fetch and puts the page libraries in, once. It knows notebooks as files, nothing of kernels or Go cells.
package handout

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Options say what becomes of a notebook.
type Options struct {
	Out       string // folder of the handouts
	Libraries string // folder with echarts.min.js, echarts-gl.min.js, katex.min.js and auto-render.min.js
	Jupyter   string // the jupyter command
	Kernel    string // name of the kernel that executes notebooks
	Execute   bool   // run the notebook first; the file itself is left as it is
	Student   bool   // drop what stands between BEGIN SOLUTION and END SOLUTION
	NoCode    bool   // leave the cells' code out
}

// Jupyter finds the jupyter command: that of the active Python environment, of .venv here or above, or of the PATH.
func Jupyter() (string, error) {
	var candidates []string
	if env := os.Getenv("VIRTUAL_ENV"); env != "" {
		candidates = append(candidates, filepath.Join(env, "bin", "jupyter"))
	}
	if dir, err := os.Getwd(); err == nil {
		for ; ; dir = filepath.Dir(dir) {
			candidates = append(candidates, filepath.Join(dir, ".venv", "bin", "jupyter"))
			if filepath.Dir(dir) == dir {
				break
			}
		}
	}
	for _, c := range candidates {
		if _, err := os.Stat(c); err == nil {
			return c, nil
		}
	}
	path, err := exec.LookPath("jupyter")
	if err != nil {
		return "", errors.New("the jupyter command is not here: run ./install.sh, or activate a Python environment that has nbconvert")
	}
	return path, nil
}

// Export writes the handout of a notebook and returns its path.
func Export(ctx context.Context, notebook string, o Options) (string, error) {
	text, err := os.ReadFile(notebook)
	if err != nil {
		return "", fmt.Errorf("reading the notebook: %w", err)
	}
	if o.Student {
		if text, err = student(text); err != nil {
			return "", fmt.Errorf("%s: %w", notebook, err)
		}
	}
	name := strings.TrimSuffix(filepath.Base(notebook), ".ipynb")
	work, err := os.MkdirTemp("", "saddle-handout-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	// A copy beside the original is executed in the original's folder, where its data files are.
	copied := filepath.Join(work, name+".ipynb")
	if err := os.WriteFile(copied, text, 0o644); err != nil {
		return "", fmt.Errorf("copying the notebook: %w", err)
	}
	args := []string{"nbconvert", "--log-level", "WARN", "--to", "html", "--output-dir", work, "--HTMLExporter.mathjax_url=", "--HTMLExporter.require_js_url="}
	if o.NoCode {
		args = append(args, "--no-input")
	}
	if o.Execute {
		folder, err := filepath.Abs(filepath.Dir(notebook))
		if err != nil {
			return "", err
		}
		run := exec.CommandContext(ctx, o.Jupyter, "execute", "--inplace", "--timeout=600", "--kernel_name="+o.Kernel, copied)
		run.Dir = folder
		if out, err := run.CombinedOutput(); err != nil {
			return "", fmt.Errorf("executing %s: %w\n%s", notebook, err, lastLines(out, 40))
		}
	}
	convert := exec.CommandContext(ctx, o.Jupyter, append(args, copied)...)
	if out, err := convert.CombinedOutput(); err != nil {
		return "", fmt.Errorf("converting %s: %w\n%s", notebook, err, lastLines(out, 40))
	}
	page, err := os.ReadFile(filepath.Join(work, name+".html"))
	if err != nil {
		return "", fmt.Errorf("reading what nbconvert wrote: %w", err)
	}
	if page, err = selfContained(page, o.Libraries); err != nil {
		return "", err
	}
	if err := os.MkdirAll(o.Out, 0o755); err != nil {
		return "", fmt.Errorf("making the folder of handouts: %w", err)
	}
	path := filepath.Join(o.Out, name+".html")
	if err := os.WriteFile(path, page, 0o644); err != nil {
		return "", fmt.Errorf("writing the handout: %w", err)
	}
	return path, nil
}

func lastLines(out []byte, n int) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

var (
	foreignScript = regexp.MustCompile(`(?s)<script[^>]*\ssrc="(https?:)?//[^"]*"[^>]*>\s*</script>|<script[^>]*\ssrc=""[^>]*>\s*</script>`)
	mermaid       = regexp.MustCompile(`(?s)<script type="module">[^<]*mermaid.*?</script>`)
	mathConfig    = regexp.MustCompile(`(?s)<script type="text/x-mathjax-config">.*?</script>`)
	foreignStyle  = regexp.MustCompile(`<link[^>]*\shref="(https?:)?//[^"]*"[^>]*>`)
	requireConfig = regexp.MustCompile(`(?s)<script>\s*\(function\(\) \{\s*function addWidgetsRenderer.*?</script>`)
)

// selfContained takes out all that a page would fetch, and puts the page libraries in.
func selfContained(page []byte, libraries string) ([]byte, error) {
	for _, re := range []*regexp.Regexp{foreignScript, mermaid, mathConfig, foreignStyle, requireConfig} {
		page = re.ReplaceAll(page, nil)
	}
	var head bytes.Buffer
	head.WriteString("<style>" + printStyle + "</style>\n")
	files := []string{"katex.min.js", "auto-render.min.js"}
	if bytes.Contains(page, []byte("saddle-figure")) {
		files = append([]string{"echarts.min.js", "echarts-gl.min.js"}, files...)
	}
	for _, file := range files {
		code, err := os.ReadFile(filepath.Join(libraries, file))
		if err != nil {
			return nil, fmt.Errorf("a page library is missing (run ./install.sh again): %w", err)
		}
		head.WriteString("<script>")
		head.Write(bytes.ReplaceAll(code, []byte("</script"), []byte(`<\/script`)))
		head.WriteString("</script>\n")
	}
	head.WriteString("<script>" + pageScript + "</script>\n")
	at := bytes.LastIndex(page[:max(bytes.Index(page, []byte("<body")), 0)], []byte("</head>"))
	if at < 0 {
		return nil, errors.New("nbconvert wrote a page without a head: is it the version that install.sh puts in place?")
	}
	return append(append(append([]byte(nil), page[:at]...), head.Bytes()...), page[at:]...), nil
}

// pageScript draws formulas as MathML, which browsers know by themselves, and writes the table of contents.
const pageScript = `document.addEventListener("DOMContentLoaded", () => {
  if (window.renderMathInElement) for (const el of document.querySelectorAll(".jp-RenderedMarkdown, .jp-RenderedHTMLCommon"))
    renderMathInElement(el, { output: "mathml", throwOnError: false, delimiters: [
      { left: "$$", right: "$$", display: true }, { left: "\\[", right: "\\]", display: true },
      { left: "$", right: "$", display: false }, { left: "\\(", right: "\\)", display: false } ] });
  const heads = [...document.querySelectorAll("main h2[id], body > * h2[id]")];
  const first = document.querySelector("h1");
  if (first && heads.length > 2) {
    const nav = document.createElement("nav");
    nav.className = "saddle-toc";
    nav.setAttribute("aria-label", "Contents");
    for (const h of new Set(heads)) {
      const a = document.createElement("a");
      a.href = "#" + encodeURIComponent(h.id);
      a.textContent = h.textContent.replace(/¶$/, "");
      nav.append(a);
    }
    first.after(nav);
  }
});`

// printStyle keeps figures whole on paper and the table of contents quiet.
const printStyle = `.saddle-toc{display:flex;flex-direction:column;gap:.2em;margin:1em 0;padding-left:1em;border-left:3px solid #9aa1ab}
.saddle-toc a{text-decoration:none}
@media print{.saddle-toc{display:none}.jp-Cell{break-inside:avoid}h1,h2,h3{break-after:avoid}.jp-InputPrompt,.jp-OutputPrompt{display:none}}`

// student takes the solutions out of a notebook's code cells and leaves room for the reader's own.
func student(text []byte) ([]byte, error) {
	var nb map[string]any
	if err := json.Unmarshal(text, &nb); err != nil {
		return nil, fmt.Errorf("the notebook is not valid JSON: %w", err)
	}
	cells, _ := nb["cells"].([]any)
	for i, c := range cells {
		cell, ok := c.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("cell %d is not a cell", i+1)
		}
		source, cut, err := withoutSolutions(sourceOf(cell["source"]))
		if err != nil {
			return nil, fmt.Errorf("cell %d: %w", i+1, err)
		}
		if cut {
			cell["source"] = source
			if cell["cell_type"] == "code" {
				cell["outputs"], cell["execution_count"] = []any{}, nil
			}
		}
	}
	return json.Marshal(nb)
}

// sourceOf joins a cell's source, which notebooks hold as a string or a list of lines.
func sourceOf(source any) string {
	switch s := source.(type) {
	case string:
		return s
	case []any:
		var b strings.Builder
		for _, line := range s {
			b.WriteString(fmt.Sprint(line))
		}
		return b.String()
	}
	return ""
}

func withoutSolutions(source string) (text string, cut bool, err error) {
	var out []string
	inside := false
	for line := range strings.SplitSeq(source, "\n") {
		switch {
		case strings.Contains(line, "BEGIN SOLUTION"):
			if inside {
				return "", false, errors.New("BEGIN SOLUTION twice without END SOLUTION")
			}
			inside, cut = true, true
			out = append(out, "// your answer", "", "")
		case strings.Contains(line, "END SOLUTION"):
			if !inside {
				return "", false, errors.New("END SOLUTION without BEGIN SOLUTION")
			}
			inside = false
		case !inside:
			out = append(out, line)
		}
	}
	if inside {
		return "", false, errors.New("BEGIN SOLUTION without END SOLUTION")
	}
	return strings.Join(out, "\n"), cut, nil
}
