package job

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/mat"

	"github.com/gosaddle/saddle/lossviz/internal/decimal"
	"github.com/gosaddle/saddle/lossviz/internal/symmetric"
	"github.com/gosaddle/saddle/lossviz/landscape"
	"github.com/gosaddle/saddle/lossviz/nn"
)

// MaxHessian is the most parameters whose Hessian [Job.Inspect] forms: three matrices of 8 MaxHessian^2 bytes.
const MaxHessian = 6000

// An Inspection is what there is to know about a job at its weights.
type Inspection struct {
	Loss     float64
	Accuracy float64   // NaN where the loss does not classify
	Gradient []float64 // laid out like the weights
	// Eigenvalues of the Hessian, ascending. Nil for more than MaxHessian parameters; NaN where it is not finite.
	Eigenvalues []float64

	blocks []nn.Block
}

// Inspect computes the loss, its gradient and all eigenvalues of its Hessian at the job's weights.
func (j *Job) Inspect(ctx context.Context) (*Inspection, error) {
	objective := j.Objective()
	n := objective.Dim()
	in := &Inspection{Gradient: make([]float64, n), blocks: objective.Blocks()}
	in.Loss, in.Accuracy = objective.ValueAccuracy(j.Weights)
	objective.Gradient(in.Gradient, j.Weights)
	if n > MaxHessian {
		return in, nil
	}
	h, err := hessian(ctx, objective, j.Weights)
	if err != nil {
		return nil, err
	}
	for _, x := range h.RawSymmetric().Data {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			in.Eigenvalues = make([]float64, n)
			for i := range in.Eigenvalues {
				in.Eigenvalues[i] = math.NaN()
			}
			return in, nil
		}
	}
	var ok bool
	if in.Eigenvalues, _, ok = symmetric.Eigen(h, false); !ok {
		return nil, fmt.Errorf("the eigenvalues of the Hessian (%d x %d) did not converge", n, n)
	}
	return in, nil
}

// hessian forms the matrix, a column a core at a time.
func hessian(ctx context.Context, objective landscape.TwiceDifferentiable, theta []float64) (*mat.SymDense, error) {
	n := objective.Dim()
	full := make([]float64, n*n)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			unit, products := make([]float64, n), landscape.NewCurvature(objective)
			products.At(theta)
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				unit[i] = 1
				products.HessianVector(full[i*n:(i+1)*n], unit)
				unit[i] = 0
			}
		})
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("the Hessian was not finished: %w", err)
	}
	h := mat.NewSymDense(n, nil)
	for i := range n {
		for k := i; k < n; k++ {
			h.SetSym(i, k, 0.5*(full[i*n+k]+full[k*n+i])) // equal but for rounding
		}
	}
	return h, nil
}

// Write writes the inspection as JSON: "loss", "accuracy" (null where it means nothing), "gradient" by the keys of
// the weights and in their shapes, "hessian_eigenvalues" ascending (null if there are too many parameters).
func (in *Inspection) Write(w io.Writer) error {
	out := decimal.Append([]byte(`{"loss": `), in.Loss)
	out = append(out, ",\n\"accuracy\": "...)
	if math.IsNaN(in.Accuracy) {
		out = append(out, "null"...)
	} else {
		out = decimal.Append(out, in.Accuracy)
	}
	out = append(out, ",\n\"gradient\": {"...)
	for i, b := range in.blocks {
		if i > 0 {
			out = append(out, ",\n "...)
		}
		out = append(out, strconv.Quote(b.Name)+": "...)
		out = appendNested(out, b.Of(in.Gradient), b.Shape)
	}
	out = append(out, "},\n\"hessian_eigenvalues\": "...)
	if in.Eigenvalues == nil {
		out = append(out, "null"...)
	} else {
		out = appendNumbers(out, in.Eigenvalues)
	}
	_, err := w.Write(append(out, "}\n"...))
	return err
}

// appendNested writes numbers in their shape.
func appendNested(out []byte, values []float64, shape []int) []byte {
	if len(shape) <= 1 {
		return appendNumbers(out, values)
	}
	out = append(out, '[')
	step := len(values) / shape[0]
	for i := range shape[0] {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = appendNested(out, values[i*step:(i+1)*step], shape[1:])
	}
	return append(out, ']')
}

func bytesOf(values []float64) []byte {
	raw := make([]byte, 0, 8*len(values))
	for _, x := range values {
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(x))
	}
	return raw
}

func floatsOf(raw []byte) []float64 {
	values := make([]float64, len(raw)/8)
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return values
}
