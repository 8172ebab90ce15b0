// Package charttest is support for tests that look at figures in a real browser: a headless Chromium, its tabs, what
// they show and what goes wrong in them.
//
// A test package has one Chromium, and each test a tab of its own, so that tests may run beside each other:
//
//	var chromium charttest.Chromium
//
//	func TestMain(m *testing.M) {
//		code := m.Run()
//		chromium.Close()
//		os.Exit(code)
//	}
//
//	func TestPage(t *testing.T) {
//		tab := chromium.Open(t, "artifacts")
//		tab.Navigate("http://...")
//		tab.Wait("the figure", `document.querySelector("[data-live]")`)
//	}
//
// Tests wait for what they look for, never for time to pass; what does not come fails the test after Patience.
// Where there is no Chromium the tests are skipped and say so, unless SADDLE_TEST_BROWSER is "must".
package charttest

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Patience is how long a tab waits for something before it fails the test. It is long, as machines that run tests are
// slow at times.
const Patience = 4 * time.Minute

// Need skips a test for want of something, or fails it where the browser tests must run.
func Need(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("SADDLE_TEST_BROWSER") == "must" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// Chromium is a headless browser. It starts with its first tab. The zero value is ready.
type Chromium struct {
	start   sync.Once
	program string // "" where there is none
	err     error
	ctx     context.Context // of the first tab, which stays empty: the browser ends with it
	cancel  func()
}

// Close ends the browser.
func (c *Chromium) Close() {
	if c.cancel != nil {
		c.cancel()
	}
}

// Open opens a tab of 1400 x 1000 pixels, which is closed when the test ends. Pictures are kept in the folder.
func (c *Chromium) Open(t testing.TB, folder string) *Tab {
	t.Helper()
	if testing.Short() {
		t.Skip("browser tests are long")
	}
	c.start.Do(c.run)
	if c.program == "" {
		Need(t, "there is no Chromium on the PATH: the browser tests need one (Debian: apt-get install chromium)")
	}
	if c.err != nil {
		t.Fatalf("starting %s: %v", c.program, c.err)
	}
	// A window of its own: the page of a tab behind another is never drawn.
	browser := cdp.WithExecutor(c.ctx, chromedp.FromContext(c.ctx).Browser)
	id, err := target.CreateTarget("about:blank").WithNewWindow(true).WithWidth(1400).WithHeight(1000).Do(browser)
	if err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	ctx, cancel := chromedp.NewContext(c.ctx, chromedp.WithTargetID(id))
	t.Cleanup(func() {
		target.CloseTarget(id).Do(browser)
		cancel()
	})
	return newTab(t, ctx, folder)
}

// run starts the browser; it can draw WebGL without a graphics card.
func (c *Chromium) run() {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			c.program = path
			break
		}
	}
	if c.program == "" {
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(c.program), chromedp.NoSandbox, chromedp.WindowSize(1400, 1000),
		chromedp.WSURLReadTimeout(Patience),
		chromedp.Flag("use-angle", "swiftshader"), chromedp.Flag("enable-unsafe-swiftshader", true), chromedp.Flag("ignore-gpu-blocklist", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	c.ctx, c.cancel = ctx, func() { cancel(); end() }
	c.err = chromedp.Run(ctx)
}
