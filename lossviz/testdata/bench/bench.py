"""Times Saddle against loss-landscapes, a plain PyTorch loop and torch.func.vmap.

All in one run, on the same arrays, on all cores: float32 for the peers, float64 for Saddle. The best of
--repeat runs counts. Losses at a few points are compared with PyTorch in float64 first.

    python -m venv /some/venv && /some/venv/bin/pip install torch==2.15.0 loss-landscapes==3.0.6 numpy==1.26.4
    /some/venv/bin/python lossviz/testdata/bench/bench.py            # all cases
    /some/venv/bin/python lossviz/testdata/bench/bench.py --cases 0 3 --repeat 5 --scaling

Needs the go command; run it anywhere in the repository.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import numpy as np
import torch
from torch import nn
from torch.func import functional_call, vmap

CASES = [  # sizes, samples, grid, times faster than the best peer that is asked for
    ([2, 16, 1], 200, 101, 3),
    ([64, 32, 10], 1797, 51, 4),
    ([784, 128, 10], 5000, 25, 4),
    ([784, 10], 5000, 51, 20),
]
HERE = pathlib.Path(__file__).parent


def model_of(sizes):
    layers = []
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        layers += [nn.Linear(a, b)] + ([nn.Tanh()] if i < len(sizes) - 2 else [])
    return nn.Sequential(*layers)


class Case:
    def __init__(self, sizes, samples, grid):
        torch.manual_seed(1)
        self.sizes, self.samples, self.grid = sizes, samples, grid
        self.model = model_of(sizes)
        self.x = torch.randn(samples, sizes[0])
        self.binary = sizes[-1] == 1
        if self.binary:
            self.y, self.criterion = torch.randint(0, 2, (samples, 1)).float(), nn.BCEWithLogitsLoss()
        else:
            self.y, self.criterion = torch.randint(0, sizes[-1], (samples,)), nn.CrossEntropyLoss()
        self.names = [n for n, _ in self.model.named_parameters()]
        self.theta = [p.detach().clone() for p in self.model.parameters()]
        self.d1 = [torch.randn_like(p) for p in self.theta]
        self.d2 = [torch.randn_like(p) for p in self.theta]
        self.axis = torch.linspace(-1, 1, grid)

    def loss_landscapes(self):
        import loss_landscapes
        import loss_landscapes.metrics

        metric = loss_landscapes.metrics.Loss(self.criterion, self.x, self.y)
        with torch.no_grad():
            loss_landscapes.random_plane(self.model, metric, distance=1, steps=self.grid, normalization="filter", deepcopy_model=True)

    @torch.no_grad()
    def loop(self):
        params = list(self.model.parameters())
        out = torch.empty(self.grid, self.grid)
        for i, a in enumerate(self.axis):
            for j, b in enumerate(self.axis):
                for p, t, u, v in zip(params, self.theta, self.d1, self.d2):
                    p.copy_(t + a * u + b * v)
                out[i, j] = self.criterion(self.model(self.x), self.y)
        return out

    def vmap(self, chunk):
        def loss(a, b):
            p = {n: t + a * u + b * v for n, t, u, v in zip(self.names, self.theta, self.d1, self.d2)}
            return self.criterion(functional_call(self.model, p, (self.x,)), self.y)

        a, b = torch.meshgrid(self.axis, self.axis, indexing="ij")
        with torch.no_grad():
            return vmap(loss, chunk_size=chunk)(a.flatten(), b.flatten())

    def write(self, folder):
        """Everything as float64, little endian, one file: x, y, theta, d1, d2."""

        def flat(ts):
            return torch.cat([t.flatten() for t in ts]).double().numpy()

        arrays = [self.x.double().numpy(), self.y.double().numpy(), flat(self.theta), flat(self.d1), flat(self.d2)]
        with open(folder / "arrays.f64", "wb") as f:
            for a in arrays:
                f.write(np.ascontiguousarray(a, dtype="<f8").tobytes())
        meta = {"sizes": self.sizes, "samples": self.samples, "grid": self.grid}
        (folder / "case.json").write_text(json.dumps(meta))

    @torch.no_grad()
    def check(self, found):
        model = model_of(self.sizes).double()
        y = self.y.double() if self.binary else self.y
        axis = np.linspace(-1, 1, self.grid)
        for i, j in [(0, 0), (self.grid // 2, self.grid // 2), (3, self.grid - 2)]:
            for p, t, u, v in zip(model.parameters(), self.theta, self.d1, self.d2):
                p.copy_(t.double() + axis[i] * u.double() + axis[j] * v.double())
            want = self.criterion(model(self.x.double()), y).item()
            got = found[f"{i},{j}"]
            assert abs(got - want) <= 1e-10 * abs(want), (i, j, got, want)


def best(f, repeat):
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    return min(times)


def best_vmap(case, repeat):
    timed = {}
    for chunk in (16, 64, 256, 1024, 4096):
        if chunk * case.samples * max(case.sizes[1:]) * 4 > 2e9 or chunk > 2 * case.grid**2:
            continue
        timed[chunk] = best(lambda: case.vmap(chunk), 1)
        if timed[chunk] > 2 * min(timed.values()):
            break
    chunk = min(timed, key=timed.get)
    return min(timed[chunk], best(lambda: case.vmap(chunk), max(1, repeat - 1)))


def saddle(binary, folder, repeat):
    out = subprocess.run([binary, str(folder), str(repeat)], check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, nargs="*", default=range(len(CASES)))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--scaling", action="store_true", help="time Saddle alone over two decades of points and samples")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        binary = str(folder / "bench")
        subprocess.run(["go", "build", "-o", binary, "."], cwd=HERE, check=True)
        print("| case | loss-landscapes | loop | vmap | Saddle | times faster | asked for |\n| --- | --- | --- | --- | --- | --- | --- |")
        for number in args.cases:
            sizes, samples, grid, goal = CASES[number]
            case = Case(sizes, samples, grid)
            case.write(folder)
            ours = saddle(binary, folder, args.repeat)
            case.check(ours["checks"])
            peers = [best(case.loss_landscapes, args.repeat), best(case.loop, args.repeat), best_vmap(case, args.repeat)]
            ours["seconds"] = min(ours["seconds"], saddle(binary, folder, args.repeat)["seconds"])  # before and after: the machine may be shared
            name = f"{'-'.join(map(str, sizes))}, {samples} samples, {grid} x {grid}"
            print(f"| {name} | " + " | ".join(f"{t:.3f} s" for t in peers) + f" | {ours['seconds']:.4f} s | {min(peers) / ours['seconds']:.1f} | {goal} |", flush=True)
        if args.scaling:
            print("\n| 2-16-1: samples | grid | Saddle | ns a point and sample |\n| --- | --- | --- | --- |")
            for samples, grid in [(200, 20), (200, 63), (200, 200), (2000, 63), (20000, 63)]:
                case = Case([2, 16, 1], samples, grid)
                case.write(folder)
                t = saddle(binary, folder, args.repeat)["seconds"]
                print(f"| {samples} | {grid} x {grid} | {t:.4f} s | {t / samples / grid**2 * 1e9:.2f} |", flush=True)


if __name__ == "__main__":
    main()
