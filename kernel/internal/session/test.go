package session

import (
	"context"
	"errors"
)

// test runs the tests and benchmarks of a cell.
func (s *Session) test(ctx context.Context, c Cell, text string, flags []string, out Output) error {
	return errors.New("%test is not built yet")
}
