package live

// A variable may have a type that no other package can name, such as what a library's constructor returns. Its slot is
// then declared by inference from the constructor: ResultPOfR_I returns a nil pointer to result I of R of a function
// with P parameters (V: the last variadic), and does not call it.

func Result0Of1_0[T any](func() T) *T                                       { return nil }
func Result0Of2_0[T, R any](func() (T, R)) *T                               { return nil }
func Result0Of2_1[T, R any](func() (R, T)) *T                               { return nil }
func Result1Of1_0[P0, T any](func(P0) T) *T                                 { return nil }
func Result1Of2_0[P0, T, R any](func(P0) (T, R)) *T                         { return nil }
func Result1Of2_1[P0, T, R any](func(P0) (R, T)) *T                         { return nil }
func Result1VOf1_0[P0, T any](func(...P0) T) *T                             { return nil }
func Result1VOf2_0[P0, T, R any](func(...P0) (T, R)) *T                     { return nil }
func Result1VOf2_1[P0, T, R any](func(...P0) (R, T)) *T                     { return nil }
func Result2Of1_0[P0, P1, T any](func(P0, P1) T) *T                         { return nil }
func Result2Of2_0[P0, P1, T, R any](func(P0, P1) (T, R)) *T                 { return nil }
func Result2Of2_1[P0, P1, T, R any](func(P0, P1) (R, T)) *T                 { return nil }
func Result2VOf1_0[P0, P1, T any](func(P0, ...P1) T) *T                     { return nil }
func Result2VOf2_0[P0, P1, T, R any](func(P0, ...P1) (T, R)) *T             { return nil }
func Result2VOf2_1[P0, P1, T, R any](func(P0, ...P1) (R, T)) *T             { return nil }
func Result3Of1_0[P0, P1, P2, T any](func(P0, P1, P2) T) *T                 { return nil }
func Result3Of2_0[P0, P1, P2, T, R any](func(P0, P1, P2) (T, R)) *T         { return nil }
func Result3Of2_1[P0, P1, P2, T, R any](func(P0, P1, P2) (R, T)) *T         { return nil }
func Result4Of1_0[P0, P1, P2, P3, T any](func(P0, P1, P2, P3) T) *T         { return nil }
func Result4Of2_0[P0, P1, P2, P3, T, R any](func(P0, P1, P2, P3) (T, R)) *T { return nil }
func Result4Of2_1[P0, P1, P2, P3, T, R any](func(P0, P1, P2, P3) (R, T)) *T { return nil }
