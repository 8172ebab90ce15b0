"""Writes reference.json: filter-normalized directions and slices as PyTorch computes them
in float64, point by point.

    pip install torch==2.12.1
    python make_reference.py
"""

import json
import pathlib

import torch
from torch import nn
from torch.nn.utils import vector_to_parameters

torch.set_default_dtype(torch.float64)
torch.manual_seed(3)


def normalized(d, theta, by):
    """Li et al., arXiv:1712.09913, section 4, for a list of tensors."""
    out = []
    for di, ti in zip(d, theta):
        if ti.dim() == 1:
            out.append(torch.zeros_like(ti))
        elif by == "filter":
            out.append(torch.stack([a / a.norm() * b.norm() for a, b in zip(di, ti)]))
        else:
            out.append(di / di.norm() * ti.norm())
    return out


def case(name, sizes, act, loss, x, y):
    layers = []
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        layers += [nn.Linear(a, b)] + ([act()] if i + 2 < len(sizes) else [])
    model = nn.Sequential(*layers)
    theta = [p.detach().clone() for p in model.parameters()]

    def flat(ts):
        return torch.cat([t.reshape(-1) for t in ts])

    raw = [[torch.randn_like(t) for t in theta] for _ in range(2)]
    d = [flat(normalized(r, theta, "filter")) for r in raw]
    origin = flat(theta)

    def value(v):
        vector_to_parameters(v, model.parameters())
        return loss(model(x), y)

    axis = torch.linspace(-1, 1, 5)
    rows = {"loss": [], "gradient-norm": [], "hessian-min": [], "hessian-max": [], "accuracy": []}
    for a in axis:
        for k in rows:
            rows[k].append([])
        for b in axis:
            v = origin + a * d[0] + b * d[1]
            at = value(v)
            grad = torch.autograd.grad(at, list(model.parameters()))
            rows["loss"][-1].append(at.item())
            rows["gradient-norm"][-1].append(flat(grad).norm().item())
            z = model(x).detach()
            right = (z.argmax(1) == y) if z.shape[1] > 1 else ((z > 0).double() == y)
            rows["accuracy"][-1].append(right.double().mean().item())
            params = dict(model.named_parameters())
            shapes = [(n, p.shape, p.numel()) for n, p in params.items()]

            def functional(u):
                parts, at = {}, 0
                for n, s, k in shapes:
                    parts[n] = u[at : at + k].reshape(s)
                    at += k
                return loss(torch.func.functional_call(model, parts, (x,)), y)

            eigen = torch.linalg.eigvalsh(torch.autograd.functional.hessian(functional, v))
            rows["hessian-min"][-1].append(eigen[0].item())
            rows["hessian-max"][-1].append(eigen[-1].item())
    return {
        "name": name,
        "sizes": sizes,
        "activation": act.__name__.lower(),
        "loss": "logistic" if sizes[-1] == 1 else "cross-entropy",
        "x": x.reshape(-1).tolist(),
        "y": y.reshape(-1).double().tolist(),
        "theta": origin.tolist(),
        "raw": [flat(r).tolist() for r in raw],
        "filter": [v.tolist() for v in d],
        "layer": flat(normalized(raw[0], theta, "layer")).tolist(),
        "values": rows,
    }


x2, x4 = torch.randn(40, 2), torch.randn(30, 4)
cases = [
    case("2-6-1 tanh", [2, 6, 1], nn.Tanh, nn.BCEWithLogitsLoss(), x2, (x2[:, :1] * x2[:, 1:] > 0).double()),
    case("4-7-5-3 sigmoid", [4, 7, 5, 3], nn.Sigmoid, nn.CrossEntropyLoss(), x4, torch.arange(30) % 3),
    case("4-20-3 tanh", [4, 20, 3], nn.Tanh, nn.CrossEntropyLoss(), x4, torch.arange(30) % 3),  # Lanczos: 163 parameters
]
text = json.dumps(cases)
(pathlib.Path(__file__).parent / "reference.json").write_text(text + "\n")
