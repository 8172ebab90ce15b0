// Command gen writes the amd64 assembly of package vec (vec_amd64.s and its Go declarations).
//
//	go generate ./lossviz/internal/vec
//
// Every function is written once, for a vector width: 4 lanes (AVX2+FMA) and 8 lanes (AVX-512F). The
// sequence of roundings per element is that of the plain path in plain.go, so all paths give the same
// bits: a change here needs the same change there.
//
// The code must also link into Go plugins, where the linker uses R15 for global variables: the only
// symbol referred to is the static table of constants, and the allocator never comes as far as R15.
package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	asm "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The numbers of plain.go; there they are explained.
var (
	expm1Coef = []float64{
		0x1.5555555555556p-3, 0x1.5555555555555p-5, 0x1.11111111109b3p-7, 0x1.6c16c16c167e1p-10, 0x1.a01a01a7c41d5p-13,
		0x1.a01a01a47b054p-16, 0x1.71de0dae63bb3p-19, 0x1.27e4e1f48534fp-22, 0x1.af38a9b0ec855p-26, 0x1.1f66df7fca49fp-29}
	atanhCoef = []float64{
		0x1.5555555555555p-1, 0x1.999999999a3ddp-2, 0x1.24924923d44c6p-2, 0x1.c71c727143318p-3, 0x1.745cf0b0e03bdp-3,
		0x1.3b18b294bebf9p-3, 0x1.10ac75dc602b1p-3, 0x1.eb905e8575054p-4, 0x1.687a6e7c95176p-4, 0x1.4b0a26c5f2aefp-3}
	logCoef = []float64{
		0x1.5555555555558p-1, 0x1.99999999952e2p-2, 0x1.2492492df148dp-2, 0x1.c71c62e5800a1p-3, 0x1.7462b4ab2ef6bp-3,
		0x1.39fe606542ddep-3, 0x1.2b584aae78a57p-3}
	tailCoef = []float64{
		0x1.89d3abe1f95aep-1, -0x1.54ad03f27ca18p-1, 0x1.fb31653876f89p-2, -0x1.410ed5f875946p-2, 0x1.51f6329f01ba3p-3,
		-0x1.1b1c254ca42c5p-4, 0x1.54b4d4f48a95dp-6, -0x1.88590e97fa725p-9, -0x1.a2503777d193ep-11, 0x1.1daf1ad402a68p-11,
		-0x1.f214934cc2997p-15, -0x1.a1700f97933d8p-15, 0x1.17df18b48c12bp-16, 0x1.0b14870d680c8p-18, -0x1.73e13a7eebb7bp-19,
		-0x1.673ef5ca91651p-22, 0x1.d4772f5151200p-22, 0x1.592046569c07ep-25, -0x1.2d422be3e72a3p-24, -0x1.25f8b412cdb42p-27,
		0x1.72fe74371fc82p-27, 0x1.313b2a0d09987p-29, -0x1.3f1a1f1afa304p-30, -0x1.a397ed7719499p-32}
)

// reduceConstants are those of emitter.reduce and scale.
var reduceConstants = append(expm1Coef[:len(expm1Coef):len(expm1Coef)], magic, log2e, ln2Hi, ln2Lo, 0.5, 1)

const (
	log2e = 0x1.71547652b82fep+0
	ln2Hi = 0x1.62e42fefa39efp-1
	ln2Lo = 0x1.abc9e3b39803fp-56
	magic = 3 << 51 // adding it rounds to an integer, which then sits in the low bits
)

// table collects the constants, each repeated over 4 lanes so that it can be a memory operand.
type table struct {
	at map[uint64]int
}

var (
	consts = table{at: map[uint64]int{}}
	global operand.Mem
)

func (t *table) offset(bits uint64) int {
	off, ok := t.at[bits]
	if !ok {
		off = 32 * len(t.at)
		t.at[bits] = off
		for lane := range 4 {
			asm.DATA(off+8*lane, operand.U64(bits))
		}
	}
	return off
}

// An isa is a vector width.
type isa struct {
	name  string
	bytes int
}

var isas = []isa{{"AVX2", 32}, {"AVX512", 64}}

func (v isa) lanes() int { return v.bytes / 8 }

func (v isa) reg() reg.VecVirtual {
	if v.bytes == 64 {
		return asm.ZMM()
	}
	return asm.YMM()
}

// An emitter writes the code for one vector; its constants are loaded once, before the loop.
type emitter struct {
	isa
	base reg.Register
	held map[uint64]reg.VecVirtual // AVX-512 has registers enough to hold them all
}

func newEmitter(v isa, constants []uint64) *emitter {
	e := &emitter{isa: v, base: asm.GP64(), held: map[uint64]reg.VecVirtual{}}
	asm.LEAQ(global, e.base)
	if v.bytes == 64 {
		for _, b := range constants {
			if e.held[b] == nil {
				r := asm.ZMM()
				asm.VBROADCASTSD(operand.Mem{Base: e.base, Disp: consts.offset(b)}, r)
				e.held[b] = r
			}
		}
	}
	return e
}

func (e *emitter) zero() reg.VecVirtual {
	z := e.reg()
	if e.bytes == 64 {
		asm.VPXORQ(z, z, z)
	} else {
		asm.VXORPD(z, z, z)
	}
	return z
}

func (e *emitter) bits(b uint64) operand.Op {
	m := operand.Mem{Base: e.base, Disp: consts.offset(b)}
	if e.bytes == 32 {
		return m
	}
	if r := e.held[b]; r != nil {
		return r
	}
	r := e.reg()
	asm.VBROADCASTSD(m, r)
	return r
}

func (e *emitter) c(x float64) operand.Op { return e.bits(math.Float64bits(x)) }

// at is the constant for a full-width operand, or its place in memory where registers ran out.
func (e *emitter) at(x float64) (m operand.Op, full bool) {
	bits := math.Float64bits(x)
	if r := e.held[bits]; r != nil {
		return r, true
	}
	return operand.Mem{Base: e.base, Disp: consts.offset(bits)}, e.bytes == 32
}

// creg is a constant in a register, for the operands that cannot be in memory.
func (e *emitter) creg(x float64) reg.VecVirtual {
	if r, ok := e.c(x).(reg.VecVirtual); ok {
		return r
	}
	r := e.reg()
	asm.VMOVUPD(e.c(x), r)
	return r
}

func (e *emitter) and(a operand.Op, b, dst reg.VecVirtual) {
	if e.bytes == 64 {
		asm.VPANDQ(a, b, dst)
	} else {
		asm.VANDPD(a, b, dst)
	}
}

func (e *emitter) or(a operand.Op, b, dst reg.VecVirtual) {
	if e.bytes == 64 {
		asm.VPORQ(a, b, dst)
	} else {
		asm.VORPD(a, b, dst)
	}
}

func (e *emitter) fma(a operand.Op, b, acc reg.VecVirtual) { asm.VFMADD231PD(a, b, acc) } // acc += a*b

// evenOdd returns sum c_i x^i as E(x2) + x O(x2): two short chains instead of one long one.
func (e *emitter) evenOdd(coef []float64, x, x2 reg.VecVirtual) reg.VecVirtual {
	chain := func(last int) reg.VecVirtual {
		p := e.reg()
		if m, held := e.at(coef[last]); held {
			asm.VMOVUPD(m, p)
		} else {
			asm.VBROADCASTSD(m, p)
		}
		for i := last - 2; i >= 0; i -= 2 {
			if m, held := e.at(coef[i]); held {
				asm.VFMADD213PD(m, x2, p)
			} else {
				asm.VFMADD213PD_BCST(m, x2, p)
			}
		}
		return p
	}
	n := len(coef)
	even, odd := chain((n-1)/2*2), chain((n-2)/2*2+1)
	e.fma(odd, x, even)
	return even
}

// reduce splits y = n ln 2 + r and returns t = n + magic and p = expm1(r).
func (e *emitter) reduce(y reg.VecVirtual) (t, n, p reg.VecVirtual) {
	t, n = e.reg(), e.reg()
	asm.VMOVUPD(e.c(magic), t)
	e.fma(e.c(log2e), y, t)
	asm.VSUBPD(e.c(magic), t, n)
	r := e.reg()
	asm.VMOVAPD(y, r)
	asm.VFNMADD231PD(e.c(ln2Hi), n, r)
	asm.VFNMADD231PD(e.c(ln2Lo), n, r)
	r2 := e.reg()
	asm.VMULPD(r, r, r2)
	q := e.evenOdd(expm1Coef, r, r2)
	asm.VFMADD213PD(e.c(0.5), r, q) // 1/2 + r q
	asm.VFMADD213PD(r, r2, q)       // r + r2 (1/2 + r q)
	return t, n, q
}

// pow2 makes 2^n of t = n + magic, for -1022 <= n <= 1023.
func (e *emitter) pow2(t reg.VecVirtual) reg.VecVirtual {
	s := e.reg()
	asm.VPSLLQ(operand.U8(52), t, s)
	asm.VPADDQ(e.c(1), s, s)
	return s
}

// exp returns e^y; y is changed. Above 709.78 it is +Inf, below -745.13 it is 0, in between denormals are right.
func (e *emitter) exp(y reg.VecVirtual) reg.VecVirtual {
	asm.VMINPD(y, e.creg(expMax), y)
	asm.VMAXPD(y, e.creg(expMin), y)
	return e.scale(y)
}

// scale returns e^y for expMin <= y <= expMax.
func (e *emitter) scale(y reg.VecVirtual) reg.VecVirtual {
	_, n, p := e.reduce(y)
	asm.VADDPD(e.c(1), p, p)
	if e.bytes == 64 {
		asm.VSCALEFPD(n, p, p)
		return p
	}
	// 2^n in two halves: only the second product can round.
	half, rest := e.reg(), e.reg()
	asm.VMOVUPD(e.c(magic), half)
	e.fma(e.c(0.5), n, half)
	asm.VSUBPD(e.c(magic), half, rest)
	asm.VSUBPD(rest, n, rest)
	asm.VADDPD(e.c(magic), rest, rest)
	asm.VMULPD(e.pow2(half), p, p)
	asm.VMULPD(e.pow2(rest), p, p)
	return p
}

const (
	expMax = 710
	expMin = -750
	signs  = uint64(1) << 63
	absMax = ^signs
)

// expNeg returns e^-|x|.
func (e *emitter) expNeg(x reg.VecVirtual) reg.VecVirtual {
	y := e.reg()
	e.or(e.bits(signs), x, y)
	asm.VMAXPD(y, e.creg(expMin), y)
	return e.scale(y)
}

func (e *emitter) tanh(x reg.VecVirtual) reg.VecVirtual {
	// E = expm1(2|x|), tanh|x| = E/(E+2)
	y := e.reg()
	e.and(e.bits(absMax), x, y)
	asm.VMINPD(y, e.creg(tanhMax), y)
	asm.VADDPD(y, y, y)
	t, _, p := e.reduce(y)
	s := e.pow2(t)
	m := e.reg()
	asm.VSUBPD(e.creg(1), s, m)
	e.fma(p, s, m) // (2^n - 1) + 2^n p
	d := e.reg()
	asm.VADDPD(e.c(2), m, d)
	asm.VDIVPD(d, m, m)
	sign := e.reg()
	e.and(e.bits(signs), x, sign)
	e.or(sign, m, m)
	return m
}

const tanhMax = 22

func (e *emitter) sigmoid(x reg.VecVirtual) reg.VecVirtual {
	u := e.expNeg(x)
	d := e.reg()
	asm.VADDPD(e.c(1), u, d)
	// the numerator: u where x < 0, else 1
	if e.bytes == 64 {
		k := asm.K()
		asm.VPMOVQ2M(x, k)
		num := e.reg()
		asm.VMOVAPD(e.creg(1), num)
		asm.VMOVAPD(u, k, num)
		asm.VDIVPD(d, num, num)
		return num
	}
	num := e.reg()
	one := e.creg(1)
	asm.VBLENDVPD(x, u, one, num)
	asm.VDIVPD(d, num, num)
	return num
}

const (
	tailMax = 39
	tailMid = 5
)

func (e *emitter) normalCDF(x reg.VecVirtual) reg.VecVirtual {
	// Phi(-u) = exp(-u^2/2) q(t)/(u + 5), t = (u - 5)/(u + 5)
	u := e.reg()
	e.and(e.bits(absMax), x, u)
	asm.VMINPD(u, e.creg(tailMax), u)
	inv, t := e.reg(), e.reg()
	asm.VADDPD(e.c(tailMid), u, t)
	asm.VDIVPD(t, e.creg(1), inv)
	asm.VSUBPD(e.c(tailMid), u, t)
	asm.VMULPD(inv, t, t)
	t2 := e.reg()
	asm.VMULPD(t, t, t2)
	q := e.evenOdd(tailCoef, t, t2)
	asm.VMULPD(inv, q, q)
	h, low := e.reg(), e.reg()
	asm.VMULPD(u, u, h)
	asm.VMOVAPD(h, low)
	asm.VFMSUB231PD(u, u, low) // u^2 - h
	asm.VMULPD(e.c(-0.5), low, low)
	asm.VMULPD(e.c(-0.5), h, h)
	asm.VMAXPD(h, e.creg(expMin), h)
	p := e.scale(h)
	e.fma(low, p, p)
	asm.VMULPD(p, q, q)
	above := e.reg()
	asm.VSUBPD(q, e.creg(1), above) // for positive x
	if e.bytes == 64 {
		k := asm.K()
		asm.VPMOVQ2M(x, k)
		asm.VMOVAPD(q, k, above)
		return above
	}
	asm.VBLENDVPD(x, q, above, above)
	return above
}

func (e *emitter) softplus(x reg.VecVirtual) reg.VecVirtual {
	// max(x, 0) + log1p(u), u = e^-|x|; log1p(u) = 2 atanh(t), t = u/(2+u)
	u := e.expNeg(x)
	t := e.reg()
	asm.VADDPD(e.c(2), u, t)
	asm.VDIVPD(t, u, t)
	z, z2 := e.reg(), e.reg()
	asm.VMULPD(t, t, z)
	asm.VMULPD(z, z, z2)
	q := e.evenOdd(atanhCoef, z, z2)
	asm.VMULPD(z, q, q)
	asm.VADDPD(t, t, z)
	asm.VFMADD213PD(z, t, q) // 2t + t (z q)
	zero := e.zero()
	asm.VMAXPD(x, zero, zero)
	asm.VADDPD(zero, q, q)
	return q
}

// log is for positive normal numbers; Log in vec.go sees to the others.
func (e *emitter) log(x reg.VecVirtual) reg.VecVirtual {
	const off = 0x3ff0000000000000 - 0x3fe6a09e667f3bcd // moves sqrt(1/2) to 1
	k := e.reg()
	asm.VPADDQ(e.bits(off), x, k)
	asm.VPSRLQ(operand.U8(52), k, k) // biased exponent
	sh := e.reg()
	asm.VPSLLQ(operand.U8(52), k, sh)
	m := e.reg()
	asm.VPSUBQ(sh, x, m)
	asm.VPADDQ(e.c(1), m, m) // mantissa in [sqrt(1/2), sqrt(2))
	e.or(e.bits(0x4330000000000000), k, k)
	asm.VSUBPD(e.c(0x1p52+1023), k, k)
	f, s := e.reg(), e.reg()
	asm.VSUBPD(e.c(1), m, f)
	asm.VADDPD(e.c(1), m, s)
	asm.VDIVPD(s, f, s)
	z, z2 := e.reg(), e.reg()
	asm.VMULPD(s, s, z)
	asm.VMULPD(z, z, z2)
	q := e.evenOdd(logCoef, z, z2)
	asm.VMULPD(z, q, q) // log m = f - s (f - z q)
	asm.VSUBPD(q, f, q)
	asm.VMULPD(s, q, q)
	asm.VFNMADD231PD(e.c(ln2Lo), k, q)
	asm.VSUBPD(q, f, q)
	e.fma(e.c(ln2Hi), k, q)
	return q
}

// elementwise writes func name(dst, x *float64, n int), n a positive multiple of 8.
func elementwise(v isa, name string, constants []uint64, body func(*emitter, reg.VecVirtual) reg.VecVirtual) {
	asm.TEXT(name+v.name, attr.NOSPLIT, "func(dst, x *float64, n int)")
	asm.Doc(fmt.Sprintf("%s%s sets dst[i] to %s(x[i]) for i < n; n is a multiple of 8.", name, v.name, name))
	asm.Pragma("noescape")
	dst, x, n := asm.Load(asm.Param("dst"), asm.GP64()), asm.Load(asm.Param("x"), asm.GP64()), asm.Load(asm.Param("n"), asm.GP64())
	e := newEmitter(v, constants)
	loop := name + v.name + "Loop"
	asm.Label(loop)
	in := e.reg()
	asm.VMOVUPD(operand.Mem{Base: x}, in)
	asm.VMOVUPD(body(e, in), operand.Mem{Base: dst})
	asm.ADDQ(operand.U32(v.bytes), x)
	asm.ADDQ(operand.U32(v.bytes), dst)
	asm.SUBQ(operand.U8(v.lanes()), n)
	asm.JNZ(operand.LabelRef(loop))
	asm.VZEROUPPER()
	asm.RET()
}

func floats(lists ...[]float64) (bits []uint64) {
	for _, l := range lists {
		for _, x := range l {
			bits = append(bits, math.Float64bits(x))
		}
	}
	return bits
}

// logSumExp works on classes in rows: one vector of samples at a time, all its classes in registers' reach.
func logSumExp(v isa) {
	name := "logSumExp" + v.name
	asm.TEXT(name, attr.NOSPLIT, "func(top, sum, z *float64, classes, stride, n int)")
	asm.Doc(name+" sets top[i] to the largest of the numbers z[c*stride/8+i], c < classes, and sum[i] to the log of",
		"the sum of exp(z - top[i]) over them, for i < n; n is a multiple of 8, stride is in bytes.")
	asm.Pragma("noescape")
	top, sum, z := asm.Load(asm.Param("top"), asm.GP64()), asm.Load(asm.Param("sum"), asm.GP64()), asm.Load(asm.Param("z"), asm.GP64())
	classes, stride, n := asm.Load(asm.Param("classes"), asm.GP64()), asm.Load(asm.Param("stride"), asm.GP64()), asm.Load(asm.Param("n"), asm.GP64())
	e := newEmitter(v, floats(reduceConstants, []float64{expMin}))
	loop, maxLoop, expLoop := name+"Loop", name+"Max", name+"Exp"
	asm.Label(loop)
	m := e.reg()
	p, k := asm.GP64(), asm.GP64()
	asm.MOVQ(z, p)
	asm.MOVQ(classes, k)
	asm.VMOVUPD(operand.Mem{Base: p}, m)
	asm.Label(maxLoop)
	asm.VMAXPD(operand.Mem{Base: p}, m, m)
	asm.ADDQ(stride, p)
	asm.DECQ(k)
	asm.JNZ(operand.LabelRef(maxLoop))
	asm.VMOVUPD(m, operand.Mem{Base: top})
	s := e.zero()
	asm.MOVQ(z, p)
	asm.MOVQ(classes, k)
	asm.Label(expLoop)
	y := e.reg()
	asm.VMOVUPD(operand.Mem{Base: p}, y)
	asm.VSUBPD(m, y, y)
	asm.VMAXPD(y, e.creg(expMin), y)
	asm.VADDPD(e.scale(y), s, s)
	asm.ADDQ(stride, p)
	asm.DECQ(k)
	asm.JNZ(operand.LabelRef(expLoop))
	l := (&emitter{isa: v, base: e.base}).log(s)
	asm.VFMADD231PD(e.zero(), s, l) // NaN stays NaN
	asm.VMOVUPD(l, operand.Mem{Base: sum})
	asm.ADDQ(operand.U32(v.bytes), z)
	asm.ADDQ(operand.U32(v.bytes), top)
	asm.ADDQ(operand.U32(v.bytes), sum)
	asm.SUBQ(operand.U8(v.lanes()), n)
	asm.JNZ(operand.LabelRef(loop))
	asm.VZEROUPPER()
	asm.RET()
}

// combine writes the point of a plane: each product is rounded once, together with its sum.
func combine(v isa) {
	name := "combine" + v.name
	asm.TEXT(name, attr.NOSPLIT, "func(dst, o, x, y *float64, a, b float64, n int)")
	asm.Doc(name + " sets dst[i] to (o[i] + a*x[i]) + b*y[i] for i < n; n is a multiple of 8.")
	asm.Pragma("noescape")
	dst, o := asm.Load(asm.Param("dst"), asm.GP64()), asm.Load(asm.Param("o"), asm.GP64())
	x, y := asm.Load(asm.Param("x"), asm.GP64()), asm.Load(asm.Param("y"), asm.GP64())
	n := asm.Load(asm.Param("n"), asm.GP64())
	a, b := broadcast(v, "a"), broadcast(v, "b")
	asm.Label(name + "Loop")
	r := v.reg()
	asm.VMOVUPD(operand.Mem{Base: o}, r)
	asm.VFMADD231PD(operand.Mem{Base: x}, a, r)
	asm.VFMADD231PD(operand.Mem{Base: y}, b, r)
	asm.VMOVUPD(r, operand.Mem{Base: dst})
	for _, pointer := range []reg.Register{dst, o, x, y} {
		asm.ADDQ(operand.U32(v.bytes), pointer)
	}
	asm.SUBQ(operand.U8(v.lanes()), n)
	asm.JNZ(operand.LabelRef(name + "Loop"))
	asm.VZEROUPPER()
	asm.RET()
}

func broadcast(v isa, param string) reg.VecVirtual {
	p, err := asm.Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	r := v.reg()
	asm.VBROADCASTSD(p.Addr, r)
	return r
}

func addScaled(v isa) {
	name := "addScaled" + v.name
	asm.TEXT(name, attr.NOSPLIT, "func(dst, a, b *float64, s float64, n int)")
	asm.Doc(name + " sets dst[i] to a[i] + s*b[i], rounded once, for i < n; n is a multiple of 8.")
	asm.Pragma("noescape")
	dst, a := asm.Load(asm.Param("dst"), asm.GP64()), asm.Load(asm.Param("a"), asm.GP64())
	b, n := asm.Load(asm.Param("b"), asm.GP64()), asm.Load(asm.Param("n"), asm.GP64())
	s := broadcast(v, "s")
	asm.Label(name + "Loop")
	r := v.reg()
	asm.VMOVUPD(operand.Mem{Base: a}, r)
	asm.VFMADD231PD(operand.Mem{Base: b}, s, r)
	asm.VMOVUPD(r, operand.Mem{Base: dst})
	for _, pointer := range []reg.Register{dst, a, b} {
		asm.ADDQ(operand.U32(v.bytes), pointer)
	}
	asm.SUBQ(operand.U8(v.lanes()), n)
	asm.JNZ(operand.LabelRef(name + "Loop"))
	asm.VZEROUPPER()
	asm.RET()
}

// dot accumulates over 16 lanes, whatever the width.
func dot(v isa) {
	asm.TEXT("dot"+v.name, attr.NOSPLIT, "func(lanes *[16]float64, a, b *float64, n int)")
	asm.Doc(fmt.Sprintf("dot%s adds a[i]*b[i] to lanes[i mod 16] for i < n; n is a multiple of 16.", v.name))
	asm.Pragma("noescape")
	lanes, a, b, n := asm.Load(asm.Param("lanes"), asm.GP64()), asm.Load(asm.Param("a"), asm.GP64()), asm.Load(asm.Param("b"), asm.GP64()), asm.Load(asm.Param("n"), asm.GP64())
	var acc []reg.VecVirtual
	for off := 0; off < 128; off += v.bytes {
		r := v.reg()
		asm.VMOVUPD(operand.Mem{Base: lanes, Disp: off}, r)
		acc = append(acc, r)
	}
	loop := "dot" + v.name + "Loop"
	asm.Label(loop)
	for i, r := range acc {
		x := v.reg()
		asm.VMOVUPD(operand.Mem{Base: a, Disp: i * v.bytes}, x)
		asm.VFMADD231PD(operand.Mem{Base: b, Disp: i * v.bytes}, x, r)
	}
	asm.ADDQ(operand.U32(128), a)
	asm.ADDQ(operand.U32(128), b)
	asm.SUBQ(operand.U8(16), n)
	asm.JNZ(operand.LabelRef(loop))
	for i, r := range acc {
		asm.VMOVUPD(r, operand.Mem{Base: lanes, Disp: i * v.bytes})
	}
	asm.VZEROUPPER()
	asm.RET()
}

// kernel writes the innermost matrix product: rows x (cols vectors) of C stay in registers while k runs.
func kernel(v isa, rows, cols int) {
	name := fmt.Sprintf("mul%dx%d%s", rows, cols, v.name)
	asm.TEXT(name, attr.NOSPLIT, "func(c, a, b *float64, k, ldc, aRow, aCol, ldb int)")
	asm.Doc(fmt.Sprintf("%s adds the product of a %d x k block of A and a k x %d block of B to C.", name, rows, cols*v.lanes()),
		"ldc, aRow, aCol, ldb are strides in bytes; k is positive.")
	asm.Pragma("noescape")
	c, a, b := asm.Load(asm.Param("c"), asm.GP64()), asm.Load(asm.Param("a"), asm.GP64()), asm.Load(asm.Param("b"), asm.GP64())
	k, ldc, aRow, aCol, ldb := asm.Load(asm.Param("k"), asm.GP64()), asm.Load(asm.Param("ldc"), asm.GP64()), asm.Load(asm.Param("aRow"), asm.GP64()), asm.Load(asm.Param("aCol"), asm.GP64()), asm.Load(asm.Param("ldb"), asm.GP64())
	// Row addresses: base, base+s, base+2s and (base+s)+2s.
	rowsOf := func(base, stride reg.Register) []operand.Mem {
		m := []operand.Mem{{Base: base}, {Base: base, Index: stride, Scale: 1}, {Base: base, Index: stride, Scale: 2}}
		if rows > 3 {
			third := asm.GP64()
			asm.LEAQ(operand.Mem{Base: base, Index: stride, Scale: 1}, third)
			m = append(m, operand.Mem{Base: third, Index: stride, Scale: 2})
		}
		return m[:rows]
	}
	acc := make([][]reg.VecVirtual, rows)
	cAddr := rowsOf(c, ldc)
	for i := range acc {
		for j := range cols {
			r := v.reg()
			asm.VMOVUPD(cAddr[i].Offset(j*v.bytes), r)
			acc[i] = append(acc[i], r)
		}
	}
	aAddr := rowsOf(a, aRow)
	loop := name + "Loop"
	asm.Label(loop)
	var bv []reg.VecVirtual
	if rows > 1 { // otherwise each is used once, from memory
		for j := range cols {
			r := v.reg()
			asm.VMOVUPD(operand.Mem{Base: b, Disp: j * v.bytes}, r)
			bv = append(bv, r)
		}
	}
	for i := range rows {
		x := v.reg()
		asm.VBROADCASTSD(aAddr[i], x)
		for j := range cols {
			if rows > 1 {
				asm.VFMADD231PD(bv[j], x, acc[i][j])
			} else {
				asm.VFMADD231PD(operand.Mem{Base: b, Disp: j * v.bytes}, x, acc[i][j])
			}
		}
	}
	asm.ADDQ(aCol, a)
	if rows > 3 {
		asm.ADDQ(aCol, aAddr[3].Base)
	}
	asm.ADDQ(ldb, b)
	asm.DECQ(k)
	asm.JNZ(operand.LabelRef(loop))
	for i := range acc {
		for j := range cols {
			asm.VMOVUPD(acc[i][j], cAddr[i].Offset(j*v.bytes))
		}
	}
	asm.VZEROUPPER()
	asm.RET()
}

// factoredSigmoid writes the elementwise logistic function of a sum whose exponentials are given as two factors.
func factoredSigmoid(v isa) {
	name := "factoredSigmoid" + v.name
	asm.TEXT(name, attr.NOSPLIT, "func(dst, u, v *float64, scale, shift float64, n int)")
	asm.Doc(name + " sets dst[i] to shift + scale/(1+u[i]*v[i]) for i < n; n is a multiple of 8.")
	asm.Pragma("noescape")
	dst, up := asm.Load(asm.Param("dst"), asm.GP64()), asm.Load(asm.Param("u"), asm.GP64())
	vp, n := asm.Load(asm.Param("v"), asm.GP64()), asm.Load(asm.Param("n"), asm.GP64())
	scale, shift := broadcast(v, "scale"), broadcast(v, "shift")
	one := newEmitter(v, floats([]float64{1})).creg(1)
	asm.Label(name + "Loop")
	d := v.reg()
	asm.VMOVUPD(operand.Mem{Base: up}, d)
	asm.VFMADD132PD(operand.Mem{Base: vp}, one, d) // d = d v + 1
	asm.VDIVPD(d, scale, d)
	asm.VADDPD(shift, d, d)
	asm.VMOVUPD(d, operand.Mem{Base: dst})
	for _, pointer := range []reg.Register{dst, up, vp} {
		asm.ADDQ(operand.U32(v.bytes), pointer)
	}
	asm.SUBQ(operand.U8(v.lanes()), n)
	asm.JNZ(operand.LabelRef(name + "Loop"))
	asm.VZEROUPPER()
	asm.RET()
}

// factoredDot writes the same function under a weighted sum; four fractions share one division.
func factoredDot(v isa) {
	name := "factoredDot" + v.name
	asm.TEXT(name, attr.NOSPLIT, "func(dst, w, u, v *float64, quads, stride, n int)")
	asm.Doc(name+" adds to dst[i] the sum of w[h]/(1+u[h*stride/8+i]*v[h*stride/8+i]), h < 4*quads, for i < n;",
		"n is a multiple of 8, stride is in bytes.")
	asm.Pragma("noescape")
	dst, wp := asm.Load(asm.Param("dst"), asm.GP64()), asm.Load(asm.Param("w"), asm.GP64())
	up, vp := asm.Load(asm.Param("u"), asm.GP64()), asm.Load(asm.Param("v"), asm.GP64())
	quads, stride, n := asm.Load(asm.Param("quads"), asm.GP64()), asm.Load(asm.Param("stride"), asm.GP64()), asm.Load(asm.Param("n"), asm.GP64())
	one := newEmitter(v, floats([]float64{1})).creg(1)
	asm.Label(name + "Loop")
	acc := v.reg()
	asm.VMOVUPD(operand.Mem{Base: dst}, acc)
	w, us, vs, k := asm.GP64(), asm.GP64(), asm.GP64(), asm.GP64()
	for _, m := range [][2]reg.Register{{wp, w}, {up, us}, {vp, vs}, {quads, k}} {
		asm.MOVQ(m[0], m[1])
	}
	asm.Label(name + "Quad")
	d := make([]reg.VecVirtual, 4)
	for i := range d {
		d[i] = v.reg()
		asm.VMOVUPD(operand.Mem{Base: us}, d[i])
		asm.VFMADD132PD(operand.Mem{Base: vs}, one, d[i])
		asm.ADDQ(stride, us)
		asm.ADDQ(stride, vs)
	}
	// w0/d0 + w1/d1 = (w0 d1 + w1 d0)/(d0 d1), and so on with two of these.
	var num, den [2]reg.VecVirtual
	for i := range num {
		a, b := d[2*i], d[2*i+1]
		wa, wb := v.reg(), v.reg()
		asm.VBROADCASTSD(operand.Mem{Base: w, Disp: 16 * i}, wa)
		asm.VBROADCASTSD(operand.Mem{Base: w, Disp: 16*i + 8}, wb)
		num[i], den[i] = wa, v.reg()
		asm.VMULPD(b, wa, wa)
		asm.VFMADD231PD(a, wb, wa)
		asm.VMULPD(b, a, den[i])
	}
	asm.VMULPD(den[1], num[0], num[0])
	asm.VFMADD231PD(den[0], num[1], num[0])
	asm.VMULPD(den[1], den[0], den[0])
	asm.VDIVPD(den[0], num[0], num[0])
	asm.VADDPD(num[0], acc, acc)
	asm.ADDQ(operand.U8(32), w)
	asm.DECQ(k)
	asm.JNZ(operand.LabelRef(name + "Quad"))
	asm.VMOVUPD(acc, operand.Mem{Base: dst})
	for _, pointer := range []reg.Register{dst, up, vp} {
		asm.ADDQ(operand.U32(v.bytes), pointer)
	}
	asm.SUBQ(operand.U8(v.lanes()), n)
	asm.JNZ(operand.LabelRef(name + "Loop"))
	asm.VZEROUPPER()
	asm.RET()
}

func main() {
	asm.ConstraintExpr("amd64")
	global = asm.GLOBL("constants", attr.RODATA|attr.NOPTR)

	with := func(more ...float64) []uint64 { return floats(reduceConstants, more) }
	for _, v := range isas {
		elementwise(v, "exp", with(expMax, expMin), (*emitter).exp)
		elementwise(v, "tanh", append(with(tanhMax, 2), absMax, signs), (*emitter).tanh)
		elementwise(v, "sigmoid", append(with(expMin), signs), (*emitter).sigmoid)
		elementwise(v, "normalCDF", append(with(expMin, tailMax, tailMid, -0.5), absMax), (*emitter).normalCDF)
		// The polynomial of log1p does not fit beside that of exp in 32 registers: it is read from memory.
		elementwise(v, "softplus", append(with(expMin, 2), signs), (*emitter).softplus)
		elementwise(v, "log", append(floats(logCoef, []float64{1, 0x1p52 + 1023, ln2Hi, ln2Lo}),
			0x3ff0000000000000-0x3fe6a09e667f3bcd, 0x4330000000000000), (*emitter).log)
		logSumExp(v)
		addScaled(v)
		combine(v)
		dot(v)
		factoredSigmoid(v)
		factoredDot(v)
		for _, rows := range []int{4, 1} {
			for _, cols := range []int{3, 1} {
				kernel(v, rows, cols)
			}
		}
		kernel(v, 1, 8)
	}
	asm.Generate()
}
