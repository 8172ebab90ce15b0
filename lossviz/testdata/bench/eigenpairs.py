"""Times ten extreme eigenpairs of a Hessian: Saddle against pyhessian, in one run on the same network and data.

A 64-32-10 tanh network after 100 steps of Adam, on the 1,797 digits; pyhessian in float32 with its own default accuracy
(1e-3 between two power iterations), Saddle in float64 with residuals below 1e-4 of the largest eigenvalue.

    python -m venv /some/venv && /some/venv/bin/pip install torch==2.15.0 PyHessian==0.1 numpy==1.26.4
    /some/venv/bin/python lossviz/testdata/bench/eigenpairs.py

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
from pyhessian import hessian
from torch import nn

HERE = pathlib.Path(__file__).parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        binary = folder + "/eigenpairs"
        subprocess.run(["go", "build", "-o", binary, "./eigenpairs"], cwd=HERE, check=True)
        subprocess.run([binary, folder, "dump"], check=True)
        arrays = np.fromfile(folder + "/arrays.f64", dtype="<f8")
        x, y, theta = np.split(arrays, [1797 * 64, 1797 * 65])
        model = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
        nn.utils.vector_to_parameters(torch.tensor(theta, dtype=torch.float32), model.parameters())
        data = torch.tensor(x.reshape(1797, 64), dtype=torch.float32), torch.tensor(y).long()

        peer, found = float("inf"), []
        ours = json.loads(subprocess.run([binary, folder, str(args.repeat)], check=True, capture_output=True).stdout)
        for seed in range(args.repeat):
            torch.manual_seed(seed)
            model.zero_grad()
            start = time.perf_counter()
            found, _ = hessian(model, nn.CrossEntropyLoss(), data=data, cuda=False).eigenvalues(top_n=10)
            peer = min(peer, time.perf_counter() - start)
        again = json.loads(subprocess.run([binary, folder, str(args.repeat)], check=True, capture_output=True).stdout)
        seconds = min(ours["seconds"], again["seconds"])  # before and after: the machine may be shared
        print("Saddle   ", " ".join(f"{v:.5f}" for v in ours["values"]), f"(residuals below {ours['residual']:.1e})")
        print("pyhessian", " ".join(f"{v:.5f}" for v in found))
        print(f"Saddle {seconds:.4f} s, pyhessian {peer:.4f} s: {peer / seconds:.1f} times faster (asked for: 3)")
        assert abs(found[0] - ours["values"][0]) < 1e-2 * found[0], "the largest eigenvalues differ"


if __name__ == "__main__":
    main()
