//go:build saddle_worker

// The names below are the runtime's own: the linker lets them pass where it is told to, as package build does.

package main

import (
	"reflect"
	"unsafe"

	"github.com/gosaddle/saddle/kernel/internal/plain"
)

//go:linkname itabTable runtime.itabTable
var itabTable unsafe.Pointer

//go:linkname findItab runtime.(*itabTableType).find
func findItab(table, iface, concrete unsafe.Pointer) unsafe.Pointer

func init() {
	plain.HasItab = func(iface, concrete reflect.Type) bool {
		return findItab(itabTable, reflect.ValueOf(iface).UnsafePointer(), reflect.ValueOf(concrete).UnsafePointer()) != nil
	}
}
