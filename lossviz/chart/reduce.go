package chart

import (
	"image"
	"image/color"
	"sort"
)

// reduce brings a picture down to 256 colours where it has more, chosen by median cut: a third of the bytes, and the
// notebook file holds each picture twice. Flat areas, lines and text keep their exact colours as a rule, since
// a box of few colours is never split further.
func reduce(img image.Image) image.Image {
	b := img.Bounds()
	src, ok := img.(*image.RGBA)
	if !ok {
		return img
	}
	count := map[uint32]int{}
	key := func(o int) uint32 {
		return uint32(src.Pix[o])<<16 | uint32(src.Pix[o+1])<<8 | uint32(src.Pix[o+2])
	}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		o := src.PixOffset(b.Min.X, y)
		for range b.Dx() {
			count[key(o)]++
			o += 4
		}
	}
	all := make([]tone, 0, len(count))
	for k, n := range count {
		all = append(all, tone{[3]uint8{uint8(k >> 16), uint8(k >> 8), uint8(k)}, n})
	}
	sort.Slice(all, func(i, j int) bool { // the map's order must not show
		a, b := all[i].c, all[j].c
		return a[0] != b[0] && a[0] < b[0] || a[0] == b[0] && (a[1] != b[1] && a[1] < b[1] || a[1] == b[1] && a[2] < b[2])
	})
	boxes := medianCut(all, 256)
	palette := make(color.Palette, len(boxes))
	index := make(map[uint32]uint8, len(all))
	for i, box := range boxes {
		var sum [3]int
		n := 0
		for _, t := range box {
			for c := range 3 {
				sum[c] += int(t.c[c]) * t.n
			}
			n += t.n
			index[uint32(t.c[0])<<16|uint32(t.c[1])<<8|uint32(t.c[2])] = uint8(i)
		}
		palette[i] = color.RGBA{uint8((sum[0] + n/2) / n), uint8((sum[1] + n/2) / n), uint8((sum[2] + n/2) / n), 255}
	}
	out := image.NewPaletted(b, palette)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		o, q := src.PixOffset(b.Min.X, y), out.PixOffset(b.Min.X, y)
		for range b.Dx() {
			out.Pix[q] = index[key(o)]
			o, q = o+4, q+1
		}
	}
	return out
}

// tone is a colour and how often it occurs.
type tone struct {
	c [3]uint8
	n int
}

// medianCut splits the box with the greatest spread (range times the root of its pixels) until there are n.
func medianCut(all []tone, n int) [][]tone {
	type box struct {
		tones  []tone
		axis   int
		spread float64
	}
	measure := func(t []tone) box {
		b := box{tones: t}
		pixels, widest := 0, -1
		for c := range 3 {
			lo, hi := 255, 0
			for _, q := range t {
				lo, hi = min(lo, int(q.c[c])), max(hi, int(q.c[c]))
			}
			if hi-lo > widest {
				widest, b.axis = hi-lo, c
			}
		}
		for _, q := range t {
			pixels += q.n
		}
		b.spread = float64(widest) * float64(widest) * float64(min(pixels, 4000))
		return b
	}
	if len(all) == 0 {
		return nil
	}
	boxes := []box{measure(all)}
	for len(boxes) < n {
		k := 0
		for i := range boxes {
			if boxes[i].spread > boxes[k].spread {
				k = i
			}
		}
		b := boxes[k]
		if len(b.tones) < 2 || b.spread == 0 {
			break
		}
		sort.SliceStable(b.tones, func(i, j int) bool { return b.tones[i].c[b.axis] < b.tones[j].c[b.axis] })
		half, seen, cut := 0, 0, 1
		for _, t := range b.tones {
			half += t.n
		}
		for i, t := range b.tones[:len(b.tones)-1] {
			seen += t.n
			cut = i + 1
			if 2*seen >= half {
				break
			}
		}
		boxes[k] = measure(b.tones[:cut])
		boxes = append(boxes, measure(b.tones[cut:]))
	}
	out := make([][]tone, len(boxes))
	for i, b := range boxes {
		out[i] = b.tones
	}
	return out
}
