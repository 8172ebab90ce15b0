// Command data makes daylight.csv, the data of notebook 10: hours of daylight by latitude and day of the year.
//
//	go run ./notebooks/data
//
// The folder also holds weights that PyTorch has trained on them: see weights.py.
package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	var out strings.Builder
	out.WriteString("latitude,day,hours\n")
	random := rand.New(rand.NewPCG(1, 0))
	for range 240 {
		latitude := float64(random.IntN(131) - 65)
		day := float64(random.IntN(365) + 1)
		fmt.Fprintf(&out, "%.0f,%.0f,%.2f\n", latitude, day, daylight(latitude, day))
	}
	if err := os.WriteFile(filepath.Join("notebooks", "data", "daylight.csv"), []byte(out.String()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// daylight is the time in hours between sunrise and sunset by the sunrise equation, cos h = -tan(latitude) tan(declination),
// for a circular orbit, a point-like sun and no air. The latitude is in degrees, within the polar circles.
func daylight(latitude, day float64) float64 {
	const tilt = 23.44 * math.Pi / 180
	declination := math.Asin(math.Sin(tilt) * math.Sin(2*math.Pi*(day-80)/365.25))
	return 24 / math.Pi * math.Acos(-math.Tan(latitude*math.Pi/180)*math.Tan(declination))
}
