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
	Student   bool   // drop what stands between BEGIN SOLUTION and END SOLUTION, and leave room
	Solutions bool   // keep it, marked as the solution
	NoCode    bool   // leave the cells' code out
	PDF       bool   // write a PDF beside each page, through Chromium
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

// Export writes the handout of a notebook and returns the paths of what it wrote: the page, and the PDF if asked for.
func Export(ctx context.Context, notebook string, o Options) ([]string, error) {
	if err := writable(o.Out); err != nil {
		return nil, err
	}
	p, err := export(ctx, notebook, nil, o)
	return p.files, err
}

// writable makes the folder of handouts, before any work is done for it.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the folder of handouts: %w (-o names another)", err)
	}
	probe, err := os.CreateTemp(dir, ".saddle-")
	if err != nil {
		return fmt.Errorf("the folder of handouts cannot be written to: %w (-o names another)", err)
	}
	probe.Close()
	return os.Remove(probe.Name())
}

// exported is a handout that has been written.
type exported struct {
	files              []string
	title, about, page string   // for the index of a folder
	links              []string // files beside it that it leads to
}

// export makes the handout of a notebook, or of a page of Markdown. pages are the files beside it that have pages, too.
func export(ctx context.Context, notebook string, pages map[string]string, o Options) (exported, error) {
	text, err := os.ReadFile(notebook)
	if err != nil {
		return exported{}, fmt.Errorf("reading the notebook: %w", err)
	}
	markdown := filepath.Ext(notebook) == ".md"
	name := strings.TrimSuffix(filepath.Base(notebook), filepath.Ext(notebook))
	work, err := os.MkdirTemp("", "saddle-handout-")
	if err != nil {
		return exported{}, err
	}
	defer os.RemoveAll(work)
	copied := filepath.Join(work, name+".ipynb")
	if o.Execute && !markdown { // whole, solutions included: later cells need them
		if text, err = execute(ctx, notebook, copied, text, o); err != nil {
			return exported{}, err
		}
	}
	nb := fromMarkdown(text)
	if !markdown {
		if nb, err = parse(text); err != nil {
			return exported{}, fmt.Errorf("%s: %w", notebook, err)
		}
	}
	if err := nb.solutions(o); err != nil {
		return exported{}, fmt.Errorf("%s: %w", notebook, err)
	}
	if text, err = json.Marshal(nb); err != nil {
		return exported{}, fmt.Errorf("%s: %w", notebook, err)
	}
	if err := os.WriteFile(copied, text, 0o644); err != nil {
		return exported{}, fmt.Errorf("copying the notebook: %w", err)
	}
	if err := beside(notebook, work); err != nil {
		return exported{}, fmt.Errorf("%s: %w", notebook, err)
	}
	out := filepath.Join(work, ".out") // apart from what lies beside the notebook
	args := []string{"nbconvert", "--log-level", "WARN", "--to", "html", "--output-dir", out, "--HTMLExporter.mathjax_url=", "--HTMLExporter.require_js_url=", "--HTMLExporter.embed_images=True"}
	if o.NoCode {
		args = append(args, "--no-input")
	}
	convert := exec.CommandContext(ctx, o.Jupyter, append(args, copied)...)
	if said, err := convert.CombinedOutput(); err != nil {
		return exported{}, fmt.Errorf("converting %s: %w\n%s", notebook, err, lastLines(said, 40))
	}
	page, err := os.ReadFile(filepath.Join(out, name+".html"))
	if err != nil {
		return exported{}, fmt.Errorf("reading what nbconvert wrote: %w", err)
	}
	page, links := linked(page, pages)
	if page, err = selfContained(page, o.Libraries); err != nil {
		return exported{}, err
	}
	about := nb.about(name)
	page = titled(page, about)
	path := filepath.Join(o.Out, name+".html")
	if err := os.WriteFile(path, page, 0o644); err != nil {
		return exported{}, fmt.Errorf("writing the handout: %w", err)
	}
	done := exported{files: []string{path}, title: about.title, about: about.first, page: name + ".html", links: links}
	if o.PDF {
		pdf := filepath.Join(o.Out, name+".pdf")
		if err := printPDF(ctx, path, pdf); err != nil {
			return done, err
		}
		done.files = append(done.files, pdf)
	}
	return done, nil
}

// beside makes what lies beside a notebook, such as its images, lie beside its copy.
func beside(notebook, work string) error {
	folder, err := filepath.Abs(filepath.Dir(notebook))
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Symlink(filepath.Join(folder, e.Name()), filepath.Join(work, e.Name())); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

// execute runs a copy of the notebook, in the original's folder where its data files are, and returns the result.
func execute(ctx context.Context, notebook, copied string, text []byte, o Options) ([]byte, error) {
	if err := os.WriteFile(copied, text, 0o644); err != nil {
		return nil, fmt.Errorf("copying the notebook: %w", err)
	}
	folder, err := filepath.Abs(filepath.Dir(notebook))
	if err != nil {
		return nil, err
	}
	run := exec.CommandContext(ctx, o.Jupyter, "execute", "--inplace", "--timeout=600", "--kernel_name="+o.Kernel, copied)
	run.Dir = folder
	if out, err := run.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("executing %s: %w\n%s", notebook, err, lastLines(out, 40))
	}
	return os.ReadFile(copied)
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
	head.WriteString("<style>" + pageStyle + "</style>\n")
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
    const byline = document.querySelector(".saddle-byline");
    (byline || first).after(nav);
  }
});`

// pageStyle keeps lines readable in a wide window, figures whole on paper, and the table of contents quiet.
const pageStyle = `main{max-width:1080px;margin:0 auto!important;padding:0 16px}
.saddle-title{font:600 28px/1.3 system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}
.saddle-toc{display:flex;flex-direction:column;gap:.2em;margin:1em 0;padding-left:1em;border-left:3px solid #9aa1ab}
.saddle-toc a{text-decoration:none}
.highlight pre,.jp-OutputArea pre{tab-size:4}
.jp-InputArea .highlight pre{white-space:pre-wrap!important;overflow-wrap:anywhere}
@page{margin:15mm 14mm}
@media print{
:root{--jp-content-font-size1:12.5px;--jp-code-font-size:11px}
main{padding:0}
.saddle-toc,.jp-InputPrompt,.jp-OutputPrompt{display:none!important}
.saddle-figure img{width:auto!important;max-height:92mm}
.jp-OutputArea-child,table,figure,math[display=block]{break-inside:avoid}
h1,h2,h3,h4,.jp-CodeCell .jp-Cell-inputWrapper{break-after:avoid}
p,li,pre{orphans:4;widows:4}
pre{white-space:pre-wrap!important;overflow:visible!important;overflow-wrap:anywhere}
}
.saddle-byline{color:#555d68;margin:-.4em 0 1.2em}
.jp-Cell:is(.celltag_saddle-solution,:has(.celltag_saddle-solution)){border-left:4px solid #00956d}
.jp-Cell:is(.celltag_saddle-solution,:has(.celltag_saddle-solution))::before{content:"Solution";display:block;padding-left:8px;color:#007a59;font:600 12px/1.6 system-ui,sans-serif}
.jp-Cell:is(.celltag_saddle-answer,:has(.celltag_saddle-answer)) :is(.highlight,.jp-MarkdownOutput){min-height:9em}`
