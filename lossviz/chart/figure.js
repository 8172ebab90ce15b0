// The live side of a figure: finds the chart libraries and lays a chart over the picture's panels. The picture stays
// underneath, so there is something to see before, after and without.
(() => {
  const root = window;
  const S = root.saddleFigures = root.saddleFigures || {
    // load returns a promise of ECharts, one for the page.
    load() {
      if (this.promise) return this.promise;
      const script = (src) => new Promise((done, fail) => {
        const define = root.define; // with an AMD loader in the page the libraries would hide in it
        const el = document.createElement("script");
        const finish = (f) => () => { root.define = define; el.remove(); f(); };
        el.src = src;
        el.onload = finish(done);
        el.onerror = finish(() => fail(new Error(src)));
        root.define = undefined;
        document.head.appendChild(el);
      });
      const from = async (base) => {
        if (!root.echarts) await script(base[0]);
        if (!root.saddleGL) { await script(base[1]); root.saddleGL = true; }
        return root.echarts;
      };
      let jupyter = null;
      const config = document.getElementById("jupyter-config-data");
      if (config) { try { jupyter = JSON.parse(config.textContent).baseUrl; } catch (e) { jupyter = null; } }
      if (!jupyter && document.body) jupyter = document.body.dataset.baseUrl || null;
      if (root.echarts && root.saddleGL) this.promise = Promise.resolve(root.echarts);
      else if (jupyter) {
        const base = jupyter.replace(/\/?$/, "/") + "kernelspecs/saddle/";
        this.promise = from([base + "echarts.min.js", base + "echarts-gl.min.js"]);
      } else if (root.saddleOffline) this.promise = Promise.reject(new Error("offline"));
      else this.promise = from(["https://cdn.jsdelivr.net/npm/echarts@6.1.0/dist/echarts.min.js", "https://cdn.jsdelivr.net/npm/echarts-gl@2.1.0/dist/echarts-gl.min.js"]);
      return this.promise;
    },
    floats(text) {
      const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      return new Float32Array(bytes.buffer);
    },
    webgl() {
      if (this.hasGL === undefined) {
        const c = document.createElement("canvas");
        const gl = c.getContext("webgl");
        this.hasGL = !!gl;
        const lose = gl && gl.getExtension("WEBGL_lose_context");
        if (lose) lose.loseContext();
      }
      return this.hasGL;
    },
    number(v) {
      if (!isFinite(v)) return String(v);
      const a = Math.abs(v);
      return (a !== 0 && (a < 1e-4 || a >= 1e6) ? v.toExponential(2) : String(Number(v.toPrecision(4)))).replace("-", "\u2212");
    },
    surface(p) {
      const z = this.floats(p.z), nx = p.x.length, data = [];
      for (let i = 0; i < p.y.length; i++) for (let j = 0; j < nx; j++) {
        const v = z[i * nx + j];
        data.push([p.x[j], p.y[i], isFinite(v) ? v : NaN]);
      }
      const axis = (a) => ({
        type: a.log ? "log" : "value", name: "", min: a.lo, max: a.hi,
        axisLabel: { textStyle: { fontSize: 13, lineHeight: 30, color: "#555d68" }, formatter: (v) => this.number(v) },
        axisLine: { lineStyle: { color: "#9aa1ab" } }, axisTick: { lineStyle: { color: "#9aa1ab" } },
        splitLine: { lineStyle: { color: "#e3e6ea" } }, splitNumber: 4,
      });
      const lines = p.paths.map((q) => ({ type: "line3D", data: q.points, lineStyle: { width: 4, color: q.color }, silent: true }));
      const marks = p.points.length ? [{
        type: "scatter3D", symbolSize: 11, data: p.points.map((q) => ({ name: q.name, value: q.at })),
        itemStyle: { color: "#c41e3a", borderColor: "#fff", borderWidth: 2 },
        label: { show: true, formatter: (d) => d.name, textStyle: { color: "#1f242b", fontSize: 12, backgroundColor: "rgba(255,255,255,.75)" } },
      }] : [];
      return {
        animation: false, backgroundColor: "#fff",
        tooltip: { renderMode: "richText", formatter: (d) => d.value && `${p.names[0]} ${this.number(d.value[0])}\n${p.names[1]} ${this.number(d.value[1])}\n${p.names[2]} ${this.number(d.value[2])}` },
        visualMap: { show: false, min: p.scale.lo, max: p.scale.hi, dimension: 2, seriesIndex: 0, inRange: { color: p.colors } },
        xAxis3D: axis(p.axes[0]), yAxis3D: axis(p.axes[1]), zAxis3D: axis(p.axes[2]),
        grid3D: {
          boxWidth: 100, boxDepth: 100, boxHeight: 62, environment: "#fff", axisPointer: { show: false },
          viewControl: { alpha: p.camera[0], beta: p.camera[1], distance: p.camera[2], minDistance: 60, maxDistance: 500, center: [0, p.camera[3], 0], animation: false, rotateSensitivity: 1.2 },
          light: { main: { intensity: 0.9, alpha: 50, beta: -20 }, ambient: { intensity: 0.55 } }, postEffect: { enable: false },
        },
        series: [{ type: "surface", data, dataShape: [p.y.length, nx], wireframe: { show: false }, shading: "lambert", itemStyle: { opacity: 1 } }, ...lines, ...marks],
      };
    },
    lines(p) {
      const axis = (a) => ({
        type: a.log ? "log" : "value", min: a.lo, max: a.hi, name: "", axisLabel: { show: false }, axisTick: { show: false },
        axisLine: { show: false }, splitLine: { show: false },
      });
      return {
        animation: false, backgroundColor: "transparent", grid: { left: 0, right: 0, top: 0, bottom: 0 },
        xAxis: axis(p.axes[0]), yAxis: axis(p.axes[1]),
        tooltip: { trigger: "axis", renderMode: "richText", confine: true,
          formatter: (ds) => ds.length ? `${p.names[0]} ${this.number(ds[0].value[0])}\n` + ds.map((d) => `${d.seriesName} ${this.number(d.value[1])}`).join("\n") : "" },
        series: p.curves.map((c) => ({
          type: c.dots ? "scatter" : "line", name: c.name, data: c.points, showSymbol: false, symbolSize: 5, clip: true,
          lineStyle: { color: c.color, width: 2, type: c.dashed ? "dashed" : "solid" }, itemStyle: { color: c.color }, emphasis: { disabled: true },
        })),
      };
    },
    // panel keeps one overlay: alive while it is in view, gone while it is not, since browsers lend few WebGL contexts.
    panel(box, p) {
      let chart = null;
      const size = new ResizeObserver(() => chart && chart.resize());
      const start = (echarts) => {
        if (chart || !box.isConnected || box.clientWidth < 20) return;
        chart = echarts.init(box, null, { renderer: "canvas" });
        chart.setOption(this[p.kind](p));
        chart.on("finished", () => { box.dataset.live = "true"; });
        size.observe(box);
        box.style.visibility = "visible";
        box.style.background = p.kind === "surface" ? "#fff" : "transparent";
      };
      const stop = () => {
        if (!chart) return;
        size.disconnect();
        chart.dispose();
        chart = null;
        delete box.dataset.live;
        box.style.background = "transparent";
      };
      if (p.kind === "surface") {
        box.tabIndex = 0;
        box.setAttribute("aria-label", "Turn with the arrow keys, zoom with plus and minus, Home resets the view.");
        let [alpha, beta, distance] = p.camera;
        box.addEventListener("keydown", (e) => {
          if (!chart) return;
          const v = chart.getOption().grid3D[0].viewControl;
          alpha = v.alpha; beta = v.beta; distance = v.distance;
          switch (e.key) {
            case "ArrowLeft": beta -= 6; break;
            case "ArrowRight": beta += 6; break;
            case "ArrowUp": alpha = Math.min(90, alpha + 5); break;
            case "ArrowDown": alpha = Math.max(-90, alpha - 5); break;
            case "+": distance = Math.max(60, distance * 0.9); break;
            case "-": distance = Math.min(500, distance / 0.9); break;
            case "Home": [alpha, beta, distance] = p.camera; break;
            default: return;
          }
          e.preventDefault();
          e.stopPropagation();
          chart.setOption({ grid3D: { viewControl: { alpha, beta, distance } } });
        });
        box.addEventListener("dblclick", () => chart && chart.setOption({ grid3D: { viewControl: { alpha: p.camera[0], beta: p.camera[1], distance: p.camera[2] } } }));
      }
      new IntersectionObserver((seen) => {
        for (const s of seen) {
          if (!s.isIntersecting) { if (p.kind === "surface") stop(); continue; }
          if (p.kind === "surface" && !this.webgl()) return;
          this.load().then(start, () => {}); // without libraries the picture stays
        }
      }, { rootMargin: "80px" }).observe(box);
    },
    open(id, panels) {
      for (const el of document.querySelectorAll(`.saddle-figure[data-figure="${id}"]:not([data-open])`)) {
        el.dataset.open = "";
        el.querySelectorAll(".saddle-panel").forEach((box, i) => this.panel(box, panels[i]));
      }
    },
  };
  S.open(FIGURE_ID, FIGURE_PANELS);
})();
