"""Writes reference.json: the way of PyTorch's optimizers on Rosenbrock's function, in float64.

pip install torch==2.12.1
python make_reference.py
"""

import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)
optimizers = {
    "gradient descent": lambda p: torch.optim.SGD(p, lr=1e-3),
    "momentum": lambda p: torch.optim.SGD(p, lr=1e-4, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, lr=1e-4, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.02),
    "adam betas": lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.8, 0.95)),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.1),
}
out = {}
for name, make in optimizers.items():
    p = torch.tensor([-1.2, 1.0], requires_grad=True)
    opt = make([p])
    points = [p.tolist()]
    for _ in range(30):
        opt.zero_grad()
        ((1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2).backward()
        opt.step()
        points.append(p.tolist())
    out[name] = points
(pathlib.Path(__file__).parent / "reference.json").write_text(json.dumps(out) + "\n")
