package vec

import "golang.org/x/sys/cpu"

func best() path {
	switch {
	case cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		return avx512Path
	case cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		return avx2Path
	}
	return plainPath
}

// lanes is the width of a vector.
func lanes() int {
	if current == avx512Path {
		return 8
	}
	return 4
}

// Direct calls, not a table of functions: through a table the arguments would escape to the heap.
func kernel(f function, dst, x *float64, n int) {
	if current == avx512Path {
		switch f {
		case expFunc:
			expAVX512(dst, x, n)
		case tanhFunc:
			tanhAVX512(dst, x, n)
		case sigmoidFunc:
			sigmoidAVX512(dst, x, n)
		case softplusFunc:
			softplusAVX512(dst, x, n)
		case logFunc:
			logAVX512(dst, x, n)
		case normalFunc:
			normalCDFAVX512(dst, x, n)
		}
		return
	}
	switch f {
	case expFunc:
		expAVX2(dst, x, n)
	case tanhFunc:
		tanhAVX2(dst, x, n)
	case sigmoidFunc:
		sigmoidAVX2(dst, x, n)
	case softplusFunc:
		softplusAVX2(dst, x, n)
	case logFunc:
		logAVX2(dst, x, n)
	case normalFunc:
		normalCDFAVX2(dst, x, n)
	}
}

func logSumExpKernel(top, sum, z *float64, classes, stride, n int) {
	if current == avx512Path {
		logSumExpAVX512(top, sum, z, classes, stride, n)
	} else {
		logSumExpAVX2(top, sum, z, classes, stride, n)
	}
}

func addScaledKernel(dst, a, b *float64, s float64, n int) {
	if current == avx512Path {
		addScaledAVX512(dst, a, b, s, n)
	} else {
		addScaledAVX2(dst, a, b, s, n)
	}
}

func combineKernel(dst, o, x, y *float64, a, b float64, n int) {
	if current == avx512Path {
		combineAVX512(dst, o, x, y, a, b, n)
	} else {
		combineAVX2(dst, o, x, y, a, b, n)
	}
}

func dotKernel(lanes *[16]float64, a, b *float64, n int) {
	if current == avx512Path {
		dotAVX512(lanes, a, b, n)
	} else {
		dotAVX2(lanes, a, b, n)
	}
}

func factoredSigmoidKernel(dst, u, v *float64, scale, shift float64, n int) {
	if current == avx512Path {
		factoredSigmoidAVX512(dst, u, v, scale, shift, n)
	} else {
		factoredSigmoidAVX2(dst, u, v, scale, shift, n)
	}
}

func factoredDotKernel(dst, w, u, v *float64, quads, stride, n int) {
	if current == avx512Path {
		factoredDotAVX512(dst, w, u, v, quads, stride, n)
	} else {
		factoredDotAVX2(dst, w, u, v, quads, stride, n)
	}
}

func mulKernel(rows, cols int, c, a, b *float64, k, ldc, aRow, aCol, ldb int) {
	wide := current == avx512Path
	switch {
	case wide && rows == 4 && cols == 3:
		mul4x3AVX512(c, a, b, k, ldc, aRow, aCol, ldb)
	case wide && rows == 4:
		mul4x1AVX512(c, a, b, k, ldc, aRow, aCol, ldb)
	case wide && cols == 8:
		mul1x8AVX512(c, a, b, k, ldc, aRow, aCol, ldb)
	case wide && cols == 3:
		mul1x3AVX512(c, a, b, k, ldc, aRow, aCol, ldb)
	case wide:
		mul1x1AVX512(c, a, b, k, ldc, aRow, aCol, ldb)
	case rows == 4 && cols == 3:
		mul4x3AVX2(c, a, b, k, ldc, aRow, aCol, ldb)
	case rows == 4:
		mul4x1AVX2(c, a, b, k, ldc, aRow, aCol, ldb)
	case cols == 8:
		mul1x8AVX2(c, a, b, k, ldc, aRow, aCol, ldb)
	case cols == 3:
		mul1x3AVX2(c, a, b, k, ldc, aRow, aCol, ldb)
	default:
		mul1x1AVX2(c, a, b, k, ldc, aRow, aCol, ldb)
	}
}
