package landscape

import "math"

// Rosenbrock is the curved valley (1-x)^2 + 100 (y-x^2)^2; its minimum, 0, is at (1, 1).
func Rosenbrock() *FuncObjective {
	return FuncGradient(2, func(t []float64) float64 {
		u, v := 1-t[0], t[1]-t[0]*t[0]
		return u*u + 100*v*v
	}, func(g, t []float64) {
		v := t[1] - t[0]*t[0]
		g[0] = -2*(1-t[0]) - 400*t[0]*v
		g[1] = 200 * v
	}).Named("Rosenbrock's function")
}

// Himmelblau has four minima of value 0, at (3, 2), (-2.805, 3.131), (-3.779, -3.283)
// and (3.584, -1.848), and a maximum between them.
func Himmelblau() *FuncObjective {
	return FuncGradient(2, func(t []float64) float64 {
		u, v := t[0]*t[0]+t[1]-11, t[0]+t[1]*t[1]-7
		return u*u + v*v
	}, func(g, t []float64) {
		u, v := t[0]*t[0]+t[1]-11, t[0]+t[1]*t[1]-7
		g[0] = 4*t[0]*u + 2*v
		g[1] = 2*u + 4*t[1]*v
	}).Named("Himmelblau's function")
}

// Saddle is x^2 - y^2: a critical point at 0 that is no minimum.
func Saddle() *FuncObjective {
	return FuncGradient(2, func(t []float64) float64 {
		return t[0]*t[0] - t[1]*t[1]
	}, func(g, t []float64) {
		g[0], g[1] = 2*t[0], -2*t[1]
	}).Named("the saddle x^2 - y^2")
}

// Rastrigin is 10 dim + sum x_i^2 - 10 cos(2 pi x_i): a bowl full of dents, with its
// minimum, 0, at the origin.
func Rastrigin(dim int) *FuncObjective {
	return FuncGradient(dim, func(t []float64) float64 {
		sum := 0.0
		for _, x := range t {
			sum += 10 + x*x - 10*math.Cos(2*math.Pi*x)
		}
		return sum
	}, func(g, t []float64) {
		for i, x := range t {
			g[i] = 2*x + 20*math.Pi*math.Sin(2*math.Pi*x)
		}
	}).Named("Rastrigin's function")
}

// Beale is flat around its minimum, 0, at (3, 0.5), and steep in its corners.
func Beale() *FuncObjective {
	coefficients := [3]float64{1.5, 2.25, 2.625}
	return FuncGradient(2, func(t []float64) float64 {
		sum, power := 0.0, 1.0
		for _, c := range coefficients {
			power *= t[1]
			r := c - t[0] + t[0]*power
			sum += r * r
		}
		return sum
	}, func(g, t []float64) {
		g[0], g[1] = 0, 0
		power := 1.0 // y^(k-1) before, y^k after
		for k, c := range coefficients {
			slope := float64(k+1) * power
			power *= t[1]
			r := c - t[0] + t[0]*power
			g[0] += 2 * r * (power - 1)
			g[1] += 2 * r * t[0] * slope
		}
	}).Named("Beale's function")
}
