package charttest

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Tab is a page in the browser, with what it complained of and what it asked other machines for.
type Tab struct {
	t      testing.TB
	ctx    context.Context
	folder string

	mu       sync.Mutex
	problems []string
	foreign  []string
}

func newTab(t testing.TB, ctx context.Context, folder string) *Tab {
	t.Helper()
	b := &Tab{t: t, ctx: ctx, folder: folder}
	chromedp.ListenTarget(ctx, b.hear)
	if err := chromedp.Run(ctx, network.Enable(), log.Enable()); err != nil { // the first Run of a context may not have a deadline: the tab would end with it
		t.Fatal(err)
	}
	return b
}

func (b *Tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := event.(type) {
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, "exception: "+ev.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.APITypeError || ev.Type == runtime.APITypeWarning || ev.Type == runtime.APITypeDebug {
			text := string(ev.Type) + ":"
			for _, a := range ev.Args {
				text += " " + string(a.Value) + a.Description
			}
			b.problems = append(b.problems, text)
		}
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.LevelError {
			b.problems = append(b.problems, "log: "+ev.Entry.Text+" "+ev.Entry.URL)
		}
	case *page.EventJavascriptDialogOpening: // "leave this page?"
		go chromedp.Run(b.ctx, page.HandleJavaScriptDialog(true))
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(ev.Request.URL)
		if err != nil || slices.Contains([]string{"http", "https", "ws", "wss"}, u.Scheme) && u.Hostname() != "127.0.0.1" {
			b.foreign = append(b.foreign, ev.Request.URL)
		}
	}
}

// Problems are the exceptions, and the errors, warnings and debugging words of the console since the last Forget.
func (b *Tab) Problems() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.problems)
}

// Foreign are the addresses of other machines that the page asked for since the last Forget.
func (b *Tab) Foreign() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.foreign)
}

// Forget drops what earlier pages complained of and asked for.
func (b *Tab) Forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems, b.foreign = nil, nil
}

// Do carries out actions.
func (b *Tab) Do(actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.fail("%v", err)
	}
}

// Navigate goes to an address and waits until the page is loaded.
func (b *Tab) Navigate(url string) {
	b.t.Helper()
	b.Do(chromedp.ActionFunc(func(ctx context.Context) error { // chromedp's own waits for events that some pages do not send
		_, _, failed, _, err := page.Navigate(url).Do(ctx)
		if err == nil && failed != "" {
			err = fmt.Errorf("going to %s: %s", url, failed)
		}
		return err
	}))
	b.Wait(url, `document.readyState === "complete"`)
}

// fail ends the test with a picture of the page and what it said.
func (b *Tab) fail(format string, args ...any) {
	b.t.Helper()
	b.Keep("failed")
	b.t.Fatalf("%s\nthe page said:\n%s", fmt.Sprintf(format, args...), strings.Join(b.Problems(), "\n"))
}

// Eval evaluates an expression in the page, and waits where it is a promise.
func Eval[T any](b *Tab, expression string) (result T) {
	b.t.Helper()
	b.Do(chromedp.Evaluate(expression, &result, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return result
}

// Wait waits until an expression is true in the page. It may be asked anew in another page, where the first one leads on.
func (b *Tab) Wait(what, expression string) {
	b.t.Helper()
	b.Until(what, func() bool {
		var ok bool
		ctx, cancel := context.WithTimeout(b.ctx, Patience)
		defer cancel()
		return chromedp.Run(ctx, chromedp.Evaluate("!!("+expression+")", &ok)) == nil && ok
	})
}

// Until asks until the answer is yes.
func (b *Tab) Until(what string, ask func() bool) {
	b.t.Helper()
	deadline := time.Now().Add(Patience)
	for !ask() {
		if time.Now().After(deadline) || b.ctx.Err() != nil {
			b.fail("waited in vain for %s", what)
		}
		time.Sleep(40 * time.Millisecond) // between two questions, so that the page gets on with it
	}
}

// Drawn waits for two frames of the page.
func (b *Tab) Drawn() {
	b.t.Helper()
	Eval[bool](b, "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(true))))")
}

// Box is where the nth element that matches is in the window.
func (b *Tab) Box(selector string, n int) (x, y, width, height float64) {
	b.t.Helper()
	r := Eval[[]float64](b, fmt.Sprintf("(() => { const r = document.querySelectorAll(%q)[%d].getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; })()", selector, n))
	return r[0], r[1], r[2], r[3]
}

// Drag presses the mouse at a place in the window, moves it by (dx, dy) pixels, and lets go.
func (b *Tab) Drag(x, y, dx, dy float64) {
	b.t.Helper()
	b.Do(chromedp.MouseEvent(input.MouseMoved, x, y),
		chromedp.MouseEvent(input.MousePressed, x, y, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseMoved, x+dx/2, y+dy/2, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseMoved, x+dx, y+dy, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.MouseReleased, x+dx, y+dy, chromedp.ButtonLeft))
}

// Resize gives the window another size in pixels, frame and all, and waits until the page has it.
func (b *Tab) Resize(width, height int64) {
	b.t.Helper()
	b.Do(chromedp.ActionFunc(func(ctx context.Context) error {
		id, _, err := browser.GetWindowForTarget().Do(ctx)
		if err != nil {
			return err
		}
		return browser.SetWindowBounds(id, &browser.Bounds{Width: width, Height: height}).Do(ctx)
	}))
	b.Wait("the window's new size", fmt.Sprintf("outerWidth === %d && outerHeight === %d && Math.abs(innerWidth - %[1]d) < 30", width, height))
	b.Drawn()
}

// Shot is a picture of the nth element that matches. Under a name it is kept for people to look at.
func (b *Tab) Shot(name, selector string, n int) image.Image {
	b.t.Helper()
	x, y, width, height := b.Box(selector, n)
	off := Eval[[]float64](b, "[scrollX, scrollY]")
	var data []byte
	b.Do(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		data, err = page.CaptureScreenshot().WithClip(&page.Viewport{X: x + off[0], Y: y + off[1], Width: width, Height: height, Scale: 1}).Do(ctx)
		return err
	}))
	return b.picture(name, data)
}

// Page is a picture of the whole page, also of what is outside the window. Under a name it is kept.
func (b *Tab) Page(name string) image.Image {
	b.t.Helper()
	var data []byte
	b.Do(chromedp.FullScreenshot(&data, 100))
	return b.picture(name, data)
}

// picture decodes a picture, and keeps it where it has a name.
func (b *Tab) picture(name string, data []byte) image.Image {
	b.t.Helper()
	if name != "" {
		b.write(name, data)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		b.t.Fatal(err)
	}
	return img
}

// See looks at the nth element that matches until its picture is right.
func (b *Tab) See(what, selector string, n int, right func(image.Image) bool) (img image.Image) {
	b.t.Helper()
	b.Until(what, func() bool {
		b.Drawn()
		img = b.Shot("", selector, n)
		return right(img)
	})
	return img
}

// Still looks at the nth element that matches until it is drawn the same three times in a row.
func (b *Tab) Still(selector string, n int) image.Image {
	b.t.Helper()
	var last image.Image
	same := 0
	return b.See("a picture that stays", selector, n, func(img image.Image) bool {
		if last != nil && Apart(last, img) == 0 {
			same++
		} else {
			same = 0
		}
		last = img
		return same == 2
	})
}

// Keep saves a picture of the window under a name, for people to look at. What keeps it from being saved is not told.
func (b *Tab) Keep(name string) {
	var data []byte
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if chromedp.Run(ctx, chromedp.CaptureScreenshot(&data)) == nil {
		b.write(name, data)
	}
}

func (b *Tab) write(name string, data []byte) {
	path := filepath.Join(b.folder, strings.NewReplacer("/", "-", " ", "-").Replace(b.t.Name()), name+".png")
	if os.MkdirAll(filepath.Dir(path), 0o755) == nil {
		os.WriteFile(path, data, 0o644)
	}
}

// CDN are the addresses that a figure asks for its libraries outside of Jupyter, with the files in the folder of libraries.
func CDN(libraries string) map[string]string {
	files := map[string]string{}
	for _, name := range []string{"echarts@6.1.0/dist/echarts.min.js", "echarts-gl@2.1.0/dist/echarts-gl.min.js"} {
		files["https://cdn.jsdelivr.net/npm/"+name] = filepath.Join(libraries, filepath.Base(name))
	}
	return files
}

// Answer puts files in the place of the rest of the world: a request for one of the addresses is given the file, as a
// content delivery network gives it, and any other request beyond this machine fails as it does without a network.
func (b *Tab) Answer(files map[string]string) {
	b.t.Helper()
	chromedp.ListenTarget(b.ctx, func(event any) {
		ev, ok := event.(*fetch.EventRequestPaused)
		if !ok {
			return
		}
		var act chromedp.Action = fetch.FailRequest(ev.RequestID, network.ErrorReasonInternetDisconnected)
		if u, err := url.Parse(ev.Request.URL); err == nil && u.Hostname() == "127.0.0.1" {
			act = fetch.ContinueRequest(ev.RequestID)
		} else if path, ok := files[ev.Request.URL]; ok {
			if text, err := os.ReadFile(path); err == nil {
				act = fetch.FulfillRequest(ev.RequestID, 200).WithBody(base64.StdEncoding.EncodeToString(text)).WithResponseHeaders([]*fetch.HeaderEntry{
					{Name: "Content-Type", Value: "application/javascript; charset=utf-8"}, {Name: "Access-Control-Allow-Origin", Value: "*"}})
			}
		}
		go chromedp.Run(b.ctx, act)
	})
	b.Do(fetch.Enable().WithPatterns([]*fetch.RequestPattern{{URLPattern: "http://*"}, {URLPattern: "https://*"}}))
}

// Context is the tab as chromedp knows it, for what is done to it here and nowhere else.
func (b *Tab) Context() context.Context { return b.ctx }
