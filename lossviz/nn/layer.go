package nn

import (
	"fmt"
	"math"
	"strings"
)

// A Shape is the size of what flows between layers, for one sample: [d] for d
// numbers, or [channels, height, width] for images.
type Shape []int

// String writes a shape as "16" or "8x4x4".
func (s Shape) String() string {
	if len(s) == 0 {
		return "?"
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint([]int(s)), " ", "x"), "[]")
}

// Size is the number of numbers: the product of the sizes, or MaxInt if that is larger.
func (s Shape) Size() int {
	size := 1
	for _, n := range s {
		if n > 0 && size > math.MaxInt/n {
			return math.MaxInt
		}
		size *= n
	}
	return size
}

func (s Shape) equal(t Shape) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range s {
		if s[i] != t[i] {
			return false
		}
	}
	return true
}

// channels splits a shape into its channels and the numbers of each.
func (s Shape) channels() (channels, area int) { return s[0], s.Size() / s[0] }

// A Layer is one of this package's layer structs. It is a description: a network
// built by [New] checks it and makes it work.
type Layer interface {
	// String describes the layer in a line.
	String() string
	// input is the shape the layer takes, nil if it takes any.
	input() Shape
	// build adds the layer's parameters and operations and returns the shape it gives.
	build(b *builder, in Shape) (Shape, error)
}

// DenseLayer is the map y = f(Wx + b) from In to Out numbers. The parameters are weight, Out x In,
// and, unless NoBias, bias, Out.
type DenseLayer struct {
	In         int        `json:"in"`
	Out        int        `json:"out"`
	Activation Activation `json:"activation,omitempty"`
	NoBias     bool       `json:"no-bias,omitempty"`
}

// Dense is a [DenseLayer] in short.
func Dense(in, out int, act Activation) DenseLayer {
	return DenseLayer{In: in, Out: out, Activation: act}
}

// Conv2DLayer is a 2D convolution of images of In channels with Out filters of Kernel x Kernel:
// weight is Out x In x Kernel x Kernel, bias (unless NoBias) Out. Images are padded with
// Padding zeros on each side; a Stride of 0 means 1. The result has
// (size + 2 Padding - Kernel)/Stride + 1 rows and columns.
//
// Height and Width are those of the input images. Only the first layer of a network must give them.
type Conv2DLayer struct {
	In         int        `json:"in"`
	Out        int        `json:"out"`
	Kernel     int        `json:"kernel"`
	Stride     int        `json:"stride,omitempty"`
	Padding    int        `json:"padding,omitempty"`
	Height     int        `json:"height,omitempty"`
	Width      int        `json:"width,omitempty"`
	Activation Activation `json:"activation,omitempty"`
	NoBias     bool       `json:"no-bias,omitempty"`
}

// PoolLayer takes the maximum (or the mean, with Mean) of each Size x Size window of each channel.
// A Stride of 0 means Size; what does not fill a window is left out.
type PoolLayer struct {
	Size   int  `json:"size"`
	Stride int  `json:"stride,omitempty"`
	Mean   bool `json:"-"` // in JSON the type says it
}

// MaxPool is a [PoolLayer] in short.
func MaxPool(size int) PoolLayer { return PoolLayer{Size: size} }

// AvgPool is a [PoolLayer] of means in short.
func AvgPool(size int) PoolLayer { return PoolLayer{Size: size, Mean: true} }

// FlattenLayer makes images of C x H x W a vector of C*H*W numbers.
type FlattenLayer struct{}

// ActivationLayer applies an activation to every number.
type ActivationLayer struct {
	Activation Activation `json:"activation"`
}

// ResidualLayer is an inner stack of layers, plus its own input if Skip is set. The
// parameters are the same with and without, so that the two landscapes can be compared.
type ResidualLayer struct {
	Inner []Layer
	Skip  bool
}

// Residual is a [ResidualLayer] with its skip connection.
func Residual(inner ...Layer) ResidualLayer { return ResidualLayer{Inner: inner, Skip: true} }

// BatchNormLayer normalizes each of Features channels (or numbers) over the samples of the batch, and over the
// image, then scales by weight and shifts by bias, both of length Features.
//
// With Mean and Variance nil the statistics are those of the batch, biased, as
// PyTorch trains: the batch is all of the data for a loss, and the given samples for a mini-batch. With
// both set (Features numbers each) they are used in place, as PyTorch evaluates: see [Network.Freeze].
type BatchNormLayer struct {
	Features int       `json:"features"`
	Eps      float64   `json:"eps,omitempty"` // added to the variance; 0 means 1e-5
	Mean     []float64 `json:"mean,omitempty"`
	Variance []float64 `json:"variance,omitempty"`
}

// LayerNormLayer normalizes the Features numbers of each sample (all of an image), then scales
// by weight and shifts by bias, both of length Features.
type LayerNormLayer struct {
	Features int     `json:"features"`
	Eps      float64 `json:"eps,omitempty"` // added to the variance; 0 means 1e-5
}

func (l DenseLayer) String() string {
	return fmt.Sprintf("dense %d -> %d%s%s", l.In, l.Out, after(l.Activation), without(l.NoBias))
}

func (l Conv2DLayer) String() string {
	s := fmt.Sprintf("conv2d %d -> %d, %dx%d", l.In, l.Out, l.Kernel, l.Kernel)
	if l.Stride > 1 {
		s += fmt.Sprintf(", stride %d", l.Stride)
	}
	if l.Padding > 0 {
		s += fmt.Sprintf(", padding %d", l.Padding)
	}
	return s + after(l.Activation) + without(l.NoBias)
}

func (l PoolLayer) String() string {
	s := "max-pool"
	if l.Mean {
		s = "avg-pool"
	}
	s += fmt.Sprintf(" %dx%d", l.Size, l.Size)
	if l.Stride > 0 && l.Stride != l.Size {
		s += fmt.Sprintf(", stride %d", l.Stride)
	}
	return s
}

func (l FlattenLayer) String() string    { return "flatten" }
func (l ActivationLayer) String() string { return l.Activation.String() }

func (l ResidualLayer) String() string {
	if l.Skip {
		return "residual"
	}
	return "residual, skip off"
}

func (l BatchNormLayer) String() string {
	s := fmt.Sprintf("batch-norm %d", l.Features)
	if l.Mean != nil {
		s += ", running statistics"
	}
	return s
}

func (l LayerNormLayer) String() string { return fmt.Sprintf("layer-norm %d", l.Features) }

func after(a Activation) string {
	if a == Identity {
		return ""
	}
	return ", " + a.String()
}

func without(noBias bool) string {
	if noBias {
		return ", no bias"
	}
	return ""
}

// known gives a shape only if none of its sizes is missing.
func known(sizes ...int) Shape {
	for _, n := range sizes {
		if n <= 0 {
			return nil
		}
	}
	return sizes
}

func (l DenseLayer) input() Shape      { return known(l.In) }
func (l Conv2DLayer) input() Shape     { return known(l.In, l.Height, l.Width) }
func (l PoolLayer) input() Shape       { return nil }
func (l FlattenLayer) input() Shape    { return nil }
func (l ActivationLayer) input() Shape { return nil }
func (l BatchNormLayer) input() Shape  { return known(l.Features) }
func (l LayerNormLayer) input() Shape  { return known(l.Features) }

func (l ResidualLayer) input() Shape {
	if len(l.Inner) == 0 || l.Inner[0] == nil {
		return nil
	}
	return l.Inner[0].input()
}

// maxParameters bounds a layer, so that a slip of the keyboard is an error. 1 GiB.
const maxParameters = 1 << 27

// positive says which of the named sizes is not.
func positive(names string, sizes ...int) error {
	for i, name := range strings.Fields(names) {
		if sizes[i] < 1 || sizes[i] > maxParameters {
			return fmt.Errorf("%s is %d; it must be at least 1 and at most %d", name, sizes[i], maxParameters)
		}
	}
	return nil
}

func mismatch(want, got Shape) error {
	if len(want) == 1 && len(got) == 3 {
		return fmt.Errorf("takes %v, but gets %v images; put a FlattenLayer before it", want, got)
	}
	return fmt.Errorf("takes %v, but gets %v", want, got)
}

func (l DenseLayer) build(b *builder, in Shape) (Shape, error) {
	if err := positive("In Out", l.In, l.Out); err != nil {
		return nil, err
	}
	if l.In > maxParameters/l.Out {
		return nil, fmt.Errorf("%d x %d weights are more than %d", l.Out, l.In, maxParameters)
	}
	if want := (Shape{l.In}); !in.equal(want) {
		return nil, mismatch(want, in)
	}
	p := &product{kernel: dense{l.In, l.Out}, size: l.In * l.Out, channels: l.Out, area: 1, bias: -1}
	p.weight = b.parameters("weight", Weight, l.Out, l.In)
	if !l.NoBias {
		p.bias = b.parameters("bias", Bias, l.Out)
	}
	p.in, p.out = b.node(l.Out, true)
	b.add(p)
	return Shape{l.Out}, b.activate(l.Activation)
}

func (l Conv2DLayer) build(b *builder, in Shape) (Shape, error) {
	if err := positive("In Out Kernel", l.In, l.Out, l.Kernel); err != nil {
		return nil, err
	}
	if l.Stride < 0 || l.Padding < 0 || l.Padding > maxParameters {
		return nil, fmt.Errorf("stride %d and padding %d must not be negative", l.Stride, l.Padding)
	}
	if l.Kernel > 1<<12 || l.In > maxParameters/l.Out/(l.Kernel*l.Kernel) {
		return nil, fmt.Errorf("%d x %d x %d x %d weights are more than %d", l.Out, l.In, l.Kernel, l.Kernel, maxParameters)
	}
	want := Shape{l.In, l.Height, l.Width}
	if len(in) == 3 { // sizes left out are those that come
		if l.Height == 0 {
			want[1] = in[1]
		}
		if l.Width == 0 {
			want[2] = in[2]
		}
	}
	if !in.equal(want) {
		return nil, mismatch(want, in)
	}
	k := conv{c: in[0], h: in[1], w: in[2], f: l.Out, kernel: l.Kernel, stride: max(l.Stride, 1), padding: l.Padding}
	k.oh = (k.h+2*k.padding-k.kernel)/k.stride + 1
	k.ow = (k.w+2*k.padding-k.kernel)/k.stride + 1
	if k.h+2*k.padding < k.kernel || k.w+2*k.padding < k.kernel {
		return nil, fmt.Errorf("a %dx%d kernel does not fit in %v images with padding %d", k.kernel, k.kernel, in, k.padding)
	}
	out := Shape{k.f, k.oh, k.ow}
	p := &product{kernel: k, size: l.Out * l.In * l.Kernel * l.Kernel, channels: k.f, area: k.oh * k.ow, bias: -1}
	p.weight = b.parameters("weight", Weight, l.Out, l.In, l.Kernel, l.Kernel)
	if !l.NoBias {
		p.bias = b.parameters("bias", Bias, l.Out)
	}
	p.in, p.out = b.node(out.Size(), true)
	b.add(p)
	return out, b.activate(l.Activation)
}

func (l PoolLayer) build(b *builder, in Shape) (Shape, error) {
	if err := positive("Size", l.Size); err != nil {
		return nil, err
	}
	if len(in) != 3 {
		return nil, fmt.Errorf("takes images (channels x height x width), but gets %v", in)
	}
	p := &pool{mean: l.Mean, c: in[0], h: in[1], w: in[2], window: l.Size, stride: l.Stride}
	if l.Stride < 0 {
		return nil, fmt.Errorf("stride %d is negative", l.Stride)
	}
	if l.Stride == 0 {
		p.stride = l.Size
	}
	if p.h < p.window || p.w < p.window {
		return nil, fmt.Errorf("a %dx%d window does not fit in %v images", p.window, p.window, in)
	}
	p.oh, p.ow = (p.h-p.window)/p.stride+1, (p.w-p.window)/p.stride+1
	out := Shape{p.c, p.oh, p.ow}
	p.in, p.out = b.node(out.Size(), false)
	b.noted[p.out] = !l.Mean
	b.add(p)
	return out, nil
}

func (l FlattenLayer) build(b *builder, in Shape) (Shape, error) {
	if in == nil {
		return nil, fmt.Errorf("does not know its input; begin with a layer that says its size")
	}
	return Shape{in.Size()}, nil // the numbers already lie in this order
}

func (l ActivationLayer) build(b *builder, in Shape) (Shape, error) {
	if in == nil {
		return nil, fmt.Errorf("does not know its input; begin with a layer that says its size")
	}
	return in, b.activate(l.Activation)
}

func (l ResidualLayer) build(b *builder, in Shape) (Shape, error) {
	if len(l.Inner) == 0 {
		return nil, fmt.Errorf("has no inner layers")
	}
	from := b.last()
	out, err := b.stack(l.Inner, in)
	if err != nil {
		return nil, err
	}
	if !l.Skip {
		return out, nil
	}
	if !out.equal(in) {
		return nil, fmt.Errorf("adds its input to its output, but the input is %v and the inner layers give %v", in, out)
	}
	p := &plus{skip: from}
	p.in, p.out = b.node(out.Size(), b.live[from])
	b.add(p)
	return out, nil
}

func (l BatchNormLayer) build(b *builder, in Shape) (Shape, error) {
	if err := positive("Features", l.Features); err != nil {
		return nil, err
	}
	if len(in) == 0 || in[0] != l.Features {
		return nil, fmt.Errorf("takes %d channels, but gets %v", l.Features, in)
	}
	p := &normalize{eps: l.Eps, mean: l.Mean, variance: l.Variance}
	p.channels, p.area = in.channels()
	if l.Mean != nil || l.Variance != nil {
		if len(l.Mean) != l.Features || len(l.Variance) != l.Features {
			return nil, fmt.Errorf("has %d running means and %d variances for %d channels", len(l.Mean), len(l.Variance), l.Features)
		}
		for i, v := range l.Variance {
			if !(v >= 0) || math.IsInf(v, 0) || math.IsNaN(l.Mean[i]) || math.IsInf(l.Mean[i], 0) {
				return nil, fmt.Errorf("running statistics of channel %d are mean %v, variance %v", i, l.Mean[i], v)
			}
		}
	} else {
		b.wholeBatch = true
	}
	return in, b.normalize(p, l.Features)
}

func (l LayerNormLayer) build(b *builder, in Shape) (Shape, error) {
	if err := positive("Features", l.Features); err != nil {
		return nil, err
	}
	if in.Size() != l.Features {
		return nil, mismatch(Shape{l.Features}, in)
	}
	return in, b.normalize(&normalize{eps: l.Eps, perSample: true, channels: l.Features, area: 1}, l.Features)
}

// A builder collects what the layers of a network are made of.
type builder struct {
	path       string // of the layer being built, e.g. "2" or "2.0"
	blocks     []Block
	operations []operation
	size       []int        // numbers a sample, by node; node 0 is the network's input
	live       []bool       // does the node depend on the parameters?
	noted      map[int]bool // does the operation that writes the node keep notes?
	wholeBatch bool
	dim        int
	lines      []line
}

// A line is one row of a network's picture.
type line struct {
	path, layer string
	out         Shape
	parameters  int
}

// stack builds layers one after the other.
func (b *builder) stack(layers []Layer, in Shape) (Shape, error) {
	path := b.path
	defer func() { b.path = path }()
	for i, layer := range layers {
		if b.path = fmt.Sprint(i); path != "" {
			b.path = path + "." + b.path
		}
		if layer == nil {
			return nil, fmt.Errorf("layer %s is nil", b.path)
		}
		here, row, before := b.path, len(b.lines), b.dim
		b.lines = append(b.lines, line{path: here, layer: layer.String()})
		out, err := layer.build(b, in)
		if err != nil {
			if _, ok := layer.(ResidualLayer); ok && strings.HasPrefix(err.Error(), "layer ") {
				return nil, err // an inner layer has named itself
			}
			return nil, fmt.Errorf("layer %s (%v) %w", here, layer, err)
		}
		b.lines[row].out, b.lines[row].parameters = out, b.dim-before
		if b.dim > maxParameters || out.Size() > maxParameters {
			return nil, fmt.Errorf("layer %s (%v) makes the network larger than %d numbers", here, layer, maxParameters)
		}
		in = out
	}
	return in, nil
}

// parameters adds a block of the layer's parameters and returns where it begins.
func (b *builder) parameters(name string, kind Kind, shape ...int) int {
	block := Block{Name: b.path + "." + name, Shape: shape, Offset: b.dim, Size: Shape(shape).Size(), Kind: kind}
	b.blocks = append(b.blocks, block)
	b.dim += block.Size
	return block.Offset
}

func (b *builder) last() int { return len(b.size) - 1 }

// node adds a node after the last one and returns both. It depends on the
// parameters if the last one does or the operation between has some.
func (b *builder) node(size int, live bool) (in, out int) {
	in = b.last()
	b.size = append(b.size, size)
	b.live = append(b.live, live || b.live[in])
	return in, in + 1
}

func (b *builder) add(op operation) { b.operations = append(b.operations, op) }

func (b *builder) activate(a Activation) error {
	if !a.known() {
		return fmt.Errorf("has an unknown %v", a)
	}
	if a != Identity {
		p := &pointwise{Activation: a}
		p.in, p.out = b.node(b.size[b.last()], false)
		b.add(p)
	}
	return nil
}

// normalize adds a normalization and its scale.
func (b *builder) normalize(p *normalize, features int) error {
	if p.eps == 0 {
		p.eps = 1e-5
	}
	if !(p.eps > 0) || math.IsInf(p.eps, 0) {
		return fmt.Errorf("has Eps %v; it must be positive", p.eps)
	}
	size := b.size[b.last()]
	p.in, p.out = b.node(size, false)
	b.add(p)
	area := p.area
	if p.perSample {
		area = 1
	}
	s := &product{kernel: scale{features, area}, size: features, channels: features, area: area}
	s.weight = b.parameters("weight", Norm, features)
	s.bias = b.parameters("bias", Norm, features)
	s.in, s.out = b.node(size, true)
	b.add(s)
	return nil
}
