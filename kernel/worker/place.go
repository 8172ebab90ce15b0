package main

import (
	"os"
	"slices"
)

// place is the working directory and the environment: what a cell changes there stays changed, also for ! lines and for a
// worker that follows this one, so the kernel is told.
type place struct {
	dir string
	env []string
}

func here() place {
	dir, err := os.Getwd()
	if err != nil {
		dir = "" // it was removed
	}
	return place{dir, os.Environ()}
}

// told says that the kernel knows the place as it is now: it has just set it.
func (r *runner) told() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.place = here()
}

// moved returns what has changed since the kernel last knew; r.mu is held.
func (r *runner) moved() (dir string, env []string) {
	now := here()
	if now.dir != r.place.dir && now.dir != "" {
		dir = now.dir
		os.Setenv("GONB_DIR", dir)
		now.env = os.Environ()
	}
	if !slices.Equal(now.env, r.place.env) {
		env = now.env
	}
	r.place = now
	return dir, env
}
