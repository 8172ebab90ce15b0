package session_test

import "fmt"

// Statements in which calls change what is read beside them: Go leaves the order open, and plain cells keep to the
// compiler's.

const orderVars = `gp := &P{1, 2, "g"}
ga := [4]int{1, 2, 3, 4}
gm := map[string]int{"a": 1, "b": 2}
gs := []int{1, 2, 3}
gt := "t"
gb := []byte("bytes")
gv := P{5, 6, "v"}
gf := true
var ge any = 3
gr := 1.5`

const orderFuncs = `func bump(k int) int { i1 += k; fmt.Print("bump", k, " "); return i1 }
func poke(k int) int { ints[k&7] += 10; gp.X++; ga[1]++; gm["a"] += 3; return ints[0] }
func swapP() *P { gp = &P{gp.X + 1, gp.y, gp.Tag + "s"}; return gp }
func grow() []int { gs = append(gs, len(gs)); return gs }
func shift() string { gt += "x"; gb[0]++; return gt }
func taken() P { gv.X += 2; return gv }
func flip() bool { gf = !gf; return gf }
func held() any { ge = i1 * 2; i1++; return ge }
func (p P) plus(k int) int { i1 += p.X; return p.X + k }
func (p *P) inc(k int) int { p.X += k; return p.X }
func tagged(a string, b int) string { gt = a; return fmt.Sprint(a, b) }
func raise(x float64) float64 { gr += x; return gr }
func tail(k int) []int { ints[k&7]++; return ints[k&3:] }`

// orderState shows what the functions change, and keeps it small.
const orderState = `fmt.Println(i1, ints, *gp, ga, gm, gs, gt, string(gb), gv, gf, ge, gr); gs = []int{1, 2, 3}; gb[0] = 65; ge = 3; gt = "t"; gp.Tag = ""; i1 %= 100; ints[0] %= 100; ints[1] %= 100`

// mixed returns an expression of a kind, i for int, s for string, f for float64 and b for bool, of calls and reads.
func (g *generator) mixed(kind byte, depth int) string {
	leaves := map[byte][]string{
		'i': {"i1", "ints[2]", "gp.X", "ga[1]", `gm["a"]`, "len(gs)", "gs[0]", "gv.X", "gs[len(gs)-1]", "gp.y", "3", "(*gp).X", "ge.(int)", "len(gt)", "len(gs[:1])"},
		's': {"gt", "gp.Tag", "string(gb)", "gv.Tag", `"lit"`, "gt[:min(1, len(gt))]", "words[1]"},
		'f': {"gr", "float64(i1)", "f1"},
		'b': {"gf", "flip()", "(i1 > 3)"},
	}
	if depth <= 0 || g.rng.IntN(4) == 0 {
		return pick(g.rng, leaves[kind])
	}
	forms := map[byte][]string{
		'i': {"(%i + %i)", "(%i - %i)", "(%i * %i)", "bump(%i)", "poke(%i)", "swapP().X", "grow()[0]", "taken().X", "gp.inc(%i)", "gv.plus(%i)", "gp.plus(%i)", "len(%s)", "held().(int)",
			"tail(%i)[1]", "max(%i, %i)", "int(%f)", "ints[%i&7]", "len(grow())", "add(%i, %i)", "gs[%i&1]", "P{X: %i}.X", "[]int{%i, %i}[1]", "gv.inc(%i)", "(-%i)"},
		's': {"shift()", "(%s + %s)", "tagged(%s, %i)", "fmt.Sprint(%i, %s, gv, ga[1], gs, %i)", "fmt.Sprint(%i, gf, *gp, gm, ge, %b)", "swapP().Tag", "string([]byte(%s))"},
		'f': {"raise(%f)", "(%f + %f)", "math.Sqrt(%f*%f)", "float64(%i)"},
		'b': {"(%i < %i)", "(%s == %s)", "(gf && %b)", "(%b || gf)", "!%b", "(ge == %i)"},
	}
	return g.fill(pick(g.rng, forms[kind]), depth-1)
}

// fill replaces %i and the like by expressions.
func (g *generator) fill(form string, depth int) string {
	out := ""
	for i := 0; i < len(form); i++ {
		if form[i] == '%' && i+1 < len(form) && form[i+1] >= 'a' {
			i++
			out += g.mixed(form[i], depth)
		} else {
			out += form[i : i+1]
		}
	}
	return out
}

// ordered returns a statement; k is its number in the cell.
func (g *generator) ordered(k int) string {
	forms := []string{"fmt.Println(%i, %s, %i)", "fmt.Println(%i, %f, %b, gv, ga)", "fmt.Println(%s, gs, %i, gp.Tag, %s)",
		fmt.Sprintf("q%d, w%d := %%i, %%s; fmt.Println(q%d, w%d)", k, k, k, k), fmt.Sprintf("var v%d any = %%s; fmt.Println(v%d, %%i)", k, k),
		"ints[%i&7] = %i", "gp.X += %i", "i1, gs[0] = %i, %i", "ga[%i&3] -= %i", `gm["b"] = %i`, "ints[%i&7], gp.X = %i, %i", "gt = %s", "gv.Tag += %s; gv.Tag = gv.Tag[:1]"}
	return g.fill(pick(g.rng, forms), 1+g.rng.IntN(3)) + "; " + orderState
}
