package handout

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ExportAll writes the handouts of notebooks. A folder stands for the notebooks in it and makes a small site: an index
// page that names them all. One that fails does not keep the others from being written.
func ExportAll(ctx context.Context, places []string, o Options) (files []string, err error) {
	if err := writable(o.Out); err != nil {
		return nil, err
	}
	var failed []error
	for _, place := range places {
		info, err := os.Stat(place)
		if err != nil {
			failed = append(failed, fmt.Errorf("no notebook there: %w", err))
			continue
		}
		if !info.IsDir() {
			one, err := export(ctx, place, nil, o)
			files, failed = append(files, one.files...), append(failed, err)
		} else {
			written, err := exportFolder(ctx, place, o)
			files, failed = append(files, written...), append(failed, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return files, errors.Join(failed...)
}

// exportFolder writes the handouts of a folder's notebooks, pages of the Markdown files beside them that they lead to,
// and the index.
func exportFolder(ctx context.Context, folder string, o Options) (files []string, err error) {
	notebooks, err := filepath.Glob(filepath.Join(folder, "*.ipynb"))
	if err != nil || len(notebooks) == 0 {
		return nil, fmt.Errorf("the folder %s has no notebooks", folder)
	}
	texts, err := filepath.Glob(filepath.Join(folder, "*.md"))
	if err != nil {
		return nil, err
	}
	pages := map[string]string{}
	for _, path := range slices.Concat(texts, notebooks) {
		name := filepath.Base(path)
		pages[name] = strings.TrimSuffix(name, filepath.Ext(name)) + ".html"
	}
	var failed []error
	var done []exported
	todo := slices.Sorted(slices.Values(notebooks))
	for i := 0; i < len(todo) && ctx.Err() == nil; i++ {
		one, err := export(ctx, todo[i], pages, o)
		if err != nil {
			failed = append(failed, err)
		}
		if len(one.files) > 0 {
			done, files = append(done, one), append(files, one.files...)
		}
		for _, name := range one.links { // a text is written when something leads to it
			if path := filepath.Join(folder, name); filepath.Ext(name) == ".md" && !slices.Contains(todo, path) {
				todo = append(todo, path)
			}
		}
	}
	if len(done) > 0 {
		path := filepath.Join(o.Out, "index.html")
		if err := os.WriteFile(path, []byte(index(done)), 0o644); err != nil {
			failed = append(failed, fmt.Errorf("writing the index: %w", err))
		} else {
			files = append(files, path)
		}
	}
	return files, errors.Join(failed...)
}

// index is a page that names handouts.
func index(all []exported) string {
	esc := html.EscapeString
	var b strings.Builder
	b.WriteString(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Handouts</title>
<style>
body{max-width:46em;margin:2em auto;padding:0 1em;font:16px/1.55 system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;color:#1f242b;background:#fff}
li{margin:0 0 1em}a{color:#00589c;font-weight:600}p{margin:.2em 0;color:#555d68}
@media(prefers-color-scheme:dark){body{color:#eceff3;background:#16181c}a{color:#5db5f5}p{color:#b4bbc5}}
</style>
</head>
<body>
<h1>Handouts</h1>
<ol>
`)
	for _, one := range all {
		fmt.Fprintf(&b, "<li><a href=\"%s\">%s</a><p>%s</p></li>\n", esc(url.PathEscape(one.page)), esc(one.title), esc(one.about))
	}
	b.WriteString("</ol>\n</body>\n</html>\n")
	return b.String()
}

// printPDF prints a page with Chromium. On paper figures are their still pictures.
func printPDF(ctx context.Context, page, pdf string) error {
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		return errors.New("a PDF needs Chromium or Chrome, and neither is on the PATH (Debian, Ubuntu: apt-get install chromium); the HTML handout can be printed from any browser")
	}
	from, err := filepath.Abs(page)
	if err != nil {
		return err
	}
	to, err := filepath.Abs(pdf)
	if err != nil {
		return err
	}
	profile, err := os.MkdirTemp("", "saddle-chromium-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(profile)
	args := []string{"--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--user-data-dir=" + profile, "--no-pdf-header-footer", "--print-to-pdf=" + to}
	if os.Geteuid() == 0 { // Chromium's sandbox refuses root
		args = append(args, "--no-sandbox")
	}
	u := url.URL{Scheme: "file", Path: from}
	out, err := exec.CommandContext(ctx, program, append(args, u.String())...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("printing %s: %w\n%s", page, err, lastLines(out, 20))
	}
	if info, err := os.Stat(to); err != nil || info.Size() == 0 {
		return fmt.Errorf("printing %s: %s wrote no PDF\n%s", page, filepath.Base(program), lastLines(out, 20))
	}
	return nil
}
