//go:build !amd64

package vec

// Elsewhere there is the plain path only; nothing calls the kernels.

func best() path { return plainPath }

func lanes() int { return 1 }

func kernel(function, *float64, *float64, int) {}

func logSumExpKernel(*float64, *float64, *float64, int, int, int) {}

func addScaledKernel(*float64, *float64, *float64, float64, int) {}

func combineKernel(*float64, *float64, *float64, *float64, float64, float64, int) {}

func dotKernel(*[16]float64, *float64, *float64, int) {}

func factoredSigmoidKernel(*float64, *float64, *float64, float64, float64, int) {}

func factoredDotKernel(*float64, *float64, *float64, *float64, int, int, int) {}

func mulKernel(int, int, *float64, *float64, *float64, int, int, int, int, int) {}
