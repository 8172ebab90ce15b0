package browsertest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosaddle/saddle/lossviz/chart/charttest"
)

// server is a Jupyter server for all tests of the package: JupyterLab, Notebook 7 and nbclassic. It starts with the
// first test that wants it. Each test has a folder of its own.
type server struct {
	start sync.Once
	err   error
	cmd   *exec.Cmd
	url   string
	home  string // of its settings and log
	root  string // of the notebooks
}

var jupyterServer server

// folder is a test's place on the server.
type folder struct {
	name string // below the server's root
	path string // on the disk
	url  string // of the server
}

// serve puts files into a folder of the server. When the test ends, the kernels that it started there are shut down.
func serve(t *testing.T, files map[string][]byte) *folder {
	t.Helper()
	s := &jupyterServer
	program := jupyter(t)
	trusted := saved(t, "trusted")
	s.start.Do(func() { s.err = s.run(program, trusted) })
	if s.err != nil {
		t.Fatalf("starting a Jupyter server: %v\n%s", s.err, s.said())
	}
	f := &folder{name: strings.NewReplacer("/", "-", " ", "-").Replace(t.Name()), url: s.url}
	f.path = filepath.Join(s.root, f.name)
	if err := os.Mkdir(f.path, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(f.path, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := f.shut(); err != nil {
			t.Errorf("shutting down the kernels of %s: %v", f.name, err)
		}
		if t.Failed() {
			t.Logf("the Jupyter server said:\n%s", s.said())
		}
	})
	return f
}

// run starts the server, which trusts one notebook, by its content.
func (s *server) run(program string, trusted []byte) (err error) {
	if s.home, err = os.MkdirTemp("", "saddle-browsertest-"); err != nil {
		return err
	}
	s.root = filepath.Join(s.home, "notebooks")
	if err := os.Mkdir(s.root, 0o755); err != nil {
		return err
	}
	env := os.Environ()
	for name, folder := range map[string]string{"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces"} {
		env = append(env, name+"="+filepath.Join(s.home, folder))
	}
	gonb, err := gonbModule()
	if err != nil {
		return err
	}
	env = append(env, "GONB_GIT_ROOT="+gonb) // its notebooks want to know
	settings := filepath.Join(s.home, "settings", "@jupyterlab", "apputils-extension")
	if err := os.MkdirAll(settings, 0o755); err != nil {
		return err
	}
	// JupyterLab shall not ask whether it may bring news: the question would lie over the figures.
	if err := os.WriteFile(filepath.Join(settings, "notification.jupyterlab-settings"), []byte(`{"fetchNews": "false"}`), 0o644); err != nil {
		return err
	}
	sample := filepath.Join(s.home, "trusted.ipynb")
	if err := os.WriteFile(sample, trusted, 0o644); err != nil {
		return err
	}
	trust := exec.Command(program, "trust", sample)
	trust.Env = env
	if out, err := trust.CombinedOutput(); err != nil {
		return fmt.Errorf("jupyter trust: %w\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	s.cmd = exec.Command(program, "lab", "--no-browser", "--allow-root", "--ip=127.0.0.1", fmt.Sprintf("--port=%d", port), "--ServerApp.port_retries=0",
		"--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", "--expose-app-in-browser",
		"--ServerApp.root_dir="+s.root)
	s.cmd.Dir, s.cmd.Env = s.root, env
	log, err := os.Create(filepath.Join(s.home, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return err
	}
	s.url = fmt.Sprintf("http://127.0.0.1:%d", port)
	deadline := time.Now().Add(charttest.Patience)
	for {
		resp, err := http.Get(s.url + "/api/status")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("it did not answer: %v", err)
		}
		time.Sleep(100 * time.Millisecond) // between two questions; there is no event to wait for
	}
}

// said is the end of the server's log.
func (s *server) said() string {
	text, err := os.ReadFile(filepath.Join(s.home, "log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(string(text), "\n")
	return strings.Join(lines[max(0, len(lines)-60):], "\n")
}

// close ends the server, and with it what kernels are left.
func (s *server) close() {
	if s.cmd != nil {
		s.cmd.Process.Signal(os.Interrupt)
		s.cmd.Process.Signal(os.Interrupt) // the second means it
		ended := make(chan struct{})
		go func() { s.cmd.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(15 * time.Second):
			s.cmd.Process.Kill()
			<-ended
		}
	}
	os.RemoveAll(s.home)
}

// shut shuts down the kernels of the folder's notebooks.
func (f *folder) shut() error {
	resp, err := http.Get(f.url + "/api/sessions")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var sessions []struct{ ID, Path string }
	if err := json.NewDecoder(resp.Body).Decode(&sessions); err != nil {
		return err
	}
	for _, one := range sessions {
		if !strings.HasPrefix(one.Path, f.name+"/") {
			continue
		}
		request, err := http.NewRequest(http.MethodDelete, f.url+"/api/sessions/"+one.ID, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNoContent {
			return fmt.Errorf("%s: %s", one.Path, resp.Status)
		}
	}
	return nil
}

// address is where a front end of the server shows a notebook of the folder.
func (f *folder) address(frontEnd, notebook string) string {
	return f.url + "/" + frontEnd + "/" + url.PathEscape(f.name) + "/" + url.PathEscape(notebook)
}
