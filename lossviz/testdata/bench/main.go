// Command bench times one slice for bench.py: it reads case.json and arrays.f64 from the folder that is its
// first argument and prints the best of as many runs as the second says, and losses at some points.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: bench FOLDER REPEAT")
	}
	var meta struct {
		Sizes         []int
		Samples, Grid int
	}
	text, err := os.ReadFile(filepath.Join(os.Args[1], "case.json"))
	if err != nil {
		log.Fatal(err)
	}
	if err := json.Unmarshal(text, &meta); err != nil {
		log.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(os.Args[1], "arrays.f64"))
	if err != nil {
		log.Fatal(err)
	}
	take := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
		}
		raw = raw[8*n:]
		return v
	}
	net := nn.Deep(nn.Tanh, meta.Sizes...)
	in, out := meta.Sizes[0], meta.Sizes[len(meta.Sizes)-1]
	x, y := take(meta.Samples*in), take(meta.Samples)
	loss := nn.Loss(nn.CrossEntropy)
	if out == 1 {
		loss = nn.LogisticLoss
	}
	theta, d1, d2 := take(net.Dim()), take(net.Dim()), take(net.Dim())

	repeat, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	best := time.Duration(math.MaxInt64)
	var surface *landscape.Surface
	for range repeat {
		start := time.Now()
		// Everything that depends on the job is inside: also the transposed data and the shared products.
		objective := landscape.NewObjective(net, loss, dataset.New("bench", x, y, in))
		plane := landscape.NewPlane(theta, landscape.Given("x", d1), landscape.Given("y", d2))
		surface = landscape.Slice(objective, plane, landscape.Square(1, meta.Grid), landscape.Quiet())
		best = min(best, time.Since(start))
		if surface.Err() != nil {
			log.Fatal(surface.Err())
		}
	}
	checks := map[string]float64{}
	for _, p := range [][2]int{{0, 0}, {meta.Grid / 2, meta.Grid / 2}, {3, meta.Grid - 2}} {
		checks[fmt.Sprintf("%d,%d", p[0], p[1])] = surface.Z[p[0]][p[1]]
	}
	err = json.NewEncoder(os.Stdout).Encode(map[string]any{"seconds": best.Seconds(), "checks": checks, "code": surface.Made.Code})
	if err != nil {
		log.Fatal(err)
	}
}
