// Command eigenpairs is what eigenpairs.py times: ten eigenpairs of the Hessian of a 64-32-10 network on 1,797 digits.
//
//	eigenpairs FOLDER dump     writes x (1797 x 64), y and theta to FOLDER/arrays.f64, little-endian float64
//	eigenpairs FOLDER REPEAT   prints the best time of as many runs, the eigenvalues and the largest residual
package main

import (
	"encoding/binary"
	"encoding/json"
	"log"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gosaddle/saddle/lossviz/dataset"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
	"github.com/gosaddle/saddle/lossviz/spectrum"
	"github.com/gosaddle/saddle/lossviz/train"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: eigenpairs FOLDER dump|REPEAT")
	}
	data := dataset.Digits()
	net := nn.MLP(64, 32, 10, nn.Tanh)
	loss := landscape.NewObjective(net, nn.CrossEntropy, data)
	theta := train.Adam(loss, net.Init(1), train.Steps(100), train.Quiet()).End()
	if os.Args[2] == "dump" {
		var raw []byte
		for _, v := range [][]float64{data.X, data.Y, theta} {
			for _, x := range v {
				raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(x))
			}
		}
		if err := os.WriteFile(filepath.Join(os.Args[1], "arrays.f64"), raw, 0o644); err != nil {
			log.Fatal(err)
		}
		return
	}
	repeat, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	out := struct {
		Seconds  float64   `json:"seconds"`
		Values   []float64 `json:"values"`
		Residual float64   `json:"residual"`
	}{Seconds: math.Inf(1)}
	for range repeat {
		start := time.Now()
		e := spectrum.Extremes(loss, theta, 0, 10, spectrum.Tolerance(1e-4))
		out.Seconds = min(out.Seconds, time.Since(start).Seconds())
		if e.Err() != nil {
			log.Fatal(e.Err())
		}
		out.Values, out.Residual = nil, 0
		for _, p := range e.Highest {
			out.Values, out.Residual = append(out.Values, p.Value), max(out.Residual, p.Residual)
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		log.Fatal(err)
	}
}
