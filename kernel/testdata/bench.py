"""Time Saddle against the stock gonb kernel, interleaved, in one run.

    .venv/bin/python kernel/testdata/bench.py [--saddle bin/saddle] [--cells 30] [--cases print,surface,...]

gonb, goimports and gopls are built from the module versions pinned in go.mod, into a temporary folder or the one
that --tools names. The text of each cell differs from the one before, so that nobody answers from a cache. Prints
medians, 95th percentiles and their ratios, Saddle to gonb. The cases:

    start     a kernel is started and runs its first cell: until it is idle, and until it has answered
    print     fmt.Println
    compiled  the same in a function literal, which no kernel answers without compiling
    surface   a go-echarts surface over a gonum matrix
    heavy     the same in a function literal
    network   what a network says that was trained 20 cells earlier; gonb trains it in each cell
    notebook  a notebook of ten cells run whole, from the start of the kernel
    after     first --after compiled cells with heavy imports, untimed; then the cells above again
    memory    --after mixed cells in Saddle alone: the time, memory and disk of them
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from jupyter_client.manager import KernelManager

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIMEOUT = 180
WARM = 2  # cells that are run first and not counted


def build_tools(folder: pathlib.Path) -> None:
    """Build gonb and what it calls for each cell, where they are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, package in (
        ("gonb", "github.com/janpfeifer/gonb"),
        ("goimports", "golang.org/x/tools/cmd/goimports"),
        ("gopls", "golang.org/x/tools/gopls"),
    ):
        if not (folder / name).exists():
            subprocess.run(["go", "build", "-o", folder / name, package], cwd=ROOT, check=True)


def install(folder: pathlib.Path, name: str, argv: list[str], interrupt: str) -> None:
    spec = folder / "kernels" / name
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": name, "language": "go", "interrupt_mode": interrupt})
    )


class Kernel:
    """A running kernel that is fed one cell after another."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = tempfile.TemporaryDirectory()
        begin = time.perf_counter()
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel(cwd=self.folder.name)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.kernel_info()
        self.client.get_shell_msg(timeout=TIMEOUT)
        self.ready = time.perf_counter() - begin
        self.run('fmt.Println("first")')
        self.first = time.perf_counter() - begin

    def run(self, code: str) -> float:
        """Run a cell of statements and return the seconds until its reply and its idle are here."""
        return self.send("%%\n" + code if self.name == "gonb" else code)

    def send(self, code: str) -> float:
        """Run a cell as it is: gonb wants declarations without %%."""
        begin = time.perf_counter()
        message = self.client.execute(code)
        failed = None
        while True:
            reply = self.client.get_iopub_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") != message:
                continue
            if reply["msg_type"] == "error":
                failed = reply["content"]
            if reply["msg_type"] == "status" and reply["content"]["execution_state"] == "idle":
                break
        self.client.get_shell_msg(timeout=TIMEOUT)
        if failed:
            sys.exit(f"{self.name}: {failed['ename']}: {failed['evalue']}\n{code}")
        return time.perf_counter() - begin

    def prepare(self) -> None:
        """Import what the cases use. gonb fetches modules on demand; the versions are Saddle's."""
        if self.name == "gonb":
            self.send("!*go get gonum.org/v1/gonum@v0.17.0 github.com/go-echarts/go-echarts/v2@v2.6.7")
        self.send(IMPORTS)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel()
        self.folder.cleanup()


SURFACE = """m := mat.NewDense(20, 20, nil)
for i := 0; i < 20; i++ {{
	for j := 0; j < 20; j++ {{
		m.Set(i, j, float64(i*j+{i}))
	}}
}}
surface := charts.NewSurface3D()
var points []opts.Chart3DData
for i := 0; i < 20; i++ {{
	for j := 0; j < 20; j++ {{
		points = append(points, opts.Chart3DData{{Value: []interface{{}}{{i, j, m.At(i, j)}}}})
	}}
}}
surface.AddSeries("s{i}", points)
fmt.Println(len(points), {i})"""

IMPORTS = """import (
	"fmt"
	"math"
	"gonum.org/v1/gonum/mat"
	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)"""

# A network of 16 hidden units, trained by gradient descent on a circle inside a ring: a second or so.
NETWORK = """type Network struct{ w [16][3]float64; v [17]float64 }

func (n *Network) At(x, y float64) float64 {
	z := n.v[16]
	for k, w := range n.w {
		z += n.v[k] * math.Tanh(w[0]*x+w[1]*y+w[2])
	}
	return 1 / (1 + math.Exp(-z))
}

func Train(steps int) *Network {
	n := &Network{}
	for k := range n.w {
		a := float64(k)
		n.w[k] = [3]float64{math.Cos(a), math.Sin(a), math.Cos(3 * a)}
	}
	for s := 0; s < steps; s++ {
		a := float64(s) * 2.399963
		r := 0.5 + float64(s%2)
		x, y := r*math.Cos(a), r*math.Sin(a)
		d := n.At(x, y) - float64(s%2)
		for k, w := range n.w {
			h := math.Tanh(w[0]*x + w[1]*y + w[2])
			g := d * n.v[k] * (1 - h*h)
			n.v[k] -= 0.05 * d * h
			n.w[k][0] -= 0.05 * g * x
			n.w[k][1] -= 0.05 * g * y
			n.w[k][2] -= 0.05 * g
		}
		n.v[16] -= 0.05 * d
	}
	return n
}"""
TRAIN = "network := Train(2_000_000)"
USE = "for k := 0; k < 2; k++ {{ fmt.Println({i}, network.At(0.5+float64(k), 0)) }}"


def surface(i: int) -> str:
    return SURFACE.format(i=i)


def heavy(i: int) -> str:
    return f"figure := func() *charts.Surface3D {{\n{surface(i)}\nreturn surface\n}}\nfmt.Println(figure() != nil)"


CELLS = {
    "print": lambda i: f'fmt.Println("hello", {i})',
    "compiled": lambda i: f'func(k int) {{ fmt.Println("hello", k, {i}) }}({i})',
    "surface": surface,
    "heavy": heavy,
}


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def report(case: str, times: dict[str, list[float]]) -> None:
    row = {n: (statistics.median(values), percentile(values, 0.95)) for n, values in times.items()}
    text = "   ".join(f"{n} {m * 1e3:7.1f} ms (95 %: {p * 1e3:7.1f})" for n, (m, p) in row.items())
    if len(row) == 2:
        s, g = row["saddle"], row["gonb"]
        text += f"   ratio {s[0] / g[0]:.2f} (95 %: {s[1] / g[1]:.2f})"
    print(f"{case:16} {text}", flush=True)


class Bench:
    def __init__(self, names: list[str], cells: int, after: int) -> None:
        self.names, self.cells, self.after = names, cells, after
        self.kernels: dict[str, Kernel] = {}
        self.count = 1000

    def open(self) -> dict[str, Kernel]:
        """The kernels that most cases share, started when first wanted."""
        if not self.kernels:
            self.kernels = {n: Kernel(n) for n in self.names}
            for k in self.kernels.values():
                k.prepare()
        return self.kernels

    def close(self) -> None:
        for k in self.kernels.values():
            k.close()

    def times(self, case: str, code: dict[str, object]) -> None:
        kernels = self.open()
        times: dict[str, list[float]] = {n: [] for n in kernels}
        for i in range(self.cells + WARM):
            self.count += 1
            for n, k in kernels.items():
                seconds = k.run(code[n](self.count))
                if i >= WARM:
                    times[n].append(seconds)
        report(case, times)

    def cell(self, case: str) -> None:
        self.times(case, dict.fromkeys(self.names, CELLS[case]))

    def start(self) -> None:
        ready: dict[str, list[float]] = {n: [] for n in self.names}
        first: dict[str, list[float]] = {n: [] for n in self.names}
        for i in range(self.cells + 1):
            for n in self.names:
                k = Kernel(n)
                if i > 0:
                    ready[n].append(k.ready)
                    first[n].append(k.first)
                k.close()
        report("start to idle", ready)
        report("start to result", first)

    def network(self) -> None:
        for k in self.open().values():
            k.send(NETWORK)
            if k.name == "saddle":
                k.run(TRAIN)
        for i in range(20):
            for k in self.open().values():
                if k.name == "saddle":  # gonb forgets: for it there are no 20 cells between
                    k.run(CELLS["print"](i))
        self.times(
            "network",
            {
                "saddle": lambda i: USE.format(i=i),
                "gonb": lambda i: TRAIN + "\n" + USE.format(i=i),
            },
        )

    def notebook(self) -> None:
        times: dict[str, list[float]] = {n: [] for n in self.names}
        for i in range(self.cells + 1):
            for n in self.names:
                begin = time.perf_counter()
                k = Kernel(n)
                k.prepare()
                k.send(NETWORK)
                if n == "saddle":
                    k.run(TRAIN)
                for j in range(4):
                    self.count += 1
                    k.run(heavy(self.count))
                    k.run((TRAIN + "\n" if n == "gonb" else "") + USE.format(i=self.count))
                if i > 0:
                    times[n].append(time.perf_counter() - begin)
                k.close()
        report("notebook", times)

    def later(self) -> None:
        for i in range(self.after):
            for k in self.open().values():
                if k.name == "saddle":  # for gonb each cell is the first
                    k.run(heavy(i))
        for case in CELLS:
            self.times(f"{case} at {self.after}", dict.fromkeys(self.names, CELLS[case]))

    def memory(self) -> None:
        k = Kernel("saddle")
        try:
            k.prepare()
            worker = children(k.manager.provisioner.process.pid)[0]
            times, long, start, disk = [], [], 0, 0
            for i in range(self.after):
                if i == 10:
                    start = anonymous(worker)
                    disk = used()
                case = ("heavy", "print", "compiled", "surface", "print")[i % 5]
                seconds = k.run(CELLS[case](i))
                times.append(seconds)
                if case == "heavy":
                    long.append(seconds)
            # One cell is one sample: the tenth and the last are the medians of the five around them.
            tenth, last = statistics.median(long[1:6]), statistics.median(long[-5:])
            print(f"{self.after} cells, {len(long)} of them compiled with gonum and charts; median {statistics.median(times) * 1e3:.0f} ms")
            print(f"heavy cells: around the tenth {tenth * 1e3:.0f} ms, the last {last * 1e3:.0f} ms, ratio {last / tenth:.2f}")
            grown = (anonymous(worker) - start) / max(1, self.after - 10)
            print(f"anonymous memory a cell: {grown / 1e6:.2f} MB; disk a cell: {(used() - disk) / max(1, self.after - 10) / 1e6:.2f} MB")
        finally:
            k.close()


def children(pid: int) -> list[int]:
    """The processes whose parent is pid, workers only."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = stat.read_text().rsplit(") ", 1)
        except OSError:  # it has ended
            continue
        if int(rest.split()[1]) == pid and name.endswith("(worker"):
            found.append(int(stat.parent.name))
    return found


def anonymous(pid: int) -> int:
    """The bytes of memory that a process alone has and the system cannot take back."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) << 10
    raise ValueError("smaps_rollup has no line Anonymous")


def used() -> int:
    """The bytes that are used on the disk of Saddle's cache, deleted files that are still open included."""
    s = os.statvfs(os.environ.get("SADDLE_CACHE", pathlib.Path.home()))
    return (s.f_blocks - s.f_bfree) * s.f_frsize


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=30, help="timed cells of each case")
    parser.add_argument("--after", type=int, default=100, help="cells before the case after; cells of the case memory")
    parser.add_argument("--cases", default="start,print,compiled,surface,heavy,network,notebook,after")
    parser.add_argument("--saddle", default="", help="path of the saddle command; the installed kernel if empty")
    parser.add_argument("--tools", default="", help="folder where gonb is kept, to build it once")
    args = parser.parse_args()
    cases = args.cases.split(",")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        names = ["saddle"] if cases == ["memory"] else ["saddle", "gonb"]
        if "gonb" in names:
            tools = pathlib.Path(args.tools or folder / "tools").resolve()
            build_tools(tools)
            install(folder, "gonb", [str(tools / "gonb"), "--kernel", "{connection_file}"], "signal")
            os.environ["PATH"] = str(tools) + os.pathsep + os.environ["PATH"]
        if args.saddle:
            saddle = str(pathlib.Path(args.saddle).resolve())
            install(folder, "saddle", [saddle, "kernel", "-f", "{connection_file}"], "message")
        os.environ["JUPYTER_PATH"] = os.pathsep.join([name, os.environ.get("JUPYTER_PATH", "")])
        bench = Bench(names, args.cells, args.after)
        try:
            for case in cases:
                if case in CELLS:
                    bench.cell(case)
                else:
                    {"start": bench.start, "network": bench.network, "notebook": bench.notebook,
                     "after": bench.later, "memory": bench.memory}[case]()
        finally:
            bench.close()


if __name__ == "__main__":
    main()
