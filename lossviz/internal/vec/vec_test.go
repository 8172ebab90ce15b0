package vec

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// onPaths runs f on every code path this processor has.
func onPaths(t *testing.T, f func(t *testing.T)) {
	top := best()
	t.Cleanup(func() { current = top })
	for p := plainPath; p <= top; p++ {
		current = p
		t.Run(Path(), f)
	}
	current = top
}

func same(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}

var functions = []struct {
	name string
	f    func(dst, x []float64)
	ref  func(float64) float64
	ulps float64 // against ref, which itself is right to 1 ulp at most
}{
	{"Exp", Exp, expRef, 2},
	{"Tanh", Tanh, tanhRef, 3},
	{"Sigmoid", Sigmoid, sigmoidRef, 4},
	{"Softplus", Softplus, softplusRef, 4},
	{"Log", Log, logRef, 2},
	{"NormalCDF", NormalCDF, normalRef, 8},
}

// normalRef is math.Erfc with the rounding of its argument, which the tail magnifies, put right to first order.
func normalRef(x float64) float64 {
	const sqrt2Hi, sqrt2Lo = 0x1.6a09e667f3bcdp+0, -0x1.bdd3413b26456p-54
	a := -x / math.Sqrt2
	if math.Abs(a) > 40 || math.IsNaN(a) {
		return 0.5 * math.Erfc(a)
	}
	rest := math.FMA(a, sqrt2Hi, x) + a*sqrt2Lo // x + a sqrt(2)
	return 0.5 * (math.Erfc(a) + 2/math.SqrtPi*math.Exp(-a*a)*rest/math.Sqrt2)
}

// expRef is math.Exp, which on some processors overflows too early.
func expRef(x float64) float64 {
	if x > 709 && x < 710 {
		e, _ := bigExp(x).Float64()
		return e
	}
	return math.Exp(x)
}

// logRef is math.Log, which on some processors is wrong for denormal numbers.
func logRef(x float64) float64 {
	if x > 0 && x < minNormal {
		return math.Log(x*0x1p54) - 54*math.Ln2
	}
	return math.Log(x)
}

func tanhRef(x float64) float64 {
	if math.Abs(x) > 22 {
		return math.Copysign(1, x)
	}
	e := math.Expm1(2 * math.Abs(x))
	return math.Copysign(e/(e+2), x)
}

func sigmoidRef(x float64) float64 {
	if x < 0 {
		return math.Exp(x) / (1 + math.Exp(x))
	}
	return 1 / (1 + math.Exp(-x))
}

func softplusRef(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

var special = []float64{0, math.Copysign(0, -1), 1, -1, 0.5, 1e-8, -1e-8, 1e-300, 5e-324, -5e-324, 1e-310, 2.2250738585072014e-308,
	math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64, -math.MaxFloat64, 709.2, 709.79, -708.4, -708.5, -744.9, -745.2, 710, -750, 800, -800,
	21.9, 22, 22.1, -40, 0.34657359027997264, 0.17328679513998632, math.Sqrt2, math.Sqrt2 / 2, 36.7, 37, -36.7}

// inputs mixes special values with numbers of every size that matters.
func inputs(rng *rand.Rand, n int) []float64 {
	x := append([]float64{}, special...)
	for len(x) < n {
		x = append(x, rng.NormFloat64(), 20*rng.NormFloat64(), 300*rng.NormFloat64(), math.Exp(40*rng.NormFloat64()))
	}
	return x
}

func TestElementwise(t *testing.T) {
	x := inputs(rand.New(rand.NewPCG(1, 2)), 40001)
	onPaths(t, func(t *testing.T) {
		for _, fn := range functions {
			got := make([]float64, len(x))
			fn.f(got, x)
			worst := 0.0
			for i, v := range x {
				want := fn.ref(v)
				if math.IsNaN(want) != math.IsNaN(got[i]) || math.IsInf(want, 0) && got[i] != want {
					t.Fatalf("%s(%v) = %v, want %v", fn.name, v, got[i], want)
				}
				if d := ulps(got[i], want); d > worst {
					worst = d
					if d > fn.ulps {
						t.Fatalf("%s(%v) = %v, want %v: %v ulp apart", fn.name, v, got[i], want, d)
					}
				}
			}
			t.Logf("%s: %v ulp from the reference", fn.name, worst)
		}
	})
}

// ulps is the distance of a and b in units of the last place of b.
func ulps(a, b float64) float64 {
	if a == b || math.IsNaN(a) {
		return 0
	}
	u := math.Nextafter(math.Abs(b), math.Inf(1)) - math.Abs(b)
	return math.Abs(a-b) / u
}

// The true values, in 200 bits: the documented 2 ulp.
func TestAccuracy(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		x := []float64{2 * rng.NormFloat64()}
		e := bigExp(x[0])
		one := new(big.Float).SetPrec(200).SetInt64(1)
		sum := new(big.Float).Add(one, e)
		e2 := new(big.Float).Mul(e, e)
		truth := map[string]*big.Float{
			"Exp":       e,
			"Sigmoid":   new(big.Float).Quo(e, sum),
			"NormalCDF": bigNormal(x[0]),
			"Tanh":      new(big.Float).Quo(new(big.Float).Sub(e2, one), new(big.Float).Add(e2, one)),
		}
		for _, fn := range functions {
			want := truth[fn.name]
			if want == nil {
				continue
			}
			var got [1]float64
			fn.f(got[:], x)
			w, _ := want.Float64()
			diff, _ := new(big.Float).Sub(want, new(big.Float).SetFloat64(got[0])).Float64()
			u := math.Nextafter(math.Abs(w), math.Inf(1)) - math.Abs(w)
			if math.Abs(diff) > map[bool]float64{true: 8, false: 2}[fn.name == "NormalCDF"]*u {
				t.Fatalf("%s(%v) = %v is %v ulp off", fn.name, x[0], got[0], math.Abs(diff)/u)
			}
		}
	}
}

// bigNormal is the normal distribution function by its series 1/2 + (x + x^3/3 + x^5/(3*5) + ...) exp(-x^2/2)/sqrt(2 pi),
// for |x| < 10.
func bigNormal(x float64) *big.Float {
	const prec = 400
	real := func(v float64) *big.Float { return new(big.Float).SetPrec(prec).SetFloat64(v) }
	x2 := new(big.Float).Mul(real(x), real(x))
	term, sum := real(x), real(x)
	for k := int64(3); k < 700; k += 2 {
		term.Mul(term, x2)
		term.Quo(term, new(big.Float).SetInt64(k))
		sum.Add(sum, term)
	}
	twoPi, _ := new(big.Float).SetPrec(prec).SetString("6.283185307179586476925286766559005768394338798750211641949889184615632812572417997256069650684234135964296173026564613294187689219101")
	sum.Quo(sum, new(big.Float).Sqrt(twoPi))
	// exp(-x^2/2) as 1/(exp(x^2/2^11))^(2^10)
	y := new(big.Float).Quo(x2, real(2048))
	e, power := real(1), real(1)
	for k := int64(1); k < 80; k++ {
		power.Mul(power, y)
		power.Quo(power, new(big.Float).SetInt64(k))
		e.Add(e, power)
	}
	for range 10 {
		e.Mul(e, e)
	}
	return sum.Add(sum.Quo(sum, e), real(0.5))
}

func bigExp(x float64) *big.Float {
	// e^x = (e^(x/2^10))^(2^10), the inner one by its series
	y := new(big.Float).SetPrec(260).SetFloat64(x / 1024)
	sum := new(big.Float).SetPrec(260).SetInt64(1)
	term := new(big.Float).SetPrec(260).SetInt64(1)
	for k := int64(1); k < 40; k++ {
		term.Mul(term, y)
		term.Quo(term, new(big.Float).SetInt64(k))
		sum.Add(sum, term)
	}
	for range 10 {
		sum.Mul(sum, sum)
	}
	return sum
}

// All paths give the same bits, whatever the length and wherever an element lies in its vector.
func TestPathsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	x := inputs(rng, 500)
	for n := range 70 {
		from := rng.IntN(len(x) - n)
		part := x[from : from+n]
		for _, fn := range functions {
			compare(t, fmt.Sprintf("%s of %d", fn.name, n), n, func(dst []float64) { fn.f(dst, part) })
			compare(t, fmt.Sprintf("%s of %d in place", fn.name, n), n, func(dst []float64) { copy(dst, part); fn.f(dst, dst) })
		}
		other := x[len(x)-n:]
		compare(t, "AddScaled", n, func(dst []float64) { AddScaled(dst, part, 1.7, other) })
		compare(t, "Combine", n, func(dst []float64) { Combine(dst, part, 1.7, other, -0.3, part) })
		compare(t, "Dot", 1, func(dst []float64) { dst[0] = Dot(part, other) })
		compare(t, "Sum", 1, func(dst []float64) { dst[0] = Sum(part) })
	}
	for range 200 {
		m, n, k := rng.IntN(10), rng.IntN(160), rng.IntN(20)
		a, b, c := normal(rng, m*k), normal(rng, k*n), normal(rng, m*n)
		compare(t, "AddMul", m*n, func(dst []float64) { copy(dst, c); AddMul(dst, a, b, m, n, k) })
		compare(t, "AddMulTA", m*n, func(dst []float64) { copy(dst, c); AddMulTA(dst, a, b, m, n, k) })
		u, v, w := normal(rng, m*n), normal(rng, m*n), normal(rng, m)
		for i := range u {
			u[i], v[i] = math.Exp(20*u[i]), math.Exp(20*v[i])
		}
		compare(t, "FactoredSigmoid", m*n, func(dst []float64) { FactoredSigmoid(dst, u, v, -2, 1) })
		compare(t, "FactoredDot", n, func(dst []float64) { FactoredDot(dst, w, u, v) })
		if m > 0 && n > 0 {
			z := normal(rng, m*n)
			z[rng.IntN(len(z))] = special[rng.IntN(len(special))]
			compare(t, "LogSumExp", 2*n, func(dst []float64) { LogSumExp(dst[:n], dst[n:], z, m, n) })
		}
	}
}

func compare(t *testing.T, what string, n int, f func(dst []float64)) {
	t.Helper()
	top := current
	defer func() { current = top }()
	want := make([]float64, n+3)
	current = plainPath
	f(want[:n])
	for current = plainPath + 1; current <= top; current++ {
		got := make([]float64, n+3)
		f(got[:n])
		for i := range want {
			if !same(got[i], want[i]) {
				t.Fatalf("%s, element %d: %s path has %v, plain path %v", what, i, Path(), got[i], want[i])
			}
		}
	}
}

func normal(rng *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	return x
}

func TestProducts(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 100 {
		m, n, k := 1+rng.IntN(9), 1+rng.IntN(150), 1+rng.IntN(30)
		a, b := normal(rng, m*k), normal(rng, k*n)
		at := make([]float64, m*k)
		Transpose(at, a, m, k)
		c, ct := make([]float64, m*n), make([]float64, m*n)
		AddMul(c, a, b, m, n, k)
		AddMulTA(ct, at, b, m, n, k)
		for i := range m {
			for j := range n {
				want := 0.0
				for p := range k {
					want += a[i*k+p] * b[p*n+j]
				}
				if math.Abs(c[i*n+j]-want) > 1e-12 || c[i*n+j] != ct[i*n+j] {
					t.Fatalf("%dx%dx%d at %d,%d: %v and %v, want %v", m, n, k, i, j, c[i*n+j], ct[i*n+j], want)
				}
			}
		}
	}
}

// The logistic function of a sum, from the exponentials of its terms, is right to some units in the last place of 1.
func TestFactored(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	onPaths(t, func(t *testing.T) {
		for range 200 {
			units, n := rng.IntN(20), 1+rng.IntN(50)
			u, v, w := make([]float64, units*n), make([]float64, units*n), normal(rng, units)
			want, size := make([]float64, n), 0.0
			for i := range u {
				a, b := 86*(2*rng.Float64()-1), 3*rng.NormFloat64()
				if rng.IntN(2) == 0 {
					a = -b + rng.NormFloat64()
				}
				u[i], v[i] = math.Exp(a), math.Exp(b)
				one := []float64{0}
				FactoredSigmoid(one, u[i:i+1], v[i:i+1], -2, 1)
				if d := math.Abs(one[0] - math.Tanh((a+b)/2)); d > 2e-15*(1+math.Abs(a)/10) {
					t.Fatalf("tanh of (%v + %v)/2: %v, off by %v", a, b, one[0], d)
				}
				want[i%n] += w[i/n] / (1 + math.Exp(a+b))
			}
			for _, x := range w {
				size += math.Abs(x)
			}
			got := make([]float64, n)
			FactoredDot(got, w, u, v)
			for i := range got {
				if d := math.Abs(got[i] - want[i]); d > 5e-15*(1+size)*10 {
					t.Fatalf("%d units, sample %d: %v, want %v", units, i, got[i], want[i])
				}
			}
		}
	})
}

func TestLogSumExp(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		z := []float64{1000, 0, -1000, 999, 1, -1001} // 2 classes x 3 samples
		top, sum := make([]float64, 3), make([]float64, 3)
		LogSumExp(top, sum, z, 2, 3)
		for i, want := range []float64{1000, 1, -1000} {
			if top[i] != want || math.Abs(sum[i]-math.Log1p(math.Exp(-1))) > 1e-15 {
				t.Errorf("sample %d: %v and %v", i, top[i], sum[i])
			}
		}
	})
}

func TestNothingAllocates(t *testing.T) {
	x, dst, z := make([]float64, 13), make([]float64, 13), make([]float64, 130)
	if n := testing.AllocsPerRun(10, func() {
		Tanh(dst, x)
		Dot(dst, x)
		AddScaled(dst, dst, 2, x)
		LogSumExp(dst, x, z, 10, 13)
		AddMul(z, dst[:10], x, 10, 13, 1)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A Go plugin is linked with -dynlink, where global variables take R15: this must build with the assembly in it.
func TestLinksIntoPlugin(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a plugin")
	}
	gocmd, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command")
	}
	out := filepath.Join(t.TempDir(), "vec.so")
	cmd := exec.Command(gocmd, "build", "-buildmode=plugin", "-o", out, "./testdata/plugin")
	if msg, err := cmd.CombinedOutput(); err != nil {
		if strings.Contains(string(msg), "requires external (cgo) linking") || strings.Contains(string(msg), "not supported") {
			t.Skipf("no plugins here: %s", msg)
		}
		t.Fatalf("building a plugin with package vec: %v\n%s", err, msg)
	}
}

func BenchmarkElementwise(b *testing.B) {
	x := normal(rand.New(rand.NewPCG(1, 1)), 1024)
	for i := range x {
		x[i] = math.Abs(x[i]) * 2
	}
	dst := make([]float64, len(x))
	top := current
	defer func() { current = top }()
	for p := plainPath; p <= top; p++ {
		current = p
		for _, fn := range functions {
			b.Run(fn.name+"/"+Path(), func(b *testing.B) {
				for b.Loop() {
					fn.f(dst, x)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(x)), "ns/element")
			})
		}
	}
}

func BenchmarkAddMul(b *testing.B) {
	const m, n, k = 32, 192, 64
	rng := rand.New(rand.NewPCG(1, 1))
	x, y, z := normal(rng, m*k), normal(rng, k*n), make([]float64, m*n)
	top := current
	defer func() { current = top }()
	for p := plainPath; p <= top; p++ {
		current = p
		b.Run(Path(), func(b *testing.B) {
			for b.Loop() {
				AddMul(z, x, y, m, n, k)
			}
			b.ReportMetric(2*m*n*k*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gflop/s")
		})
	}
}
