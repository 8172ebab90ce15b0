package show

import (
	"reflect"
	"slices"
	"strings"
)

// Boxed returns the types, of packages whose path has a prefix, of the values that interfaces within v hold: path.Name, each
// once. It looks at a bounded number of values, and not into maps, which a goroutine may be writing.
func Boxed(v reflect.Value, prefix string) []string {
	b := boxes{prefix: prefix, seen: map[uintptr]bool{}, budget: 10000}
	b.look(v, false)
	return b.found
}

type boxes struct {
	prefix string
	seen   map[uintptr]bool // where pointers lead that were followed
	budget int
	found  []string
}

// look looks at v; inside says that it lies in an interface, or behind a pointer that does.
func (b *boxes) look(v reflect.Value, inside bool) {
	if b.budget--; b.budget < 0 || !v.IsValid() {
		return
	}
	t := v.Type()
	if name := t.PkgPath() + "." + t.Name(); inside && strings.HasPrefix(t.PkgPath(), b.prefix) && !slices.Contains(b.found, name) {
		b.found = append(b.found, name)
	}
	switch v.Kind() {
	case reflect.Interface:
		b.look(v.Elem(), true)
	case reflect.Pointer:
		if p := v.Pointer(); p != 0 && !b.seen[p] {
			b.seen[p] = true
			b.look(v.Elem(), inside)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			b.look(v.Field(i), false)
		}
	case reflect.Slice, reflect.Array:
		if refers(t.Elem()) {
			for i := 0; i < v.Len() && b.budget > 0; i++ {
				b.look(v.Index(i), false)
			}
		}
	}
}
