// Package chart draws the figures of a loss-landscape notebook: training curves, lines, surfaces with
// their contours, spectra, paths, diagrams, verdicts.
//
// A figure is a plain struct of numbers and words. It knows nothing of networks, optimizers or kernels;
// packages that have results fill one in and hand it on:
//
//	chart.Surface{X: xs, Y: ys, Z: loss, XName: "alpha", YName: "beta", ZName: "loss"}
//
// Every figure has the same four methods. MIMEBundle is what a notebook front end is given: text/html
// (a live chart), image/png (the same figure, still) and text/plain (its numbers). Save writes a file,
// its format chosen by the extension. Show puts the figure into the page while a cell runs, or outside a
// notebook into an HTML file. String gives the numbers in words.
//
// # How a figure is never blank
//
// The HTML of a figure begins as a picture: an <img> that holds a PNG drawn in Go, which any front end
// shows, trusted or not, with or without a network. A script beside it looks for the chart libraries
// (Apache ECharts and ECharts GL) in the page, then at the Jupyter server that serves them with the
// kernelspec, then, outside Jupyter, at a CDN. Where it finds them the picture becomes a live chart, where it
// does not the picture stays. Both are computed from the same numbers with the same colours, ticks and camera.
//
// The picture is paint.go and its neighbours; the live chart is figure.js, which is part of each figure's HTML.
package chart
