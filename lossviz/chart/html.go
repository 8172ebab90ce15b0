package chart

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"html"
	"strings"
)

// pageFont is the font of a figure's words: the reader's own.
const pageFont = "system-ui,-apple-system,'Segoe UI','Helvetica Neue',Arial,'Liberation Sans',sans-serif"

// html is the figure as a piece of a page: the picture, and the script that makes it live.
func (s *sheet) html() (string, error) {
	w, h := s.size()
	var pic []byte
	if len(s.panels) > 0 {
		var err error
		if pic, err = encode(bitmap(w, h, notebookDots, s.paintPanels)); err != nil {
			return "", err
		}
	}
	data, err := json.Marshal(s.live()) // escapes <, > and &, so no name can end the script
	if err != nil {
		return "", fmt.Errorf("chart: writing the figure's numbers: %w", err)
	}
	// The name is made from the content: a notebook run twice is the same file.
	sum := fnv.New64a()
	sum.Write(data)
	id := fmt.Sprintf("%x", sum.Sum64())

	var b strings.Builder
	fmt.Fprintf(&b, `<figure class="saddle-figure" data-saddle="%s" style="margin:4px 0 10px;max-width:%.0fpx">`+"\n", id, max(w, s.liveWidth(), s.cardWidth()))
	if s.title != "" {
		fmt.Fprintf(&b, `<div dir="auto" style="font:600 15px/1.4 %s;margin:0 8px 6px">%s</div>`+"\n", pageFont, html.EscapeString(s.title))
	}
	if s.card != nil {
		b.WriteString(s.card.html())
	}
	if len(s.panels) == 0 {
		b.WriteString("</figure>")
		return b.String(), nil
	}
	fmt.Fprintf(&b, `<div data-saddle-body style="position:relative"><img alt="%s" width="%.0f" height="%.0f" style="max-width:100%%;height:auto;display:block;border-radius:4px" src="data:image/png;base64,%s"></div>`+"\n",
		html.EscapeString(join(s.title, s.words)), w, h, base64.StdEncoding.EncodeToString(pic))
	if s.caption != "" {
		fmt.Fprintf(&b, `<figcaption dir="auto" style="font:12px/1.45 %s;opacity:.78;margin:6px 8px 0">%s</figcaption>`+"\n", pageFont, html.EscapeString(s.caption))
	}
	fmt.Fprintf(&b, `<style>@media print{.saddle-figure img{display:block!important}.saddle-live,.saddle-bar{display:none!important}.saddle-figure{break-inside:avoid}}.saddle-panel:focus-visible{outline:2px solid #4da9ea;outline-offset:-2px}</style>`+"\n")
	fmt.Fprintf(&b, "<script>%s(%q,%s)</script>\n</figure>", script(), id, data)
	return b.String(), nil
}

// page is the figure as an HTML file of its own.
func (s *sheet) page() (string, error) {
	body, err := s.html()
	if err != nil {
		return "", err
	}
	title := s.title
	if title == "" {
		title = "Figure"
	}
	return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>" + html.EscapeString(title) +
		"</title>\n<style>body{margin:16px;background:#fff;color:#1f242b}@media(prefers-color-scheme:dark){body{background:#16181c;color:#eceff3}}</style>\n</head>\n<body>\n" + body + "\n</body>\n</html>\n", nil
}
