// Package browsertest looks at Saddle through a real browser: notebooks in the real JupyterLab, handouts opened from a
// file. It has no code but its tests, and knows only what a user sees: pages, pixels, the console and the network.
//
// The tests need what install.sh puts in place (JupyterLab in .venv, the kernel) and a Chromium. Where either is
// missing they are skipped and say so, unless SADDLE_TEST_BROWSER is "must". Screenshots are kept in artifacts/.
package browsertest
