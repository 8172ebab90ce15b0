package build

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestPrune: old folders go, but for the newest five; young ones stay, however many.
func TestPrune(t *testing.T) {
	cache, now := t.TempDir(), time.Now()
	make := func(name string, days int) {
		dir := filepath.Join(cache, name)
		at := now.Add(-time.Duration(days) * 24 * time.Hour)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "worker"), nil, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(dir, at, at); err != nil {
			t.Fatal(err)
		}
	}
	left := func() (names []string) {
		entries, err := os.ReadDir(cache)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	for i := range 5 {
		make(fmt.Sprint("old", i), 30+i)
	}
	prune(cache, now)
	if got := left(); len(got) != 5 {
		t.Errorf("of five old folders %q are left", got)
	}
	make("new", 0)
	make("young", 3)
	prune(cache, now)
	if got := left(); !slices.Equal(got, []string{"new", "old0", "old1", "old2", "young"}) {
		t.Errorf("left: %q", got)
	}
	for i := range 6 {
		make(fmt.Sprint("young", i), 2)
	}
	prune(cache, now)
	if got := left(); len(got) != 8 || slices.Contains(got, "old0") {
		t.Errorf("left: %q", got)
	}
}
