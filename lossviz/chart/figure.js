// The live half of a Saddle figure. html.go puts this into each figure's HTML as (CODE)(ID, FIGURE), where ID names the
// <figure> elements that begin as a picture and FIGURE holds the numbers. The first figure on a page leaves its
// code for the others. Nothing here may throw, log an error, or ask another machine from inside Jupyter: where
// anything is missing, the picture simply stays.
(function (id, figure) {
  'use strict';
  const KEY = 'saddleFigures@VERSION@';
  if (!window[KEY]) window[KEY] = runtime();
  window[KEY].start(id, figure);

  function runtime() {
    const CDN = ['https://cdn.jsdelivr.net/npm/echarts@6.1.0/dist/echarts.min.js', 'https://cdn.jsdelivr.net/npm/echarts-gl@2.1.0/dist/echarts-gl.min.js'];
    const FONT = 'system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, "Liberation Sans", sans-serif';
    const MAX_GL = 8; // live WebGL charts on a page; browsers keep 16 contexts, and others want some
    const LIGHT = { ink: '#1f242b', soft: '#555d68', rule: '#e3e6ea', frame: '#9aa1ab', paper: '#ffffff', veil: 'rgba(255,255,255,.8)', box: 'rgba(255,255,255,.96)', edge: '#c9ced6', alarm: '#c41e3a', focus: '#006bb3' };
    const DARK = { ink: '#eceff3', soft: '#b4bbc5', rule: '#2f353c', frame: '#7d8590', paper: '#16181c', veil: 'rgba(22,24,28,.8)', box: 'rgba(32,36,42,.96)', edge: '#4a515b', alarm: '#ff6b7f', focus: '#5db5f5' };
    // Line colours of the light theme and what they become on dark ground.
    const ON_DARK = { '#1f242b': '#eceff3', '#555d68': '#b4bbc5', '#006bb3': '#4da9ea', '#d55e00': '#f58a3c', '#00956d': '#34c49b', '#b85c93': '#e08fc0', '#806b00': '#c2ab3d', '#6a6e7c': '#a4a9b5', '#c41e3a': '#ff6b7f', '#9aa1ab': '#7d8590', '#e3e6ea': '#2f353c' };
    const CASING = '#1f242b';
    const still = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

    // ---- libraries -------------------------------------------------------------------------------------------

    let libraries = null;

    // The base URL of the Jupyter server that shows this page; null outside Jupyter.
    function jupyterBase() {
      const config = document.getElementById('jupyter-config-data');
      if (config) {
        try {
          const c = JSON.parse(config.textContent);
          if (c.baseUrl) return { url: c.baseUrl, token: c.token };
        } catch (e) { /* not JSON: not Jupyter's */ }
      }
      const base = document.body && document.body.getAttribute('data-base-url');
      return base ? { url: base } : null;
    }

    function withGL(echarts) {
      return echarts && echarts.init && +echarts.version.split('.')[0] >= 5 && hasSurface(echarts) ? echarts : null;
    }

    function hasSurface(echarts) {
      return !!(window['echarts-gl'] || echarts.saddle);
    }

    // Loads the two libraries once per page, for all figures.
    function load() {
      if (libraries) return libraries;
      if (withGL(window.echarts)) return libraries = Promise.resolve(window.echarts); // a handout: embedded
      const jupyter = jupyterBase();
      const urls = jupyter ? ['echarts.min.js', 'echarts-gl.min.js'].map(f => jupyter.url.replace(/\/?$/, '/') + 'kernelspecs/saddle/' + f) : CDN;
      const headers = jupyter && jupyter.token ? { Authorization: 'token ' + jupyter.token } : {};
      const get = url => fetch(url, { headers, credentials: jupyter ? 'same-origin' : 'omit' }).then(r => {
        if (!r.ok) throw new Error(url + ': ' + r.status);
        return r.arrayBuffer();
      });
      libraries = Promise.all(urls.map(get)).then(files => {
        // As CommonJS modules of our own: a page's RequireJS, or another version of ECharts, is neither used nor touched.
        const text = files.map(f => new TextDecoder('utf-8').decode(f));
        const module = (code, require) => {
          const m = { exports: {} };
          new Function('module', 'exports', 'require', 'define', code)(m, m.exports, require, undefined);
          return m.exports;
        };
        const echarts = module(text[0], () => ({}));
        module(text[1], () => echarts);
        return echarts;
      });
      libraries.catch(() => { // try again with the next figure that comes into view: the network may be back
        setTimeout(() => { libraries = null; }, 5000);
      });
      return libraries;
    }

    let webgl = null;
    function hasWebGL() {
      if (webgl === null) {
        try {
          const gl = document.createElement('canvas').getContext('webgl');
          webgl = !!gl;
          const lose = gl && gl.getExtension('WEBGL_lose_context');
          if (lose) lose.loseContext();
        } catch (e) { webgl = false; }
      }
      return webgl;
    }

    // ---- numbers and colours -------------------------------------------------------------------------------

    function unpack(z) {
      const raw = atob(z.b), out = new Float64Array(raw.length / 2);
      for (let i = 0; i < out.length; i++) {
        const q = raw.charCodeAt(2 * i) | raw.charCodeAt(2 * i + 1) << 8;
        const t = q / 65534;
        out[i] = q === 65535 ? NaN : z.log ? z.lo * Math.pow(z.hi / z.lo, t) : z.lo + t * (z.hi - z.lo);
      }
      return out;
    }

    function format(v, digits) {
      if (v === null || v === undefined || v !== v) return '–';
      if (v === 0) return '0';
      const a = Math.abs(v);
      if (a === Infinity) return v > 0 ? '∞' : '−∞';
      let s = a < 1e-4 || a >= 1e6 ? v.toExponential(digits - 1).replace('e+', 'e') : a >= Math.pow(10, digits) ? v.toFixed(0) : v.toPrecision(digits);
      return s.replace(/-/g, '−');
    }

    const ramp = (() => {
      const stops = '@RAMP@'.match(/.{6}/g).map(h => [0, 2, 4].map(k => parseInt(h.substr(k, 2), 16)));
      const out = [];
      for (let i = 0; i < 256; i++) {
        const t = i / 255 * (stops.length - 1), k = Math.min(Math.floor(t), stops.length - 2), u = t - k;
        out.push(stops[k].map((c, j) => c + u * (stops[k + 1][j] - c)));
      }
      return out;
    })();
    const rampAt = t => ramp[Math.round(Math.min(Math.max(t, 0), 1) * 255)];
    const css = c => 'rgb(' + c.map(Math.round).join(',') + ')';
    const pathColor = k => ['#ffffff', '#ff8a5c', '#ffb8e0', '#9fe8ff'][k % 4];
    const classColor = (k, n) => css(rampAt(k / Math.max(n - 1, 1)));

    // ---- fields: grids of values ------------------------------------------------------------------------------

    function openField(f) {
      if (f.at) return f;
      const z = unpack(f.z), nx = f.x.length, ny = f.y.length;
      const cell = (grid, v) => {
        const n = grid.length;
        if (!(v >= grid[0] && v <= grid[n - 1])) return [-1, 0];
        let lo = 0, hi = n - 1;
        while (hi - lo > 1) {
          const mid = (lo + hi) >> 1;
          if (grid[mid] <= v) lo = mid; else hi = mid;
        }
        return [lo, (v - grid[lo]) / (grid[lo + 1] - grid[lo])];
      };
      f.values = z;
      f.x0 = f.x[0]; f.x1 = f.x[nx - 1]; f.y0 = f.y[0]; f.y1 = f.y[ny - 1];
      f.at = (x, y) => {
        const [j, u] = cell(f.x, x), [i, v] = cell(f.y, y);
        if (i < 0 || j < 0) return NaN;
        const k = i * nx + j;
        if (f.nearest) return z[k + (v < 0.5 ? 0 : nx) + (u < 0.5 ? 0 : 1)];
        return (1 - v) * ((1 - u) * z[k] + u * z[k + 1]) + v * ((1 - u) * z[k + nx] + u * z[k + nx + 1]);
      };
      f.unit = v => { // place on the height and colour scale, 0 to 1
        const s = scaleOf(f);
        return s.log ? Math.log(v / s.lo) / Math.log(s.hi / s.lo) : (v - s.lo) / (s.hi - s.lo);
      };
      return f;
    }

    const scaleOf = f => f.useLog && f.log ? f.log : f.lin;

    function relief(gx, gy) {
      if (gx !== gx || gy !== gy) return 1;
      const k = @HEIGHT@ / @SIDE@;
      gx *= k; gy *= k;
      const light = (0.45 * gx - 0.35 * gy + 0.82) / Math.sqrt(1 + gx * gx + gy * gy) - 0.82;
      return Math.min(Math.max(1 + 0.34 * light, 0.74), 1.16);
    }

    // Level lines of f into the path of a canvas, by marching squares.
    function traceLevel(g, f, level, X, Y) {
      const z = f.values, nx = f.x.length, ny = f.y.length;
      for (let i = 0; i + 1 < ny; i++) for (let j = 0; j + 1 < nx; j++) {
        const k = i * nx + j, a = z[k], b = z[k + 1], c = z[k + nx + 1], d = z[k + nx];
        const up = (a > level) + (b > level) + (c > level) + (d > level);
        if (up === 0 || up === 4 || a + b + c + d !== a + b + c + d) continue;
        const x0 = X(f.x[j]), x1 = X(f.x[j + 1]), y0 = Y(f.y[i]), y1 = Y(f.y[i + 1]);
        const cuts = [];
        const edge = (xa, ya, za, xb, yb, zb) => {
          if ((za > level) !== (zb > level)) {
            const t = (level - za) / (zb - za);
            cuts.push([xa + t * (xb - xa), ya + t * (yb - ya)]);
          }
        };
        edge(x0, y0, a, x1, y0, b); edge(x1, y0, b, x1, y1, c); edge(x1, y1, c, x0, y1, d); edge(x0, y1, d, x0, y0, a);
        if (cuts.length === 4 && (a > level) !== ((a + b + c + d) / 4 > level)) [cuts[1], cuts[3]] = [cuts[3], cuts[1]];
        for (let q = 0; q + 1 < cuts.length; q += 2) {
          g.moveTo(cuts[q][0], cuts[q][1]);
          g.lineTo(cuts[q + 1][0], cuts[q + 1][1]);
        }
      }
    }

    // The field's colours in the rectangle (0, 0, w, h) of a canvas, with level lines.
    function paintField(g, f, w, h, shaded, lineWidth, plain, lines, onDark) {
      const wash = f.wash || 0, side = Math.max(256, f.x.length), m = Math.max(256, f.y.length);
      const img = document.createElement('canvas');
      img.width = side; img.height = m;
      const pic = img.getContext('2d'), data = pic.createImageData(side, m), t = new Float64Array(side * m);
      for (let r = 0; r < m; r++) for (let c = 0; c < side; c++)
        t[r * side + c] = f.unit(f.at(f.x0 + (f.x1 - f.x0) * (c + 0.5) / side, f.y1 + (f.y0 - f.y1) * (r + 0.5) / m));
      if (!plain) {
        for (let r = 0; r < m; r++) for (let c = 0; c < side; c++) {
          const k = r * side + c, o = 4 * k;
          if (t[k] !== t[k]) continue;
          const col = rampAt(t[k]);
          const s = shaded && r > 0 && r < m - 1 && c > 0 && c < side - 1 ? relief((t[k + 1] - t[k - 1]) * side / 2, (t[k - side] - t[k + side]) * m / 2) : 1;
          for (let q = 0; q < 3; q++) data.data[o + q] = col[q] * s * (1 - wash) + 255 * wash;
          data.data[o + 3] = 255;
        }
        pic.putImageData(data, 0, 0);
        g.imageSmoothingQuality = 'high';
        g.drawImage(img, 0, 0, w, h);
      }
      const X = x => w * (x - f.x0) / (f.x1 - f.x0), Y = y => h * (f.y1 - y) / (f.y1 - f.y0);
      if (f.hideLines) return;
      g.lineWidth = lineWidth;
      for (const level of scaleOf(f).levels) {
        g.strokeStyle = f.bold ? CASING : plain ? css(rampAt(f.unit(level))) : lines || (f.unit(level) < @DARK@ && !wash ? 'rgba(255,255,255,.4)' : 'rgba(16,20,32,.42)');
        g.beginPath();
        traceLevel(g, f, level, X, Y);
        if (plain && (onDark ? f.unit(level) < 0.35 : f.unit(level) > 0.7)) { // a rim where the colour is like the ground
          const color = g.strokeStyle;
          g.strokeStyle = onDark ? 'rgba(236,239,243,.5)' : 'rgba(31,36,43,.5)'; g.lineWidth = lineWidth + (onDark ? 0.9 : 1.2); g.stroke();
          g.strokeStyle = color; g.lineWidth = lineWidth;
        }
        g.stroke();
      }
    }

    // ---- small painters on a 2D canvas -------------------------------------------------------------------------

    function text(g, s, x, y, color, opt) {
      opt = opt || {};
      g.font = (opt.bold ? '600 ' : '') + (opt.size || 12) + 'px ' + FONT;
      g.textAlign = opt.align || 'center';
      g.textBaseline = opt.base || 'middle';
      if (opt.halo) {
        g.lineJoin = 'round'; g.lineWidth = 3.2; g.strokeStyle = opt.halo;
        g.strokeText(s, x, y);
      }
      g.fillStyle = color;
      g.fillText(s, x, y);
    }

    function poly(g, pts, close) {
      g.beginPath();
      pts.forEach((p, i) => i ? g.lineTo(p[0], p[1]) : g.moveTo(p[0], p[1]));
      if (close) g.closePath();
    }

    function stroke(g, pts, color, width, dash) {
      if (pts.length < 2) return;
      g.save();
      g.lineJoin = g.lineCap = 'round';
      g.setLineDash(dash || []);
      g.strokeStyle = color; g.lineWidth = width;
      poly(g, pts);
      g.stroke();
      g.restore();
    }

    function disc(g, x, y, r, color) {
      g.beginPath();
      g.arc(x, y, r, 0, 2 * Math.PI);
      g.fillStyle = color;
      g.fill();
    }

    // kind: 0 plain, 1 minimum, 2 saddle, 3 maximum
    function symbol(g, kind, x, y, faint) {
      g.save();
      g.globalAlpha = faint ? 0.4 : 1;
      if (kind === 2) {
        for (const [c, w] of [['#fff', 5.5], [CASING, 2.6]]) {
          stroke(g, [[x - 5, y - 5], [x + 5, y + 5]], c, w);
          stroke(g, [[x - 5, y + 5], [x + 5, y - 5]], c, w);
        }
      } else if (kind === 3) {
        poly(g, [[x, y - 8], [x + 8, y + 6], [x - 8, y + 6]], true); g.fillStyle = '#fff'; g.fill();
        poly(g, [[x, y - 5], [x + 5.2, y + 4.2], [x - 5.2, y + 4.2]], true); g.fillStyle = CASING; g.fill();
      } else {
        disc(g, x, y, kind ? 6.5 : 5, '#fff');
        disc(g, x, y, kind ? 4.6 : 3.4, kind ? '#c41e3a' : CASING);
      }
      g.restore();
    }

    // Names of points: above each or, where that would hide another point or its name, below it or beside it.
    function nameMarks(g, marks, w, h) {
      const meets = (p, q) => p[0] < q[2] && q[0] < p[2] && p[1] < q[3] && q[1] < p[3], boxes = [];
      g.font = '600 12px ' + FONT;
      marks.forEach(([x, y, name, color], i) => {
        if (!name) return;
        const wide = g.measureText(name).width, middle = Math.min(Math.max(x - wide / 2, 2), w - wide - 2);
        const spots = [[middle, y - 21], [middle, y + 9], [x + 11, y - 6], [x - 11 - wide, y - 6]].map(p => [p[0], p[1], p[0] + wide, p[1] + 12]);
        const box = spots.find(r => r[0] >= 0 && r[2] <= w && r[1] >= 0 && r[3] <= h && !boxes.some(b => meets(r, b)) && !marks.some((o, j) => j !== i && meets(r, [o[0] - 7, o[1] - 7, o[0] + 7, o[1] + 7]))) || spots[0];
        boxes.push(box);
        text(g, name, box[0], box[1] + 6, color, { bold: true, align: 'left', halo: '#fff' });
      });
    }

    function ring(g, x, y) {
      for (const [c, w] of [['#fff', 4], [CASING, 1.6]]) {
        g.beginPath(); g.arc(x, y, 5.5, 0, 2 * Math.PI);
        g.strokeStyle = c; g.lineWidth = w; g.stroke();
      }
    }

    // A path on level ground: dark rim, arrows at each third, a dot at its start.
    function flatPath(g, pts, color) {
      if (pts.length < 2) return;
      stroke(g, pts, CASING, 4); stroke(g, pts, color, 2.2);
      let total = 0, walked = 0, next = 1;
      for (let i = 1; i < pts.length; i++) total += Math.hypot(pts[i][0] - pts[i - 1][0], pts[i][1] - pts[i - 1][1]);
      for (let i = 1; i < pts.length && next <= 3; i++) {
        let dx = pts[i][0] - pts[i - 1][0], dy = pts[i][1] - pts[i - 1][1];
        const step = Math.hypot(dx, dy);
        walked += step;
        if (!step || walked < total * next / 3 * (1 - 1e-9)) continue;
        while (walked >= total * next / 3 * (1 - 1e-9) && next <= 3) next++;
        dx /= step; dy /= step;
        for (const [c, r] of [[CASING, 8], [color, 5.5]]) {
          const qx = pts[i][0] + dx * r / 2, qy = pts[i][1] + dy * r / 2;
          poly(g, [[qx, qy], [qx - dx * r - dy * r * 0.55, qy - dy * r + dx * r * 0.55], [qx - dx * r + dy * r * 0.55, qy - dy * r - dx * r * 0.55]], true);
          g.fillStyle = c; g.fill();
        }
      }
      disc(g, pts[0][0], pts[0][1], 4.2, CASING); disc(g, pts[0][0], pts[0][1], 2.8, color);
    }

    function runs(path, map) { // the path's pieces between its gaps, mapped
      const out = [[]];
      path.x.forEach((x, i) => {
        if (x === null) out.push([]); else out[out.length - 1].push(map(x, path.y[i]));
      });
      return out;
    }

    function canvas(parent, style) {
      const c = document.createElement('canvas');
      c.setAttribute('aria-hidden', 'true');
      c.style.cssText = 'position:absolute;left:0;top:0;width:100%;height:100%;pointer-events:none;' + (style || '');
      parent.appendChild(c);
      return c;
    }

    // Clears a canvas that covers its parent, ready to draw in pixels of the page.
    function fresh(c, w, h) {
      const dpr = window.devicePixelRatio || 1;
      const W = Math.max(1, Math.round(w * dpr)), H = Math.max(1, Math.round(h * dpr));
      if (c.width !== W || c.height !== H) { c.width = W; c.height = H; }
      const g = c.getContext('2d');
      g.setTransform(dpr, 0, 0, dpr, 0, 0);
      g.clearRect(0, 0, w, h);
      return g;
    }

    // ---- panels -----------------------------------------------------------------------------------------------
    // A panel has mount(), unmount(), resize(), update() (after a switch or another frame) and hover(). `view` is the figure it is in.

    // A surface: ECharts GL draws the mesh and the floor, two canvases under and over it the box, paths and points.
    function surfacePanel(view, index, el) {
      const A = @SIDE@ / 2, B = @HEIGHT@ / 2;
      let chart = null, control = null, under, over, host, textures = [], frozen = null, words = [];
      const spec = () => view.spec(index), field = () => view.field(spec().field);
      el.tabIndex = 0;
      el.setAttribute('role', 'img');
      el.setAttribute('aria-label', view.words + ' Turn with the arrow keys, zoom with plus and minus, 0 resets the view.');
      el.style.cursor = 'grab';
      el.style.touchAction = 'pan-y';
      under = canvas(el);
      host = document.createElement('div');
      host.style.cssText = 'position:absolute;inset:0';
      el.appendChild(host);
      over = canvas(el);

      function camera() {
        const w = el.clientWidth, h = el.clientHeight, rad = Math.PI / 180;
        const sa = Math.sin(view.camera.alpha * rad), ca = Math.cos(view.camera.alpha * rad), sb = Math.sin(view.camera.beta * rad), cb = Math.cos(view.camera.beta * rad);
        const dir = [ca * sb, sa, ca * cb], right = [cb, 0, -sb], up = [-sa * sb, ca, -sa * cb], k0 = h / 2 / Math.tan(@FOV@ / 2 * rad);
        const project = (x, y, z) => {
          y -= @LIFT@;
          const k = k0 / (view.camera.distance - (x * dir[0] + y * dir[1] + z * dir[2]));
          return [w / 2 + k * (x * right[0] + z * right[2]), h / 2 - k * (x * up[0] + y * up[1] + z * up[2])];
        };
        // The ray through a place of the panel: origin and direction in the box.
        const ray = (px, py) => {
          const u = (px - w / 2) / k0, v = (h / 2 - py) / k0;
          return { o: dir.map((d, i) => d * view.camera.distance + (i === 1 ? @LIFT@ : 0)), d: dir.map((d, i) => -d + u * right[i] + v * up[i]) };
        };
        return { w, h, dir, project, ray };
      }

      const place = (f, x, y, z) => [((x - f.x0) / (f.x1 - f.x0) - 0.5) * 2 * A, (f.unit(z) - 0.5) * 2 * B, (0.5 - (y - f.y0) / (f.y1 - f.y0)) * 2 * A];
      const ground = (f, X, Z) => f.at(f.x0 + (X / (2 * A) + 0.5) * (f.x1 - f.x0), f.y0 + (0.5 - Z / (2 * A)) * (f.y1 - f.y0));

      function hidden(f, p, dir) {
        for (let d = 2; d < 150; d += 1.5) {
          const x = p[0] + d * dir[0], y = p[1] + d * dir[1], z = p[2] + d * dir[2];
          if (Math.abs(x) > A || Math.abs(z) > A || y > B) return false;
          if ((f.unit(ground(f, x, z)) - 0.5) * 2 * B > y + 0.8) return true;
        }
        return false;
      }

      // The box is drawn from outside in: floor and the two walls away from the camera, with grid, ticks and names.
      function drawBox(cam) {
        const g = fresh(under, cam.w, cam.h), T = view.theme, f = field(), s = scaleOf(f);
        const P = (x, y, z) => cam.project(x, y, z);
        const out = cam.dir[1] >= 0 ? -1 : 1; // from the floor, away from the box
        words = [];
        const fx = cam.dir[0] >= 0 ? 1 : -1, fz = cam.dir[2] >= 0 ? 1 : -1; // towards the camera
        const floor = cam.dir[1] >= 0 ? -B : B;
        const line = (p, q, color, width) => stroke(g, [P(...p), P(...q)], color, width);
        const away = (p, q) => { // how text is aligned so that it lies outside of the edge
          const a = P(...p), b = P(...q), dx = b[0] - a[0], dy = b[1] - a[1], n = Math.hypot(dx, dy) || 1;
          return { align: dx / n > 0.35 ? 'left' : dx / n < -0.35 ? 'right' : 'center', base: dy / n > 0.5 ? 'top' : dy / n < -0.5 ? 'bottom' : 'middle' };
        };
        const name = { bold: true, size: 13 };
        const xu = t => ((t - f.x0) / (f.x1 - f.x0) - 0.5) * 2 * A, yu = t => (0.5 - (t - f.y0) / (f.y1 - f.y0)) * 2 * A;
        f.xs.ticks.forEach((t, i) => {
          const x = xu(t);
          line([x, floor, A * fz], [x, floor, -A * fz], T.rule, 1);
          line([x, -B, -A * fz], [x, B, -A * fz], T.rule, 1);
          line([x, floor, A * fz], [x, floor, (A + 2) * fz], T.frame, 1);
          const at = [x, floor + out, (A + 5) * fz];
          words.push([f.xs.labels[i], P(...at), away([x, floor, A * fz], at)]);
        });
        f.ys.ticks.forEach((t, i) => {
          const z = yu(t);
          line([A * fx, floor, z], [-A * fx, floor, z], T.rule, 1);
          line([-A * fx, -B, z], [-A * fx, B, z], T.rule, 1);
          line([A * fx, floor, z], [(A + 2) * fx, floor, z], T.frame, 1);
          const at = [(A + 5) * fx, floor + out, z];
          words.push([f.ys.labels[i], P(...at), away([A * fx, floor, z], at)]);
        });
        // The upright axis stands at the left one of the box's two outer edges.
        const edges = [[-A * fx, A * fz], [A * fx, -A * fz]];
        const [ex, ez] = P(edges[0][0], 0, edges[0][1])[0] < P(edges[1][0], 0, edges[1][1])[0] ? edges[0] : edges[1];
        s.ticks.forEach((t, i) => {
          const y = (f.unit(t) - 0.5) * 2 * B;
          line([-A * fx, y, -A * fz], [A * fx, y, -A * fz], T.rule, 1);
          line([-A * fx, y, -A * fz], [-A * fx, y, A * fz], T.rule, 1);
          const p = P(ex, y, ez);
          stroke(g, [p, [p[0] - 5, p[1]]], T.frame, 1);
          words.push([s.labels[i], [p[0] - 8, p[1]], { align: 'right' }]);
        });
        line([-A, floor, A * fz], [A, floor, A * fz], T.frame, 1.2);
        line([A * fx, floor, -A], [A * fx, floor, A], T.frame, 1.2);
        line([ex, -B, ez], [ex, B, ez], T.frame, 1.2);
        const nx = [0, floor + 4 * out, (A + 21) * fz], ny = [(A + 19) * fx, floor + 4 * out, 0], top = P(ex, B, ez);
        words.unshift([f.names[0], P(...nx), Object.assign(away([0, floor, A * fz], nx), name)], [f.names[1], P(...ny), Object.assign(away([A * fx, floor, 0], ny), name)],
          [f.names[2] + (s.log ? ' (log)' : ''), [top[0], top[1] - 16], Object.assign({ base: 'bottom' }, name)]);
      }

      // Names and ticks stand above the surface, which hides what is drawn below it. Where two would overlap, as along an
      // axis that is seen from its end, the first stays.
      function drawWords(g) {
        const T = view.theme, taken = [];
        words.forEach(([s, p, opt]) => {
          g.font = (opt.bold ? '600 ' : '') + (opt.size || 12) + 'px ' + FONT;
          const w = g.measureText(s).width, h = (opt.size || 12) + 1;
          const left = p[0] - { left: 0, right: w, center: w / 2 }[opt.align || 'center'], x0 = Math.max(2, Math.min(left, el.clientWidth - w - 2)), y0 = p[1] - { top: 0, bottom: h, middle: h / 2 }[opt.base || 'middle'];
          if (taken.some(r => x0 < r[0] + r[2] && r[0] < x0 + w && y0 < r[1] + r[3] && r[1] < y0 + h)) return;
          taken.push([x0 - 3, y0, w + 6, h]);
          text(g, s, p[0] + x0 - left, p[1], opt.bold ? T.ink : T.soft, Object.assign({ halo: T.veil }, opt));
        });
      }

      function drawOver(cam) {
        const g = fresh(over, cam.w, cam.h), f = field();
        drawWords(g);
        f.paths.forEach((path, k) => runs(path, (x, y) => [x, y]).forEach(run => {
          const pts = [];
          run.forEach((p, i) => {
            const q = run[i - 1], n = q ? Math.max(1, Math.ceil(60 * Math.max(Math.abs(p[0] - q[0]) / (f.x1 - f.x0), Math.abs(p[1] - q[1]) / (f.y1 - f.y0)))) : 1;
            for (let s = 1; s <= n; s++) {
              const x = q ? q[0] + (p[0] - q[0]) * s / n : p[0], y = q ? q[1] + (p[1] - q[1]) * s / n : p[1];
              const at = place(f, x, y, f.at(x, y));
              if (at[1] === at[1]) { at[1] += 0.5; pts.push({ p: cam.project(...at), hid: hidden(f, at, cam.dir) }); }
            }
          });
          for (let i = 0; i + 1 < pts.length;) {
            let e = i + 1;
            while (e + 1 < pts.length && pts[e].hid === pts[i].hid) e++;
            const piece = pts.slice(i, e + 1).map(q => q.p);
            if (pts[i].hid) stroke(g, piece, view.theme.ink, 1.2, [2, 3]);
            else { stroke(g, piece, CASING, 4); stroke(g, piece, pathColor(k), 2.2); }
            i = e;
          }
        }));
        const marks = [];
        f.points.forEach(q => {
          const z = f.at(q.x, q.y);
          if (z !== z) return;
          const at = place(f, q.x, q.y, z);
          at[1] += 0.8;
          const p = cam.project(...at), hid = hidden(f, at, cam.dir);
          symbol(g, q.kind, p[0], p[1], hid);
          marks.push([p[0], p[1], q.name, hid ? LIGHT.soft : CASING]);
        });
        nameMarks(g, marks, cam.w, cam.h);
        if (view.pointer && view.pointer.field === f) {
          const at = place(f, view.pointer.x, view.pointer.y, view.pointer.z);
          const p = cam.project(...at);
          ring(g, p[0], p[1]);
        }
        if (spec().head) text(g, spec().head, cam.w / 2, 12, view.theme.ink, { bold: true, size: 13 });
      }

      function draw() {
        const cam = camera();
        if (!cam.w || !cam.h) return;
        drawBox(cam);
        drawOver(cam);
      }

      // The place on the surface under a place of the panel.
      function pick(px, py) {
        const f = field(), { o, d } = camera().ray(px, py);
        let before = null;
        for (let t = view.camera.distance - 110; t < view.camera.distance + 110; t += 0.5) {
          const x = o[0] + t * d[0], y = o[1] + t * d[1], z = o[2] + t * d[2];
          if (Math.abs(x) > A || Math.abs(z) > A) { before = null; continue; }
          const above = y - (f.unit(ground(f, x, z)) - 0.5) * 2 * B;
          if (before !== null && above * before <= 0) {
            const gx = f.x0 + (x / (2 * A) + 0.5) * (f.x1 - f.x0), gy = f.y0 + (0.5 - z / (2 * A)) * (f.y1 - f.y0);
            return { field: f, x: gx, y: gy, z: f.at(gx, gy) };
          }
          before = above === above ? above : null;
        }
        return null;
      }

      function options() {
        const f = field(), nx = f.x.length, ny = f.y.length, z = f.values, data = [], flat = [];
        const texture = document.createElement('canvas');
        texture.width = texture.height = 1024;
        paintField(texture.getContext('2d'), f, 1024, 1024, true, 1.6);
        for (let i = 0; i < ny; i++) for (let j = 0; j < nx; j++) {
          const v = z[i * nx + j], X = (f.x[j] - f.x0) / (f.x1 - f.x0), Y = (f.y[i] - f.y0) / (f.y1 - f.y0);
          data.push([X, Y, v === v ? f.unit(v) : '-']);
        }
        for (let i = 0; i < 2; i++) for (let j = 0; j < 2; j++) flat.push([j, i, -0.012]); // a little below the lowest value: what lies in one plane shimmers
        const washed = document.createElement('canvas');
        washed.width = washed.height = 512;
        const c = washed.getContext('2d');
        c.fillStyle = view.theme.paper; c.fillRect(0, 0, 512, 512);
        c.globalAlpha = view.dark ? 0.4 : 0.45;
        paintField(c, f, 512, 512, true, 1.1, false, view.dark ? 'rgba(255,255,255,.8)' : 'rgba(16,20,32,.78)');
        textures = [texture, washed];
        const mesh = (rows, cols, points, image) => ({ type: 'surface', silent: true, shading: 'color', colorMaterial: { detailTexture: image }, itemStyle: { color: '#fff', opacity: 1 }, wireframe: { show: false }, dataShape: [rows, cols], data: points });
        const option = JSON.parse(JSON.stringify(spec().option)); // from go-echarts: grid3D and its axes
        Object.assign(option, { animation: false, series: [mesh(2, 2, flat, washed), mesh(ny, nx, data, texture)] });
        Object.assign(option.grid3D.viewControl, { alpha: view.camera.alpha, beta: view.camera.beta, distance: view.camera.distance });
        if (still()) option.grid3D.viewControl.damping = 0;
        return option;
      }

      function setCamera() {
        if (control) {
          control.setAlpha(view.camera.alpha);
          control.setBeta(view.camera.beta);
          control.setDistance(view.camera.distance);
          control.update();
        }
        draw();
      }

      el.addEventListener('keydown', e => {
        const c = view.camera, step = e.shiftKey ? 15 : 5;
        const act = { ArrowLeft: () => c.beta += step, ArrowRight: () => c.beta -= step, ArrowUp: () => c.alpha = Math.min(c.alpha + step, 90), ArrowDown: () => c.alpha = Math.max(c.alpha - step, -90),
          '+': () => c.distance = Math.max(c.distance * 0.92, 90), '=': () => c.distance = Math.max(c.distance * 0.92, 90), '-': () => c.distance = Math.min(c.distance / 0.92, 400),
          '0': () => view.resetCamera(), Home: () => view.resetCamera() }[e.key];
        if (!act || e.ctrlKey || e.metaKey || e.altKey) return;
        e.preventDefault(); e.stopPropagation();
        act();
        view.turned();
      });
      let pressed = false;
      el.addEventListener('pointerdown', () => { pressed = true; el.style.cursor = 'grabbing'; if (frozen) view.revive(panel); });
      window.addEventListener('pointerup', () => { pressed = false; el.style.cursor = 'grab'; });
      el.addEventListener('pointerenter', () => { if (frozen) view.revive(panel); });
      el.addEventListener('pointermove', e => {
        if (pressed) return view.point(null);
        const box = el.getBoundingClientRect();
        view.point(pick(e.clientX - box.left, e.clientY - box.top), el, e.clientX - box.left, e.clientY - box.top);
      });
      el.addEventListener('pointerleave', () => view.point(null));

      const panel = {
        el, gl: true,
        alive: () => !!chart,
        mount() {
          if (chart) return;
          chart = view.echarts.init(host, null, { renderer: 'canvas' });
          chart.setOption(options());
          const grid = chart.getModel().getComponent('grid3D');
          const gridView = chart.getViewOfComponentModel && chart.getViewOfComponentModel(grid);
          control = gridView && gridView._control;
          chart.on('grid3dcamerachanged', e => {
            const c = view.camera;
            if (Math.abs(c.alpha - e.alpha) + Math.abs(c.beta - e.beta) + Math.abs(c.distance - e.distance) < 1e-6) return;
            Object.assign(c, { alpha: e.alpha, beta: e.beta, distance: e.distance });
            view.turned(panel);
          });
          const gl = host.querySelectorAll('canvas');
          gl.forEach(c => c.addEventListener('webglcontextlost', () => setTimeout(() => { if (chart) { panel.unmount(); view.lost(panel); } }, 0)));
          if (frozen) { frozen.remove(); frozen = null; }
          draw();
        },
        // Gives the WebGL context back and leaves a still of the last view.
        unmount() {
          if (!chart) return;
          const w = el.clientWidth, h = el.clientHeight;
          if (w && h && el.isConnected) {
            frozen = canvas(el);
            el.insertBefore(frozen, host);
            const g = fresh(frozen, w, h);
            try { host.querySelectorAll('canvas').forEach(c => g.drawImage(c, 0, 0, w, h)); } catch (e) { /* a lost context has no picture */ }
          }
          const contexts = [...host.querySelectorAll('canvas')];
          chart.dispose();
          contexts.forEach(c => { // do not wait for the garbage collector
            const gl = c.getContext('webgl');
            const lose = gl && gl.getExtension('WEBGL_lose_context');
            if (lose) lose.loseContext();
          });
          chart = control = null;
        },
        resize() {
          // ECharts GL switches a texture off when it meets it again in its cache (its setTextureImage): make it new.
          textures.forEach(t => { delete t.__textureid__; });
          if (chart) chart.resize();
          draw();
        },
        update() { if (chart) chart.setOption(options(), { replaceMerge: ['series'] }); draw(); },
        restyle() { panel.update(); },
        turned(by) { if (by === panel) draw(); else setCamera(); },
        hover: () => { const cam = camera(); if (cam.w) drawOver(cam); },
      };
      return panel;
    }

    // A chart of ECharts as go-echarts wrote it; `dress` adds what JSON cannot hold.
    function chartPanel(view, index, el, dress) {
      let chart = null;
      const host = document.createElement('div');
      host.style.cssText = 'position:absolute;inset:0';
      el.appendChild(host);
      el.setAttribute('role', 'img');
      el.setAttribute('aria-label', view.words);
      const options = () => {
        const option = JSON.parse(JSON.stringify(view.spec(index).option), view.dark ? (k, v) => ON_DARK[v] || v : undefined);
        option.animation = false;
        dressAxes(option, view.theme);
        (option.series || []).forEach(s => { // a narrow page: a word that would be cut moves in, and up where its point is
          if (s.labelLayout) s.labelLayout = p => {
            const over = p.labelRect.x + p.labelRect.width - (el.clientWidth - 3), under = 3 - p.labelRect.x;
            return over > 0 ? { dx: -over, dy: -15, moveOverlap: 'shiftY' } : under > 0 ? { dx: under, dy: -15, moveOverlap: 'shiftY' } : { moveOverlap: 'shiftY' };
          };
        });
        if (dress) dress(option, chart);
        return option;
      };
      const panel = {
        el, gl: false,
        chart: () => chart,
        alive: () => !!chart,
        mount() {
          if (chart) return;
          chart = view.echarts.init(host, null, { renderer: 'canvas' });
          chart.setOption(options());
        },
        unmount() {
          if (chart) chart.dispose();
          chart = null;
        },
        resize() {
          if (!chart) return;
          chart.resize();
          if (dress) chart.setOption(options(), { notMerge: true });
        },
        update() { if (chart) chart.setOption(options(), { notMerge: true }); },
        restyle() { panel.update(); },
        turned() {}, hover() {},
      };
      return panel;
    }

    // Colours of the theme, fonts, and number formats for all axes, legends and tooltips.
    function dressAxes(option, T) {
      option.textStyle = { fontFamily: FONT };
      option.backgroundColor = 'transparent';
      if (option.grid) [].concat(option.grid).forEach(g => { g.outerBoundsMode = 'none'; }); // the margins are the picture's
      [].concat(option.xAxis || [], option.yAxis || []).forEach(a => {
        a.axisLine = Object.assign({ show: true, onZero: false }, a.axisLine, { lineStyle: { color: T.frame, width: 1 } });
        a.axisTick = Object.assign({ show: true, length: 5 }, a.axisTick, { lineStyle: { color: T.frame } });
        a.axisLabel = Object.assign({ hideOverlap: true, margin: 9 }, a.axisLabel, { color: T.soft, fontSize: 12, fontFamily: FONT });
        a.splitLine = Object.assign({ show: true }, a.splitLine, { lineStyle: { color: T.rule } });
        a.minorTick = { show: false };
        a.nameTextStyle = Object.assign({}, a.nameTextStyle, { color: T.ink, fontSize: 13, fontWeight: 600, fontFamily: FONT });
        if (a.ticks) {
          const { ticks, labels } = a;
          a.axisLabel.customValues = a.axisTick.customValues = ticks;
          a.axisLabel.formatter = v => {
            let best = 0;
            ticks.forEach((t, i) => { if (Math.abs(t - v) < Math.abs(ticks[best] - v)) best = i; });
            return labels[best];
          };
          delete a.ticks; delete a.labels;
        }
        a.axisPointer = Object.assign({ label: { formatter: p => format(p.value, 4) } }, a.axisPointer, { lineStyle: { color: T.frame, type: 'solid' } });
      });
      [].concat(option.legend || []).forEach(l => Object.assign(l, { textStyle: { color: T.soft, fontSize: 12, fontFamily: FONT }, itemStyle: { borderWidth: 0 }, inactiveColor: T.frame, pageTextStyle: { color: T.soft }, pageIconColor: T.soft }));
      if (option.tooltip) {
        Object.assign(option.tooltip, { confine: true, transitionDuration: 0, backgroundColor: T.box, borderColor: T.edge, textStyle: { color: T.ink, fontSize: 12, fontFamily: FONT }, valueFormatter: v => format(Array.isArray(v) ? v[v.length - 1] : v, 4) });
      }
      (option.series || []).forEach(s => {
        if (s.label) s.label.fontFamily = FONT;
        if (s.label && !s.label.color) s.label.color = T.ink;
        if (s.label) { s.label.textBorderColor = T.paper; s.label.textBorderWidth = 3; }
      });
    }

    // A field seen from above: ECharts' axes around a canvas of ours.
    function contourPanel(view, index, el) {
      const field = () => view.field(view.spec(index).field);
      const dress = option => {
        const f = field(), spec = view.spec(index), [left, top, right, bottom] = spec.margins, w = el.clientWidth - left - right, h = el.clientHeight - top - bottom, T = view.theme, dpr = window.devicePixelRatio || 1;
        if (w <= 0 || h <= 0) return;
        const c = document.createElement('canvas');
        c.width = Math.round(w * dpr); c.height = Math.round(h * dpr);
        const g = c.getContext('2d');
        g.scale(dpr, dpr);
        paintField(g, f, w, h, false, f.bold ? 1.8 : spec.lines ? view.dark ? 2.2 : 1.6 : 0.8, spec.lines, '', view.dark);
        const X = x => w * (x - f.x0) / (f.x1 - f.x0), Y = y => h * (f.y1 - y) / (f.y1 - f.y0);
        (spec.dots || []).forEach(d => {
          disc(g, X(d[0]), Y(d[1]), 3.9, CASING);
          disc(g, X(d[0]), Y(d[1]), 2.9, classColor(d[2], spec.classes.length));
        });
        f.paths.forEach((path, k) => runs(path, (x, y) => [X(x), Y(y)]).forEach(run => flatPath(g, run, pathColor(k))));
        const marks = [];
        f.points.forEach(q => {
          if (q.x < f.x0 || q.x > f.x1 || q.y < f.y0 || q.y > f.y1) return;
          symbol(g, q.kind, X(q.x), Y(q.y));
          marks.push([X(q.x), Y(q.y), q.name, CASING]);
        });
        nameMarks(g, marks, w, h);
        const parts = [{ type: 'image', left: left, top: top, z: -1, silent: true, style: { image: c, width: w, height: h } }];
        const label = (s, x, y, o) => parts.push({ type: 'text', x, y, silent: true, style: Object.assign({ text: s, fill: T.soft, font: '12px ' + FONT, verticalAlign: 'middle' }, o) });
        const s = scaleOf(f), x = el.clientWidth - right + 16;
        if (spec.bar && spec.classes && spec.classes.length > 2) {
          spec.classes.forEach((name, k) => {
            parts.push({ type: 'rect', silent: true, shape: { x, y: top + 20 * k, width: 12, height: 12 }, style: { fill: classColor(k, spec.classes.length) } });
            label(name, x + 17, top + 20 * k + 6);
          });
        } else if (spec.bar) {
          parts.push({ type: 'rect', silent: true, shape: { x, y: top, width: 14, height: h }, style: { fill: { type: 'linear', x: 0, y: 1, x2: 0, y2: 0, colorStops: ramp.filter((_, i) => i % 15 === 0).map((col, i, all) => ({ offset: i / (all.length - 1), color: css(col) })) } } });
          s.ticks.forEach((t, i) => {
            const y = top + h * (1 - f.unit(t));
            parts.push({ type: 'line', silent: true, shape: { x1: x + 14, y1: y, x2: x + 18, y2: y }, style: { stroke: T.frame } });
            label(s.labels[i], x + 21, y);
          });
          const title = f.names[2] + (s.log ? ' (log)' : '');
          g.font = '600 13px ' + FONT;
          label(title, Math.min(x, el.clientWidth - g.measureText(title).width - 2), top - 9, { fill: T.ink, font: '600 13px ' + FONT, verticalAlign: 'bottom' });
        }
        const named = f.paths.map((path, k) => [path.name, k]).filter(p => p[0]);
        spec.legend.forEach((n, row) => {
          let at = left + w;
          const y = top - 19 - spec.lift + @ROW@ * row;
          named.splice(0, n).reverse().forEach(([name, k]) => {
            g.font = '12px ' + FONT;
            const width = g.measureText(name).width;
            label(name, at - width, y);
            parts.push({ type: 'rect', silent: true, shape: { x: at - width - 24, y: y - 2.5, width: 18, height: 5 }, style: { fill: CASING } });
            parts.push({ type: 'rect', silent: true, shape: { x: at - width - 23, y: y - 1.5, width: 16, height: 3 }, style: { fill: pathColor(k) } });
            at -= width + 40;
          });
        });
        if (spec.head) label(spec.head, left + w / 2, 11, { fill: T.ink, font: '600 13px ' + FONT, align: 'center' });
        option.graphic = { elements: parts };
      };
      const panel = chartPanel(view, index, el, dress);
      const mark = canvas(el);
      panel.hover = () => {
        const f = field(), w = el.clientWidth, h = el.clientHeight, g = fresh(mark, w, h), p = view.pointer, [left, top, right, bottom] = view.spec(index).margins;
        if (!p || p.field !== f) return;
        ring(g, left + (w - left - right) * (p.x - f.x0) / (f.x1 - f.x0), top + (h - top - bottom) * (f.y1 - p.y) / (f.y1 - f.y0));
      };
      el.addEventListener('pointermove', e => {
        const f = field(), [left, top, right, bottom] = view.spec(index).margins, box = el.getBoundingClientRect(), px = e.clientX - box.left, py = e.clientY - box.top;
        const x = f.x0 + (px - left) / (box.width - left - right) * (f.x1 - f.x0), y = f.y1 - (py - top) / (box.height - top - bottom) * (f.y1 - f.y0);
        const z = f.at(x, y);
        view.point(z === z ? { field: f, x, y, z } : null, el, px, py);
      });
      el.addEventListener('pointerleave', () => view.point(null));
      return panel;
    }

    // ---- a figure ---------------------------------------------------------------------------------------------

    const pool = []; // surfaces that hold a WebGL context, the longest unused first
    const views = new Set();

    function isDark(el) {
      const body = document.body;
      if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === 'false';
      if (body.dataset.vscodeThemeKind) return ['vscode-dark', 'vscode-high-contrast'].includes(body.dataset.vscodeThemeKind);
      for (let e = el; e; e = e.parentElement) {
        const m = getComputedStyle(e).backgroundColor.match(/[\d.]+/g);
        if (m && (m.length < 4 || +m[3] > 0.5)) return 0.299 * m[0] + 0.587 * m[1] + 0.114 * m[2] < 110;
      }
      return getComputedStyle(document.documentElement).colorScheme === 'dark';
    }

    function button(label, title, act) {
      const b = document.createElement('button');
      b.type = 'button';
      b.textContent = label;
      b.title = title;
      b.addEventListener('click', act);
      return b;
    }

    function open(root, figure) {
      const body = root.querySelector('[data-saddle-body]'), picture = root.querySelector('img');
      if (!body || !picture) return;
      const live = document.createElement('div'), bar = document.createElement('div'), tip = document.createElement('div');
      live.className = 'saddle-live';
      live.style.cssText = 'display:none;flex-wrap:wrap;gap:12px;position:relative';
      bar.className = 'saddle-bar';
      bar.style.cssText = 'display:none;flex-wrap:wrap;gap:8px;align-items:center;margin:2px 8px 6px;font:12px ' + FONT;
      tip.style.cssText = 'position:absolute;display:none;pointer-events:none;z-index:5;white-space:pre;padding:5px 8px;border-radius:4px;border:1px solid;font:12px/1.45 ' + FONT;
      body.appendChild(bar);
      body.appendChild(live);
      let panels = [], frame = 0, broken = false, shown = false;

      const view = {
        echarts: null, words: figure.words, dark: false, theme: LIGHT, pointer: null,
        camera: Object.assign({}, @CAMERA@),
        field: k => openField(content().fields[k]),
        spec: i => content().panels[i],
        resetCamera() { Object.assign(view.camera, @CAMERA@); },
        turned(by) { panels.forEach(p => p.alive() && p.turned(by)); },
        point(p, el, x, y) {
          if (!p && !view.pointer) return;
          view.pointer = p;
          panels.forEach(q => q.hover());
          tip.style.display = p ? 'block' : 'none';
          if (!p) return;
          const n = p.field.names;
          tip.textContent = n[2] + ' ' + format(p.z, 4) + '\n' + n[0] + ' ' + format(p.x, 3) + '\n' + n[1] + ' ' + format(p.y, 3);
          Object.assign(tip.style, { background: view.theme.box, color: view.theme.ink, borderColor: view.theme.edge });
          const right = el.offsetLeft + x + 16 + tip.offsetWidth < live.clientWidth;
          tip.style.left = (right ? el.offsetLeft + x + 14 : el.offsetLeft + x - tip.offsetWidth - 14) + 'px';
          tip.style.top = Math.max(0, el.offsetTop + y - 20) + 'px';
        },
        revive(panel) { claim(view, panel); },
        lost(panel) { if (visible && document.visibilityState === 'visible') setTimeout(() => guard(() => claim(view, panel)), 200); },
        panels: () => panels, root,
      };
      const content = () => figure.frames ? figure.frames[frame] : figure;

      // Anything that goes wrong ends in the picture, not in an error.
      function guard(act) {
        if (broken) return;
        try { act(); } catch (e) {
          broken = true;
          try { panels.forEach(p => p.unmount()); } catch (e2) { /* it is going away anyway */ }
          live.style.display = bar.style.display = 'none';
          picture.style.display = '';
          console.debug('saddle: the picture stays,', e);
        }
      }

      function build() {
        live.textContent = '';
        panels = content().panels.map((spec, i) => {
          const el = document.createElement('div');
          el.className = 'saddle-panel';
          el.style.cssText = 'position:relative;overflow:hidden;flex:' + spec.w + ' 1 ' + Math.min(spec.w, Math.max(280, spec.w * 0.68)) + 'px;max-width:' + (content().panels.length > 1 ? spec.w * 1.15 : spec.w) + 'px;aspect-ratio:' + spec.w + '/' + spec.h;
          live.appendChild(el);
          return { surface: surfacePanel, contour: contourPanel, chart: chartPanel }[spec.kind](view, i, el);
        });
        live.appendChild(tip);
      }

      function buildBar() {
        bar.textContent = '';
        bar.style.colorScheme = view.dark ? 'dark' : 'light';
        const style = b => { b.style.cssText = 'font:12px ' + FONT + ';padding:2px 9px;border-radius:4px;cursor:pointer;border:1px solid ' + view.theme.edge + ';background:transparent;color:' + view.theme.ink; return b; };
        if (figure.frames) {
          const label = document.createElement('label'), range = document.createElement('input'), out = document.createElement('output');
          label.style.cssText = 'display:flex;gap:8px;align-items:center;flex:1 1 300px;color:' + view.theme.ink;
          range.type = 'range'; range.min = 0; range.max = figure.frames.length - 1; range.step = 1; range.value = frame;
          range.style.flex = '1'; range.style.maxWidth = '420px'; range.style.accentColor = view.theme.focus;
          const show = () => { out.textContent = figure.frames[frame].label; range.setAttribute('aria-valuetext', figure.frames[frame].label); };
          range.addEventListener('input', () => guard(() => {
            const kinds = () => content().panels.map(p => p.kind).join();
            const before = kinds();
            frame = +range.value;
            show();
            view.point(null);
            if (kinds() === before) return panels.forEach(p => p.update());
            panels.forEach(p => { p.unmount(); forget(p); });
            build();
            mountAll();
          }));
          label.append(document.createTextNode(figure.name), range, out);
          bar.appendChild(label);
          show();
        }
        const fields = content().fields;
        if (fields.length && fields.every(f => f.log)) {
          const b = style(button('', 'Switch between a linear and a logarithmic scale', () => guard(() => {
            useLog = !useLog;
            (figure.frames || [figure]).forEach(c => c.fields.forEach(f => { f.useLog = useLog; }));
            caption();
            panels.forEach(p => p.update());
          })));
          const caption = () => { b.textContent = useLog ? 'Linear scale' : 'Log scale'; b.setAttribute('aria-pressed', useLog); };
          caption();
          bar.appendChild(b);
        }
        if (fields.some(f => !f.bold) && !content().panels.some(p => p.lines)) {
          const b = style(button('Isolines', 'Show or hide the level lines', () => guard(() => {
            const hide = !fields[0].hideLines;
            (figure.frames || [figure]).forEach(c => c.fields.forEach(f => { f.hideLines = hide; }));
            b.setAttribute('aria-pressed', !hide);
            panels.forEach(p => p.update());
          })));
          b.setAttribute('aria-pressed', 'true');
          bar.appendChild(b);
        }
        if (content().panels.some(p => p.kind === 'surface')) bar.appendChild(style(button('Reset view', 'Back to the first view', () => guard(() => { view.resetCamera(); view.turned(); }))));
        bar.style.display = bar.children.length ? 'flex' : 'none';
      }
      let useLog = figure.frames ? figure.frames[0].fields.some(f => f.useLog) : figure.fields.some(f => f.useLog);

      function mountAll() {
        panels.forEach(p => p.gl ? claim(view, p) : p.mount());
      }

      let visible = false;
      function appear() {
        visible = true;
        load().then(echarts => {
          if (!visible || broken) return;
          guard(() => {
            view.echarts = echarts;
            if (content().panels.some(p => p.kind === 'surface') && !hasWebGL()) throw new Error('no WebGL');
            if (!shown) {
              view.dark = isDark(root);
              view.theme = view.dark ? DARK : LIGHT;
              live.style.display = 'flex';
              picture.style.display = 'none';
              if (!panels.length) build();
              buildBar();
              shown = true;
            }
            mountAll();
            root.setAttribute('data-live', view.dark ? 'dark' : 'light');
          });
        }, () => { /* no libraries: the picture stays */ });
      }

      function disappear() {
        visible = false;
        view.point(null);
        panels.forEach(p => {
          if (p.gl || !root.isConnected) { p.unmount(); forget(p); }
        });
      }

      view.restyle = () => guard(() => {
        if (!shown) return;
        const dark = isDark(root);
        if (dark === view.dark) return;
        view.dark = dark;
        view.theme = dark ? DARK : LIGHT;
        buildBar();
        panels.forEach(p => p.alive() ? p.restyle() : p.turned());
        root.setAttribute('data-live', dark ? 'dark' : 'light');
      });
      views.add(view);

      if (!window.IntersectionObserver) { appear(); return; }
      new IntersectionObserver(entries => {
        const last = entries[entries.length - 1];
        if (last.isIntersecting) appear(); else if (visible) disappear();
      }, { rootMargin: '150px' }).observe(body);
      let width = 0;
      if (window.ResizeObserver) new ResizeObserver(() => {
        const w = live.clientWidth;
        if (!shown || w === width) return;
        width = w; // 0 while hidden: what changed meanwhile is drawn when it is back
        if (!w) return;
        guard(() => panels.forEach(p => p.resize()));
      }).observe(live);
    }

    // Gives a surface a WebGL context, taking that of the longest unused one where there are too many.
    function claim(view, panel) {
      forget(panel);
      pool.push(panel);
      while (pool.length > MAX_GL) pool.shift().unmount();
      panel.mount();
    }

    function forget(panel) {
      const i = pool.indexOf(panel);
      if (i >= 0) pool.splice(i, 1);
    }

    const themes = new MutationObserver(() => setTimeout(() => views.forEach(v => { if (v.root.isConnected) v.restyle(); }), 50));
    [document.documentElement, document.body].forEach(e => e && themes.observe(e, { attributes: true, attributeFilter: ['class', 'style', 'data-jp-theme-light', 'data-jp-theme-name', 'data-theme', 'data-vscode-theme-kind'] }));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => views.forEach(v => v.restyle()));

    return {
      start(id, figure) {
        document.querySelectorAll('figure[data-saddle="' + id + '"]:not([data-started])').forEach(root => {
          root.setAttribute('data-started', '');
          // Each view of an output has its own copy of the numbers, as it has its own switches.
          try { open(root, JSON.parse(JSON.stringify(figure))); } catch (e) { console.debug('saddle: the picture stays,', e); }
        });
      },
    };
  }
})
