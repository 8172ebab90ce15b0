package worker

import "testing"

func TestMemoryLimit(t *testing.T) {
	for setting, want := range map[string]int64{"off": 0, "2GB": 2e9, "1.5GiB": 3 << 29, "800 mb": 800e6, "300000000": 3e8, "1t": 1 << 40} {
		if got, err := MemoryLimit(setting); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", setting, got, err, want)
		}
	}
	for _, setting := range []string{"much", "12 parsecs", "-2GB", "1kB", "1e300GB", "NaN", "GB"} {
		if got, err := MemoryLimit(setting); err == nil {
			t.Errorf("%q: %d", setting, got)
		}
	}
	if got, err := MemoryLimit(""); err != nil || got < leastMemory {
		t.Errorf("this machine: %d, %v", got, err)
	}
}
