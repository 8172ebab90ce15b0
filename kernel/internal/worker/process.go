package worker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// Private marks names that cells spell in lower case: the compiler is given them with this letter in front, which makes
// them visible across the packages that cells become. It is taken out of all that a user reads.
const Private = "Ⱟ" // U+2C2F GLAGOLITIC CAPITAL LETTER CAUDATE CHRI, a capital letter hardly anyone prints

// Limits of patience and size.
const (
	graceBlocked = 2 * time.Second // an interrupted cell blocked in a library is left behind after this
	graceBusy    = 5 * time.Second // one that burns processor time is ended, with its process, after this
	streamLimit  = 16 << 20        // bytes of stdout and stderr a cell may print
	streamChunk  = 256 << 10       // bytes a stream message carries at most
)

// ErrLost says that the process went away.
var ErrLost = errors.New("the worker process is gone")

// Process is a running worker. Run is called by one goroutine at a time; everything else is safe for concurrent use.
type Process struct {
	cmd     *exec.Cmd
	stdin   *os.File
	request *os.File
	enc     *json.Encoder
	encMu   sync.Mutex

	mu          sync.Mutex
	out         Output
	done        chan *Outcome // of the cell now running; nil between cells
	number      int           // of the run now or last running
	noInput     bool          // nobody can be asked
	replies     chan Event    // answers to text requests
	interrupted int           // how often the user has, in this cell
	stopping    bool          // the cell was told to stop, by the user or by the kernel
	reason      *Failure      // why the kernel itself ended the cell or the process
	printed     int64         // bytes of streams in this cell
	tail        []byte        // the end of stderr
	gone        chan struct{} // closed when the process has ended and all its output is out
	exit        error
	reqMu       sync.Mutex // one text request at a time
	page        Page
}

// Config says how to start a worker.
type Config struct {
	Path   string   // the program
	Dir    string   // its working directory
	Env    []string // its environment
	Out    Output   // where output goes before the first cell
	Memory int64    // bytes it may use; 0: as many as there are

	Page Page // takes what gonbui asks of the page
}

// Page is the notebook's page as gonbui sees it. Its methods are given the output of the running cell, and must not block.
type Page interface {
	FromCell(v Comm, out Output)  // what comms send
	Script(d Display, out Output) // what package dom shows in the place for its scripts
	Sync(done func())             // done is to be called when the scripts have run, or will not
}

// Start starts a worker and waits until it is ready.
func Start(ctx context.Context, cfg Config) (*Process, error) {
	p := &Process{out: cfg.Out, page: cfg.Page, gone: make(chan struct{}), replies: make(chan Event, 1)}
	ready := make(chan error, 1)
	go p.life(cfg, ready)
	select {
	case err := <-ready:
		if err != nil {
			p.Kill()
			return nil, fmt.Errorf("starting the worker: %w", err)
		}
		return p, nil
	case <-ctx.Done():
		p.Kill()
		return nil, ctx.Err()
	}
}

// life starts the process, reads all that comes from it until it ends, and reaps it. It keeps its thread: Linux sends
// the death signal that guards against orphans when the thread that started a process ends.
func (p *Process) life(cfg Config, ready chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var files [5][2]*os.File // stdin, stdout, stderr, requests, events
	for i := range files {
		r, w, err := os.Pipe()
		if err != nil {
			ready <- err
			close(p.gone)
			return
		}
		files[i] = [2]*os.File{r, w}
	}
	cmd := exec.Command(cfg.Path)
	cmd.Dir, cmd.Env = cfg.Dir, append(cfg.Env[:len(cfg.Env):len(cfg.Env)], fmt.Sprintf("%s=%d", MemoryVariable, cfg.Memory))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = files[0][0], files[1][1], files[2][1]
	cmd.ExtraFiles = []*os.File{files[3][0], files[4][1]}
	cmd.SysProcAttr = processAttributes()
	p.mu.Lock()
	p.cmd, p.stdin, p.request = cmd, files[0][1], files[3][1]
	p.enc = json.NewEncoder(p.request)
	err := cmd.Start()
	p.mu.Unlock()
	for _, f := range []*os.File{files[0][0], files[1][1], files[2][1], files[3][0], files[4][1]} {
		f.Close()
	}
	if err != nil {
		ready <- err
		close(p.gone)
		return
	}
	if cfg.Memory > 0 {
		go p.watchMemory(cmd.Process.Pid, cfg.Memory)
	}
	read := []*os.File{files[1][0], files[2][0], files[4][0]}
	p.pump(read, ready)
	p.exit = cmd.Wait()
	for _, f := range append(read, p.stdin, p.request) {
		f.Close()
	}
	p.mu.Lock()
	done := p.done
	p.done = nil
	lost := p.lost()
	p.mu.Unlock()
	select {
	case ready <- fmt.Errorf("it ended at once: %s", lost.Detail):
	default:
	}
	close(p.gone)
	if done != nil {
		done <- &Outcome{Failure: lost}
	}
}

// pump carries output until every pipe is closed. One loop reads them all, so that order can be kept: before an event
// is handled, whatever was printed before it has been sent.
func (p *Process) pump(files []*os.File, ready chan<- error) {
	streams := []*stream{{p: p, name: "stdout", fd: int(files[0].Fd())}, {p: p, name: "stderr", fd: int(files[1].Fd())}}
	events := int(files[2].Fd())
	fds := []unix.PollFd{{Fd: int32(streams[0].fd), Events: unix.POLLIN}, {Fd: int32(streams[1].fd), Events: unix.POLLIN}, {Fd: int32(events), Events: unix.POLLIN}}
	for _, f := range fds {
		unix.SetNonblock(int(f.Fd), true)
	}
	drain := func() {
		for i, s := range streams {
			if fds[i].Fd >= 0 && !s.read() {
				fds[i].Fd = -1
			}
		}
	}
	var pending []byte
	buf := make([]byte, 1<<16)
	for fds[2].Fd >= 0 {
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			return
		}
		drain()
		if fds[2].Revents == 0 {
			continue
		}
		n, err := unix.Read(events, buf)
		if err == unix.EAGAIN || err == unix.EINTR {
			continue
		}
		if n <= 0 {
			fds[2].Fd = -1
			continue
		}
		pending = append(pending, buf[:n]...)
		for {
			line, rest, ok := bytes.Cut(pending, []byte{'\n'})
			if !ok {
				break
			}
			var ev Event
			if err := json.Unmarshal(line, &ev); err == nil {
				drain()
				if ev.Ack || ev.Outcome != nil {
					for _, s := range streams {
						s.flush()
					}
				}
				p.handle(ev, ready)
			}
			pending = rest
		}
		pending = append([]byte(nil), pending...)
	}
	// The process is ending. What it wrote last is in the pipes; a child that it left may hold them open for ever.
	for deadline := time.Now().Add(300 * time.Millisecond); fds[0].Fd >= 0 || fds[1].Fd >= 0; {
		drain()
		left := time.Until(deadline)
		if left <= 0 {
			break
		}
		unix.Poll(fds[:2], int(left.Milliseconds())+1)
	}
	for _, s := range streams {
		s.flush()
	}
}

// stream is one of stdout and stderr, read without blocking.
type stream struct {
	p    *Process
	name string
	fd   int
	held []byte // the start of a character whose rest has not come yet
}

// read sends what is there; false at the end of the stream.
func (s *stream) read() bool {
	buf := make([]byte, streamChunk)
	for {
		n, err := unix.Read(s.fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err == unix.EAGAIN {
			return true
		}
		if n <= 0 || err != nil {
			return false
		}
		s.held = append(s.held, buf[:n]...)
		whole := len(s.held)
		for i := 1; i < utf8.UTFMax && i <= len(s.held); i++ {
			if c := s.held[len(s.held)-i]; utf8.RuneStart(c) {
				if c >= utf8.RuneSelf && !utf8.FullRune(s.held[len(s.held)-i:]) {
					whole -= i
				}
				break
			}
		}
		s.send(s.held[:whole])
		s.held = append([]byte(nil), s.held[whole:]...)
	}
}

func (s *stream) flush() {
	if len(s.held) > 0 {
		s.send(s.held)
		s.held = nil
	}
}

func (s *stream) send(b []byte) {
	if len(b) == 0 {
		return
	}
	p := s.p
	p.mu.Lock()
	out := p.out
	before := p.printed
	p.printed += int64(len(b))
	if s.name == "stderr" {
		p.tail = append(p.tail, b...)
		if len(p.tail) > 64<<10 {
			// Keep both ends: a crash names its cause first.
			p.tail = append(p.tail[:16<<10:16<<10], p.tail[len(p.tail)-16<<10:]...)
		}
	}
	p.mu.Unlock()
	if before > streamLimit {
		return
	}
	if before+int64(len(b)) > streamLimit {
		b = b[:streamLimit-before]
		defer out.Stream("stderr", fmt.Sprintf("\n[saddle: this cell printed more than %d MB; the rest is left out]\n", streamLimit>>20))
	}
	out.Stream(s.name, Clean(strings.ToValidUTF8(string(b), "\uFFFD")))
}

// HiddenTag begins the tags of fields that cells spell in lower case, so that encoders skip them.
const HiddenTag = `json:"-" xml:"-" yaml:"-" toml:"-"`

// printed is HiddenTag as reflection prints it: alone, and before a tag of the user's own.
var printed = strings.NewReplacer(" "+strconv.Quote(HiddenTag), "", strings.TrimSuffix(strconv.Quote(HiddenTag+" "), `"`), `"`)

// Clean takes the marks of lower-case names out of text for a reader, and gives the packages of cells, whose paths
// reflection shows in type arguments, the name of the one package that a notebook is.
func Clean(text string) string {
	if strings.Contains(text, "toml:") {
		text = printed.Replace(text)
	}
	if strings.Contains(text, UnitPrefix) {
		text = unitPath.ReplaceAllString(text, "main.")
	}
	return strings.ReplaceAll(text, Private, "")
}

// cleaned cleans the texts of a bundle.
func cleaned(d Display) Display {
	for mime, data := range d.Data {
		if text, ok := data.(string); ok && strings.HasPrefix(mime, "text/") {
			d.Data[mime] = Clean(text)
		}
	}
	return d
}

// UnitPrefix begins the path of the package that is made of a cell; its number follows.
const UnitPrefix = "nb/c"

var unitPath = regexp.MustCompile(UnitPrefix + `[0-9]+\.`)

// handle carries out one event.
func (p *Process) handle(ev Event, ready chan<- error) {
	p.mu.Lock()
	out := p.out
	p.mu.Unlock()
	switch ev.Kind {
	case "ready":
		var err error
		if ev.Protocol != Protocol {
			err = fmt.Errorf("the sources of Saddle are newer or older than this kernel (protocol %d and %d): run ./install.sh in their folder, then restart the kernel", ev.Protocol, Protocol)
		}
		select {
		case ready <- err:
		default:
		}
	case "done":
		p.mu.Lock()
		done := p.done
		p.done = nil
		if p.reason != nil {
			ev.Outcome.Failure = p.reason
		}
		p.mu.Unlock()
		if done != nil {
			done <- ev.Outcome
		}
	case "result":
		out.Result(cleaned(*ev.Display))
	case "display":
		out.Display(cleaned(*ev.Display))
	case "script":
		p.page.Script(cleaned(*ev.Display), out)
	case "sync":
		p.page.Sync(func() { p.send(Request{Op: "synced", Number: ev.Number}) })
	case "clear":
		out.Clear(ev.Wait)
	case "comm":
		p.page.FromCell(*ev.Comm, out)
	case "input":
		p.mu.Lock()
		noInput := p.noInput
		p.mu.Unlock()
		if noInput {
			p.input(out, ev) // fails at once, and before the cell can report its end
		} else {
			go p.input(out, ev)
		}
	case "text":
		select {
		case p.replies <- ev:
		default:
		}
	}
	if ev.Ack {
		p.send(Request{Op: "ack"})
	}
}

// input asks the user and feeds the answer to the worker's standard input.
func (p *Process) input(out Output, ev Event) {
	answer, err := out.Input(ev.Prompt, ev.Password)
	if errors.Is(err, context.Canceled) {
		return // by an interrupt, which ends the cell by itself
	}
	if err != nil {
		p.Fail(err.Error(), out)
		return
	}
	p.Feed(answer + "\n")
}

// Fail ends the running cell, if out is its output, as an interrupt would, and has it fail with a message, whatever the
// cell itself still says of its end.
func (p *Process) Fail(message string, out Output) {
	p.mu.Lock()
	if p.done == nil || p.out != out || p.stopping {
		p.mu.Unlock()
		return
	}
	p.reason = &Failure{Kind: "error", Message: message}
	p.stopping = true
	done, number := p.done, p.number
	p.mu.Unlock()
	p.stop(done, number)
}

// Feed writes to the worker's standard input.
func (p *Process) Feed(text string) error {
	_, err := p.stdin.WriteString(text)
	return err
}

func (p *Process) send(r Request) error {
	p.encMu.Lock()
	defer p.encMu.Unlock()
	if err := p.enc.Encode(r); err != nil {
		return fmt.Errorf("%w: %w", ErrLost, err)
	}
	return nil
}

// Run has the worker open a plugin and run its cell, and returns how that ended. It does not return before all the
// cell's output is out. A worker that dies is an Outcome of kind lost; one that was dead before is ErrLost, and the cell has
// not begun. The end of ctx is an interrupt.
func (p *Process) Run(ctx context.Context, r Request, out Output) (*Outcome, error) {
	done := make(chan *Outcome, 1)
	p.mu.Lock()
	select {
	case <-p.gone:
		p.mu.Unlock()
		return nil, ErrLost
	default:
	}
	p.out, p.done, p.interrupted, p.stopping, p.reason, p.printed, p.tail = out, done, 0, false, nil, 0, nil
	p.number++
	p.noInput = r.NoInput
	r.Op, r.Number = "run", p.number
	p.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { p.interrupt(done) })
	defer stop()
	if err := p.send(r); err != nil {
		<-p.gone
		return nil, err
	}
	return <-done, nil
}

// Tell sends a request that has no answer: chdir, setenv, remove, comm.
func (p *Process) Tell(r Request) error { return p.send(r) }

// Text returns live variables as text, all of them if names is empty. It answers while a cell runs.
func (p *Process) Text(ctx context.Context, names ...string) ([]Variable, error) {
	p.reqMu.Lock()
	defer p.reqMu.Unlock()
	select {
	case <-p.replies: // an answer that came too late for the one who asked
	default:
	}
	if err := p.send(Request{Op: "text", Names: names}); err != nil {
		return nil, err
	}
	select {
	case ev := <-p.replies:
		return ev.Vars, nil
	case <-p.gone:
		return nil, ErrLost
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Interrupt stops the running cell. It returns at once; Run returns when the cell has ended. A cell blocked inside a
// library is left behind after two seconds, one that keeps a processor busy there costs the process after five, and
// so does a second interrupt.
func (p *Process) Interrupt() {
	p.mu.Lock()
	done := p.done
	p.mu.Unlock()
	if done != nil {
		p.interrupt(done)
	}
}

// interrupt stops the run that done belongs to, and no other, as its user wants; the second time, whatever that costs.
func (p *Process) interrupt(done chan *Outcome) {
	p.mu.Lock()
	if p.done != done {
		p.mu.Unlock()
		return
	}
	p.interrupted++
	again, stopping, number := p.interrupted > 1, p.stopping, p.number
	p.stopping = true
	if again {
		p.reason = &Failure{Kind: "lost", Message: "ended by a second interrupt"}
	}
	p.mu.Unlock()
	switch {
	case again:
		p.Kill()
	case !stopping:
		p.stop(done, number)
	}
}

// stop tells the worker to stop a run. The request names it: a run that ends by itself just then must not leave its interrupt
// to the next. The signal is for libraries that listen for it.
func (p *Process) stop(done chan *Outcome, number int) {
	p.send(Request{Op: "interrupt", Number: number})
	p.signal(syscall.SIGINT)
	go p.insist(done, number)
}

// insist sees to it that an interrupted cell ends.
func (p *Process) insist(done chan *Outcome, number int) {
	running := func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.done == done
	}
	begin := time.Now()
	wait := func(until time.Duration) {
		select {
		case <-time.After(until - time.Since(begin)):
		case <-p.gone:
		}
	}
	wait(graceBlocked - 500*time.Millisecond)
	if !running() {
		return
	}
	before := cpuTime(p.cmd.Process.Pid)
	wait(graceBlocked)
	if !running() {
		return
	}
	// Waiting costs next to nothing, however busy the machine is. Where it is so busy that computing does not either, the
	// worker knows better and leaves nothing behind.
	if cpuTime(p.cmd.Process.Pid)-before < 50*time.Millisecond {
		p.send(Request{Op: "abandon", Number: number})
	}
	wait(graceBusy)
	p.mu.Lock()
	if p.done == done {
		p.reason = &Failure{Kind: "lost", Message: "the cell did not heed the interrupt and was ended after 5 s"}
		p.mu.Unlock()
		p.Kill()
		return
	}
	p.mu.Unlock()
}

func (p *Process) signal(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil && p.cmd.Process != nil {
		p.cmd.Process.Signal(sig)
	}
}

// Kill ends the process at once.
func (p *Process) Kill() { p.signal(syscall.SIGKILL) }

// Close ends the process and waits until it is gone.
func (p *Process) Close() {
	p.send(Request{Op: "exit"})
	select {
	case <-p.gone:
	case <-time.After(time.Second):
		p.Kill()
		<-p.gone
	}
}

// Gone is closed when the process has ended.
func (p *Process) Gone() <-chan struct{} { return p.gone }

// Lost says how a process that is gone ended.
func (p *Process) Lost() *Failure {
	<-p.gone
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost()
}

// Pid returns the process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// lost describes the end of the process. p.mu is held.
func (p *Process) lost() *Failure {
	if p.reason != nil && p.reason.Kind == "lost" {
		return p.reason
	}
	f := &Failure{Kind: "lost", Message: "the worker process ended", Detail: Clean(string(p.tail))}
	var exit *exec.ExitError
	switch {
	case errors.As(p.exit, &exit):
		ws, _ := exit.Sys().(syscall.WaitStatus)
		if ws.Signaled() {
			f.Message = fmt.Sprintf("the worker process was ended by signal %d (%v)", int(ws.Signal()), ws.Signal())
			if ws.Signal() == syscall.SIGKILL {
				f.Message += ", as the system does when memory runs out"
			}
		} else {
			f.Message = fmt.Sprintf("the cell ended the process with exit status %d", ws.ExitStatus())
		}
	case p.exit == nil:
		f.Message = "the cell ended the process with exit status 0 (os.Exit)"
	}
	// Go's own words for a crash say more than its status.
	sc := bufio.NewScanner(strings.NewReader(f.Detail))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		line := sc.Text()
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "runtime: goroutine stack exceeds") {
			f.Message = line
			if strings.Contains(line, "out of memory") || strings.Contains(line, "cannot allocate memory") {
				f.Message = "memory ran out: the cell asked for more at once than the system, or " + MemoryVariable + ", allows"
			}
			f.Frames = crashFrames(f.Detail)
			break
		}
	}
	return f
}

// crashFrames reads the first goroutine of a crash's traceback: the lines that lie in cells.
func crashFrames(text string) []Frame {
	var frames []Frame
	lines := strings.Split(text, "\n")
	for i := 1; i < len(lines); i++ {
		at := strings.TrimSpace(lines[i])
		if !strings.HasPrefix(at, "Cell[") || strings.HasPrefix(lines[i-1], "created by") {
			continue
		}
		name, _, _ := strings.Cut(at, " ")
		j := strings.LastIndexByte(name, ':')
		if j < 0 {
			continue
		}
		f := Frame{File: name[:j], Func: strings.TrimSpace(lines[i-1])}
		fmt.Sscanf(name[j+1:], "%d", &f.Line)
		if k := strings.LastIndexByte(f.Func, '('); k > 0 {
			f.Func = f.Func[:k]
		}
		frames = append(frames, f)
		if len(frames) == 20 {
			break
		}
	}
	return frames
}
