package landscape

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
)

// A checkpoint file is lines of JSON: a header, then one line for each finished tile,
// written with one write each. A process that is killed leaves at most one torn line at
// the end, which is found by its missing end or checksum, and cut off.
type checkpointHeader struct {
	Format      string   `json:"format"`
	Fingerprint string   `json:"fingerprint"`
	Names       []string `json:"names"`
	Points      int      `json:"points"`
}

type checkpointTile struct {
	Tile   int    `json:"tile"`
	Points []int  `json:"points,omitempty"` // of an adaptive grid, instead of the tile: where the values belong
	Values string `json:"values"`           // base64 of little-endian float64, quantity after quantity
	CRC    uint32 `json:"crc"`              // of the bytes behind Values, and of Points as little-endian uint32
}

const checkpointFormat = "saddle-checkpoint-1"

// maxCheckpointLine bounds the memory a damaged file can ask for.
const maxCheckpointLine = 1 << 20

// A keeper keeps the values of a finished tile, or, of an adaptive grid, of these points.
type keeper func(tile int, points []int, rows [][]float64) error

// openCheckpoint reads the finished tiles (or points) of path into rec and returns a function that
// adds to the file. With an empty path it does nothing.
func openCheckpoint(path string, names []string, rec *record) (keep keeper, closeFile func(), err error) {
	if path == "" {
		return nil, func() {}, nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, nil, fmt.Errorf("landscape: checkpoint: %w", err)
	}
	fail := func(err error) (keeper, func(), error) {
		file.Close()
		return nil, nil, fmt.Errorf("landscape: checkpoint %s: %w", path, err)
	}
	header := checkpointHeader{checkpointFormat, rec.fingerprint, names, rec.points()}
	good, err := readCheckpoint(file, header, rec)
	if err != nil {
		return fail(err)
	}
	if err := file.Truncate(good); err != nil {
		return fail(err)
	}
	if _, err := file.Seek(good, io.SeekStart); err != nil {
		return fail(err)
	}
	write := func(v any) error {
		line, err := json.Marshal(v)
		if err == nil {
			_, err = file.Write(append(line, '\n'))
		}
		if err != nil {
			return fmt.Errorf("landscape: checkpoint %s: %w", path, err)
		}
		return nil
	}
	if good == 0 {
		if err := write(header); err != nil {
			file.Close()
			return nil, nil, err
		}
	}
	// Tiles that were known from elsewhere (a resumed result) are written by and by
	// with the new ones only if they are computed again; a checkpoint holds what was
	// computed with it.
	keep = func(tile int, points []int, rows [][]float64) error {
		raw := make([]byte, 0, (8*len(rows)+4)*tileSize)
		for _, row := range rows {
			for _, x := range row {
				raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(x))
			}
		}
		return write(checkpointTile{tile, points, base64.StdEncoding.EncodeToString(raw), checksum(raw, points)})
	}
	return keep, func() { file.Close() }, nil
}

// readCheckpoint fills rec and returns the length of the part of the file that is
// whole.
func readCheckpoint(file io.Reader, want checkpointHeader, rec *record) (good int64, err error) {
	r := bufio.NewReaderSize(file, maxCheckpointLine)
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return good, nil // a torn last line, or the end
		}
		if err != nil {
			if good > 0 {
				return good, nil // damaged: go on from what is whole
			}
			return 0, errors.New("this is not a checkpoint file")
		}
		if first {
			var h checkpointHeader
			if json.Unmarshal(line, &h) != nil || h.Format != checkpointFormat {
				return 0, errors.New("this is not a checkpoint file")
			}
			if h.Fingerprint != want.Fingerprint || h.Points != want.Points {
				return 0, errors.New("it is of another computation (objective, plane, grid, quantities or code differ); remove it to start anew")
			}
		} else if !readTile(line, len(want.Names), rec) {
			return good, nil
		}
		good += int64(len(line))
	}
}

func readTile(line []byte, quantities int, rec *record) bool {
	var t checkpointTile
	if json.Unmarshal(line, &t) != nil || t.Tile < 0 || t.Tile >= len(rec.done) {
		return false
	}
	raw, err := base64.StdEncoding.DecodeString(t.Values)
	from, to := rec.span(t.Tile)
	n := to - from
	if rec.known != nil {
		n = len(t.Points)
	}
	if err != nil || len(raw) != 8*n*quantities || checksum(raw, t.Points) != t.CRC {
		return false
	}
	rows := make([][]float64, quantities)
	for q := range rows {
		rows[q] = make([]float64, n)
		for k := range rows[q] {
			rows[q][k] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*(q*n+k):]))
		}
	}
	if rec.known == nil {
		rec.put(t.Tile, rows)
		return true
	}
	for k, at := range t.Points {
		if at < 0 || at >= len(rec.known) {
			return false
		}
		for q := range rows {
			rec.values[q][at] = rows[q][k]
		}
		rec.known[at] = true
	}
	return true
}

func checksum(raw []byte, points []int) uint32 {
	for _, at := range points {
		raw = binary.LittleEndian.AppendUint32(raw, uint32(at))
	}
	return crc32.ChecksumIEEE(raw)
}
