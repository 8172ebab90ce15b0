package expr

import (
	"math"

	"github.com/gosaddle/saddle/lossviz/convexity/interval"
)

type iv = interval.Interval

var (
	inf  = math.Inf(1)
	zero = iv{}
	one  = interval.Point(1)
	two  = interval.Point(2)
)

// applyInterval encloses the values of a function of one variable.
func applyInterval(op Op, param float64, x iv) iv {
	switch op {
	case OpExp:
		return x.Exp()
	case OpLog:
		return x.Log()
	case OpSqrt:
		return x.Sqrt()
	case OpSquare:
		return x.Sqr()
	case OpAbs:
		return x.Abs()
	case OpReciprocal:
		return one.Div(x)
	case OpReLU:
		return x.ReLU()
	case OpLeakyReLU: // the larger of x and slope x, for slopes up to 1
		return x.Max(x.Scale(param))
	case OpSigmoid:
		return x.Sigmoid()
	case OpTanh:
		return x.Tanh()
	case OpSoftplus:
		return x.Softplus()
	case OpGELU:
		return x.GELU()
	case OpSiLU:
		return x.SiLU()
	case OpHuber:
		return huber(param, x)
	}
	return interval.Entire
}

// huber is even and grows with |x|: the ends are enough.
func huber(delta float64, x iv) iv {
	at := func(r float64) iv {
		if r <= delta {
			return interval.Point(r).Sqr().Scale(0.5)
		}
		return interval.Point(delta).Mul(interval.Point(r).Sub(interval.Point(delta).Scale(0.5)))
	}
	return iv{Lo: at(x.Mig()).Lo, Hi: at(x.Mag()).Hi}
}

// slopes encloses the first and the second derivative of a function of one
// variable, whose values on x are y. At a kink, where the first derivative jumps, the
// first holds both sides, and the second, taken as a measure, is unbounded on the side of
// the jump: all kinks here are convex, so that it reaches to +Inf.
func slopes(op Op, param float64, x, y iv) (first, second iv) {
	switch op {
	case OpExp:
		return y, y
	case OpLog:
		return one.Div(x), one.Div(x.Sqr()).Neg()
	case OpSqrt:
		first = one.Div(two.Mul(y))
		return first, first.Div(two.Mul(x)).Neg()
	case OpSquare:
		return two.Mul(x), two
	case OpAbs:
		return kinked(x, -1, 1, 0)
	case OpReciprocal:
		return y.Sqr().Neg(), two.Mul(y.Sqr()).Mul(y)
	case OpReLU:
		return kinked(x, 0, 1, 0)
	case OpLeakyReLU:
		return kinked(x, param, 1, 0)
	case OpSigmoid: // s(1-s), even and falling with |x|, is (1 - tanh^2(x/2))/4
		first = one.Sub(x.Scale(0.5).Tanh().Sqr()).Scale(0.25)
		return first, first.Mul(one.Sub(two.Mul(y)))
	case OpTanh:
		first = one.Sub(y.Sqr())
		return first, y.Mul(first).Scale(-2)
	case OpSoftplus:
		return x.Sigmoid(), one.Sub(x.Scale(0.5).Tanh().Sqr()).Scale(0.25)
	case OpGELU:
		return x.GELUPrime(), x.NormalPDF().Mul(two.Sub(x.Sqr()))
	case OpSiLU:
		s := x.Sigmoid()
		falls := one.Sub(x.Scale(0.5).Tanh().Sqr()).Scale(0.25)
		return x.SiLUPrime(), falls.Mul(two.Add(x.Mul(one.Sub(two.Mul(s)))))
	case OpHuber: // no jump of the first derivative, one of the second
		first = x.Max(interval.Point(-param)).Min(interval.Point(param))
		switch {
		case x.Mag() < param:
			return first, one
		case x.Mig() > param:
			return first, zero
		}
		return first, iv{Lo: 0, Hi: 1}
	}
	return interval.Entire, interval.Entire
}

// kinked is the derivatives of a function with slope left for x < 0, right for
// x > 0, and second derivative bend apart from the kink.
func kinked(x iv, left, right, bend float64) (first, second iv) {
	switch {
	case x.Lo > 0:
		return interval.Point(right), interval.Point(bend)
	case x.Hi < 0:
		return interval.Point(left), interval.Point(bend)
	case left == right:
		return interval.Point(left), interval.Point(bend)
	}
	return iv{Lo: left, Hi: right}, iv{Lo: bend, Hi: inf}
}

// logSumExp grows with every argument: the ends are enough. The greatest
// argument is taken out so that nothing overflows.
func logSumExp(args []iv) iv {
	at := func(end func(iv) float64) iv {
		top := math.Inf(-1)
		for _, a := range args {
			top = math.Max(top, end(a))
		}
		if math.IsInf(top, 0) {
			return iv{Lo: math.Min(top, math.MaxFloat64), Hi: math.Max(top, -math.MaxFloat64)}
		}
		sum, first := zero, true
		for _, a := range args {
			if first && end(a) == top { // its term is exactly 1
				first = false
				continue
			}
			if e := end(a); !math.IsInf(e, -1) {
				sum = sum.Add(interval.Point(e).Sub(interval.Point(top)).Exp())
			}
		}
		return interval.Point(top).Add(sum.Log1p())
	}
	lo, hi := at(func(a iv) float64 { return a.Lo }), at(func(a iv) float64 { return a.Hi })
	return iv{Lo: lo.Lo, Hi: hi.Hi}
}

// softmax encloses the gradient of log-sum-exp: exp(a_i)/sum_j exp(a_j) is
// 1/(1 + sum over j != i of exp(a_j - a_i)).
func softmax(args []iv) []iv {
	p := make([]iv, len(args))
	for i, a := range args {
		sum := one
		for j, b := range args {
			if j != i {
				sum = sum.Add(b.Sub(a).Exp())
			}
		}
		p[i] = one.Div(sum)
		p[i].Lo, p[i].Hi = math.Max(0, p[i].Lo), math.Min(1, p[i].Hi)
	}
	return p
}

// applyFloat is the function itself, in rounded arithmetic, for pictures.
func applyFloat(op Op, param, x float64) float64 {
	switch op {
	case OpExp:
		return math.Exp(x)
	case OpLog:
		return math.Log(x)
	case OpSqrt:
		return math.Sqrt(x)
	case OpSquare:
		return x * x
	case OpAbs:
		return math.Abs(x)
	case OpReciprocal:
		return 1 / x
	case OpReLU:
		return max(x, 0)
	case OpLeakyReLU:
		return max(x, param*x)
	case OpSigmoid:
		return 1 / (1 + math.Exp(-x))
	case OpTanh:
		return math.Tanh(x)
	case OpSoftplus:
		return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
	case OpGELU:
		return x * 0.5 * math.Erfc(-x/math.Sqrt2)
	case OpSiLU:
		return x / (1 + math.Exp(-x))
	case OpHuber:
		if r := math.Abs(x); r > param {
			return param * (r - 0.5*param)
		}
		return 0.5 * x * x
	}
	return math.NaN()
}
