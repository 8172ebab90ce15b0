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

// SegmentSlicer prepares the fast way along a segment; see [nn.Evaluator.SegmentSlicer].
func (o *NetworkObjective) SegmentSlicer(from, to []float64) Slicer {
	if o.err != nil {
		return nil
	}
	if s := o.eval.SegmentSlicer(from, to); s != nil {
		return s
	}
	return nil
}

// Finished says whether the point (X[i], Y[j]) has been computed: not so in a shard, or after an interrupt.
func (s *Surface) Finished(i, j int) bool {
	return s != nil && s.rec != nil && i >= 0 && i < len(s.X) && j >= 0 && j < len(s.Y) && s.rec.done[(i*len(s.Y)+j)/tileSize]
}

// Finished says whether the point T[i] has been computed: not so in a shard, or after an interrupt.
func (c *Curve) Finished(i int) bool {
	return c != nil && c.rec != nil && i >= 0 && i < len(c.T) && c.rec.done[i/tileSize]
}
