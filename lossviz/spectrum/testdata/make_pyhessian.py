"""Writes pyhessian.json: eigenvalues and traces that pyhessian finds for the cases of hessians.json.

    python -m venv /some/venv && /some/venv/bin/pip install torch==2.15.0 PyHessian==0.1 numpy==1.26.4
    /some/venv/bin/python lossviz/spectrum/testdata/make_pyhessian.py

pyhessian's density needs torch.eig, which PyTorch no longer has.
"""

import json
import pathlib

import numpy as np
import torch
from pyhessian import hessian
from torch import nn

HERE = pathlib.Path(__file__).parent
ACTIVATIONS = {"tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "softplus": nn.Softplus, "gelu": nn.GELU, "silu": nn.SiLU}
LOSSES = {"logistic": nn.BCEWithLogitsLoss(), "squared": nn.MSELoss(), "cross-entropy": nn.CrossEntropyLoss()}


def main():
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(1)
    found = []
    for case in json.loads((HERE / "hessians.json").read_text())["cases"]:
        layers = []
        for m, n in zip(case["sizes"], case["sizes"][1:]):
            layers += [nn.Linear(m, n), ACTIVATIONS[case["activation"]]()]
        model = nn.Sequential(*layers[:-1])
        nn.utils.vector_to_parameters(torch.tensor(case["theta"]), model.parameters())
        x = torch.tensor(case["x"]).reshape(-1, case["sizes"][0])
        y = torch.tensor(case["y"])
        y = y.long() if case["loss"] == "cross-entropy" else y.reshape(len(x), -1)
        h = hessian(model, LOSSES[case["loss"]], data=(x, y), cuda=False)
        values, _ = h.eigenvalues(maxIter=1000, tol=1e-13, top_n=2)
        samples = h.trace(maxIter=500, tol=float("-inf"))  # never early: with a negative mean any tolerance is reached
        found.append({"values": values, "trace": np.mean(samples), "error": np.std(samples) / np.sqrt(len(samples))})
    (HERE / "pyhessian.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
