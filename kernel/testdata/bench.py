"""Time Saddle against the stock gonb kernel, interleaved, in one run.

    .venv/bin/python kernel/testdata/bench.py [--cells 30] [--cases print,surface,...]

gonb is built from the module version pinned in go.mod into a temporary folder. The text of each cell
differs from the one before, so that nobody answers from a cache. Prints medians, 95th percentiles and
their ratios, Saddle to gonb.
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


def build_gonb(folder: pathlib.Path) -> pathlib.Path:
    program = folder / "gonb"
    # gonb runs goimports for each cell, and wants gopls.
    for name, package in (
        ("gonb", "github.com/janpfeifer/gonb"),
        ("goimports", "golang.org/x/tools/cmd/goimports"),
        ("gopls", "golang.org/x/tools/gopls"),
    ):
        subprocess.run(["go", "build", "-o", folder / name, package], cwd=ROOT, check=True)
    return program


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
        begin = time.perf_counter()
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel(cwd=tempfile.mkdtemp())
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT)
        self.ready = time.perf_counter() - begin
        self.run('fmt.Println("first")')
        self.first = time.perf_counter() - begin

    def run(self, code: str) -> float:
        """Run a cell and return the seconds until its reply and its idle are here."""
        if self.name == "gonb":
            code = "%%\n" + code
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

    def declare(self, code: str) -> None:
        """Run a cell of declarations, which gonb wants without %%."""
        message = self.client.execute(code)
        while True:
            reply = self.client.get_iopub_msg(timeout=TIMEOUT)
            if (
                reply["parent_header"].get("msg_id") == message
                and reply["msg_type"] == "status"
                and reply["content"]["execution_state"] == "idle"
            ):
                return

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


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
	"gonum.org/v1/gonum/mat"
	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)"""

CASES = {
    "print": lambda i: f'fmt.Println("hello", {i})',
    "compiled": lambda i: f'for k := 0; k < 1; k++ {{ fmt.Println("hello", k, {i}) }}',
    "surface": lambda i: SURFACE.format(i=i),
}


def report(case: str, times: dict[str, list[float]]) -> None:
    row = {}
    for name, values in times.items():
        ordered = sorted(values)
        row[name] = (statistics.median(values), ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))])
    s, g = row["saddle"], row["gonb"]
    print(
        f"{case:10} saddle {s[0] * 1e3:7.1f} ms (95 %: {s[1] * 1e3:7.1f})   gonb {g[0] * 1e3:7.1f} ms"
        f" (95 %: {g[1] * 1e3:7.1f})   ratio {s[0] / g[0]:.2f} (95 %: {s[1] / g[1]:.2f})",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=30)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--saddle", default="", help="path of the saddle command; the installed kernel if empty")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        install(folder, "gonb", [str(build_gonb(folder)), "--kernel", "{connection_file}"], "signal")
        if args.saddle:
            install(folder, "saddle", [args.saddle, "kernel", "-f", "{connection_file}"], "message")
        os.environ["PATH"] = name + os.pathsep + os.environ["PATH"]
        os.environ["JUPYTER_PATH"] = os.pathsep.join([name, os.environ.get("JUPYTER_PATH", "")])
        kernels = {n: Kernel(n) for n in ("saddle", "gonb")}
        try:
            print("start to ready  " + "   ".join(f"{n} {k.ready:.2f} s" for n, k in kernels.items()))
            print("start to result " + "   ".join(f"{n} {k.first:.2f} s" for n, k in kernels.items()))
            for k in kernels.values():
                k.declare(IMPORTS)
            if kernels["gonb"].name == "gonb":
                kernels["gonb"].declare("!*go get gonum.org/v1/gonum@v0.17.0 github.com/go-echarts/go-echarts/v2@v2.6.7")
            for case in args.cases.split(","):
                times = {n: [] for n in kernels}
                for i in range(args.cells + 2):
                    for n, k in kernels.items():
                        seconds = k.run(CASES[case](1000 + i))
                        if i >= 2:  # the first cells warm caches up
                            times[n].append(seconds)
                report(case, times)
        finally:
            for k in kernels.values():
                k.close()


if __name__ == "__main__":
    main()
