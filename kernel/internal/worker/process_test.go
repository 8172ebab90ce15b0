package worker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A worker that was built of other sources than the kernel is told at its start, not by cells that go wrong.
func TestOtherProtocol(t *testing.T) {
	path := filepath.Join(t.TempDir(), "worker")
	script := "#!/bin/sh\necho '{\"kind\":\"ready\"}' >&4\nexec cat <&3\n"
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	p, err := Start(t.Context(), Config{Path: path, Env: os.Environ()})
	if err == nil || p != nil || !strings.Contains(err.Error(), "install.sh") {
		t.Errorf("%v, %v", p, err)
	}
}
