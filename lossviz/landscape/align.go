package landscape

import (
	"errors"
	"fmt"

	"github.com/gosaddle/saddle/lossviz/nn"
)

// A dense is where a dense layer's parameters are.
type dense struct {
	in, out      int
	weight, bias int // offsets; bias is -1 without one
}

// Align returns the permutation of b's hidden units that makes its weights as similar to
// a's as coordinate descent over the layers finds (weight matching; Ainsworth et al.,
// arXiv:2209.04836, algorithm 1). The network computes the same function with them, but
// the way from a is shorter and often without a barrier. It works for stacks of dense
// layers; others are an error.
func Align(net *nn.Network, a, b []float64) ([]float64, error) {
	layers, err := denseStack(net)
	if err != nil {
		return nil, err
	}
	if len(a) != net.Dim() || len(b) != net.Dim() {
		return nil, fmt.Errorf("landscape: align: the points have %d and %d numbers, the network %s", len(a), len(b), count(net.Dim(), "parameter"))
	}
	if err := errors.Join(checkFinite(a, "the first point"), checkFinite(b, "the second point")); err != nil {
		return nil, err
	}
	out := clone(b)
	for range 100 { // each round lowers the distance; in practice there are few
		changed := false
		for l := 0; l+1 < len(layers); l++ {
			if alignUnits(layers[l], layers[l+1], a, out) {
				changed = true
			}
		}
		if !changed {
			break
		}
	}
	return out, nil
}

// PermuteUnits returns theta with the units of one hidden layer (0 is the first) in
// another order: unit i becomes what unit order[i] was. The network computes the same.
func PermuteUnits(net *nn.Network, theta []float64, hidden int, order []int) ([]float64, error) {
	layers, err := denseStack(net)
	if err != nil {
		return nil, err
	}
	if len(theta) != net.Dim() {
		return nil, fmt.Errorf("landscape: permute: theta has %d numbers, the network %s", len(theta), count(net.Dim(), "parameter"))
	}
	if hidden < 0 || hidden+1 >= len(layers) {
		return nil, fmt.Errorf("landscape: permute: no hidden layer %d; there are %d", hidden, len(layers)-1)
	}
	units := layers[hidden].out
	seen := make([]bool, units)
	for _, u := range order {
		if u < 0 || u >= units || seen[u] {
			return nil, fmt.Errorf("landscape: permute: %v is no order of %d units", order, units)
		}
		seen[u] = true
	}
	if len(order) != units {
		return nil, fmt.Errorf("landscape: permute: %v is no order of %d units", order, units)
	}
	out := clone(theta)
	permute(layers[hidden], layers[hidden+1], out, order)
	return out, nil
}

// denseStack finds the parameters of a network of dense layers.
func denseStack(net *nn.Network) ([]dense, error) {
	if net == nil {
		return nil, errors.New("landscape: the network is nil")
	}
	if err := net.Err(); err != nil {
		return nil, err
	}
	var layers []dense
	offset := 0
	for i, l := range net.Layers() {
		switch l := l.(type) {
		case nn.DenseLayer:
			d := dense{in: l.In, out: l.Out, weight: offset, bias: -1}
			offset += l.In * l.Out
			if !l.NoBias {
				d.bias = offset
				offset += l.Out
			}
			layers = append(layers, d)
		case nn.ActivationLayer, nn.FlattenLayer:
		default:
			return nil, fmt.Errorf("landscape: layer %d (%v) is not dense: its units cannot be permuted here", i, l)
		}
	}
	return layers, nil
}

// permute reorders the units between two layers in place.
func permute(l, next dense, theta []float64, order []int) {
	old := clone(theta)
	for i, from := range order {
		copy(theta[l.weight+i*l.in:l.weight+(i+1)*l.in], old[l.weight+from*l.in:])
		if l.bias >= 0 {
			theta[l.bias+i] = old[l.bias+from]
		}
		for o := range next.out {
			theta[next.weight+o*next.in+i] = old[next.weight+o*next.in+from]
		}
	}
}

// alignUnits permutes the units between l and next in b to fit a best, and says whether
// that changed something.
func alignUnits(l, next dense, a, b []float64) bool {
	n := l.out
	cost := make([][]float64, n) // minus the similarity of a's unit i and b's unit j
	for i := range cost {
		cost[i] = make([]float64, n)
		for j := range cost[i] {
			s := dot(a[l.weight+i*l.in:l.weight+(i+1)*l.in], b[l.weight+j*l.in:])
			if l.bias >= 0 {
				s += a[l.bias+i] * b[l.bias+j]
			}
			for o := range next.out {
				s += a[next.weight+o*next.in+i] * b[next.weight+o*next.in+j]
			}
			cost[i][j] = -s
		}
	}
	order := assign(cost)
	gain, scale := 0.0, 0.0
	for i, j := range order {
		gain += cost[i][i] - cost[i][j]
		scale += -min(cost[i][j], -cost[i][j])
	}
	if !(gain > 1e-12*scale) { // as good as before: stop here, or rounding could go in circles
		return false
	}
	permute(l, next, b, order)
	return true
}

// assign solves the linear assignment problem: the column of each row so that the sum of
// costs is least (the Hungarian method with potentials, O(n^3)).
func assign(cost [][]float64) []int {
	n := len(cost)
	u, v := make([]float64, n+1), make([]float64, n+1)
	row := make([]int, n+1) // row matched to a column, from 1; 0 is none
	for i := 1; i <= n; i++ {
		row[0] = i
		slack := make([]float64, n+1)
		from := make([]int, n+1)
		used := make([]bool, n+1)
		for j := range slack {
			slack[j] = 1e308
		}
		j := 0
		for row[j] != 0 {
			used[j] = true
			delta, next := 1e308, 0
			for k := 1; k <= n; k++ {
				if used[k] {
					continue
				}
				if c := cost[row[j]-1][k-1] - u[row[j]] - v[k]; c < slack[k] {
					slack[k], from[k] = c, j
				}
				if slack[k] < delta {
					delta, next = slack[k], k
				}
			}
			for k := 0; k <= n; k++ {
				if used[k] {
					u[row[k]] += delta
					v[k] -= delta
				} else {
					slack[k] -= delta
				}
			}
			j = next
		}
		for j != 0 {
			row[j] = row[from[j]]
			j = from[j]
		}
	}
	order := make([]int, n)
	for k := 1; k <= n; k++ {
		order[row[k]-1] = k - 1
	}
	return order
}
