package landscape

// Slicer prepares the fast way through a plane, or a line if y is nil; see [nn.Slicer].
func (o *NetworkObjective) Slicer(origin, x, y []float64) Slicer {
	if o.err != nil {
		return nil
	}
	if s := o.eval.Slicer(origin, x, y); s != nil {
		return s
	}
	return nil // not a nil *nn.Slicer in an interface
}
