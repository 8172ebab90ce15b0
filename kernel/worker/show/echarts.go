package show

import (
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/go-echarts/go-echarts/v2/render"
)

// snippeter is what go-echarts' charts have in common.
type snippeter interface {
	Validate()
	RenderSnippet() render.ChartSnippet
}

var scriptTag = regexp.MustCompile(`(?i)</?script[^>]*>`)

// echartsBundle shows a go-echarts chart. The libraries come from the Jupyter server that serves them with the
// kernelspec; in a handout they are in the page, elsewhere they are fetched if they can be. Until then, and without them, the
// page says what would be here.
func echartsBundle(c snippeter) map[string]any {
	c.Validate()
	s := c.RenderSnippet()
	words := fmt.Sprintf("%T", c)
	code := scriptTag.ReplaceAllString(s.Script, "")
	var b strings.Builder
	fmt.Fprintf(&b, `<div class="saddle-echarts"><div class="saddle-waiting">%s: a chart, drawn where Apache ECharts is at hand</div>%s</div>`,
		html.EscapeString(words), s.Element)
	fmt.Fprintf(&b, "<script>(() => {\nconst draw = () => {\n%s\n};\n%s})();</script>", code, echartsLoader)
	return map[string]any{"text/html": b.String(), "text/plain": words}
}

// echartsLoader calls draw when the libraries are there.
const echartsLoader = `const done = () => {
  draw();
  document.querySelectorAll(".saddle-echarts").forEach((e) => { if (e.querySelector("canvas, svg")) e.querySelector(".saddle-waiting")?.remove(); });
};
if (window.echarts && (window["echarts-gl"] || window.saddleGL)) { done(); return; }
const config = document.getElementById("jupyter-config-data");
let base = document.body.dataset.baseUrl;
if (config) try { base = JSON.parse(config.textContent).baseUrl; } catch (e) { base = undefined; }
const at = base ? [base.replace(/\/?$/, "/") + "kernelspecs/saddle/echarts.min.js", base.replace(/\/?$/, "/") + "kernelspecs/saddle/echarts-gl.min.js"]
  : ["https://cdn.jsdelivr.net/npm/echarts@6.1.0/dist/echarts.min.js", "https://cdn.jsdelivr.net/npm/echarts-gl@2.1.0/dist/echarts-gl.min.js"];
const load = (src) => new Promise((ok, no) => {
  const define = window.define; // an AMD loader in the page would hide the libraries
  const el = document.createElement("script");
  el.src = src;
  el.onload = () => { window.define = define; ok(); };
  el.onerror = () => { window.define = define; no(); };
  window.define = undefined;
  document.head.appendChild(el);
});
window.saddleLibraries = window.saddleLibraries || load(at[0]).then(() => load(at[1])).then(() => { window.saddleGL = true; });
window.saddleLibraries.then(done, () => {});
`
