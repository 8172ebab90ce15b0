"""Writes cases.json.gz: networks, losses and data of every kind with what PyTorch
computes for them in float64, and *.safetensors as PyTorch users save them.

    pip install torch==2.12.1 numpy==2.4.6 safetensors==0.8.0
    python make_cases.py
"""

import gzip
import json
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn

# Not torch.func.hessian: in 2.12.1 it is wrong, even asymmetric, behind layer and batch norm.
from torch.autograd.functional import hessian
from torch.func import functional_call

torch.set_default_dtype(torch.float64)
torch.manual_seed(5)
here = pathlib.Path(__file__).parent

ACT = {
    "identity": nn.Identity,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky-relu": lambda: nn.LeakyReLU(0.01),
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "softplus": lambda: nn.Softplus(threshold=700),
}  # PyTorch's own 20 drops digits

LOSS = {
    "logistic": nn.BCEWithLogitsLoss(),
    "cross-entropy": nn.CrossEntropyLoss(),
    "squared": nn.MSELoss(),
    "hinge": lambda z, y: torch.relu(1 - y * z).mean(),
    "absolute": nn.L1Loss(),
    "huber(0.4)": nn.HuberLoss(delta=0.4),
}


class Residual(nn.Module):
    def __init__(self, inner, skip):
        super().__init__()
        self.inner, self.skip = inner, skip

    def forward(self, x):
        return self.inner(x) + x if self.skip else self.inner(x)


def module(layer):
    """One layer, from the JSON that nn.Network reads."""
    t, bias = layer["type"], not layer.get("no-bias", False)
    if t == "dense":
        parts = [nn.Linear(layer["in"], layer["out"], bias=bias)]
    elif t == "conv2d":
        parts = [nn.Conv2d(layer["in"], layer["out"], layer["kernel"], layer.get("stride", 1), layer.get("padding", 0), bias=bias)]
        if "height" in layer:
            parts.insert(0, nn.Unflatten(1, (layer["in"], layer["height"], layer["width"])))
    elif t in ("max-pool", "avg-pool"):
        parts = [(nn.MaxPool2d if t == "max-pool" else nn.AvgPool2d)(layer["size"], layer.get("stride"))]
    elif t == "flatten":
        parts = [nn.Flatten()]
    elif t == "activation":
        parts = []
    elif t == "residual":
        parts = [Residual(nn.Sequential(*map(module, layer["inner"])), layer["skip"])]
    elif t == "batch-norm":
        parts = [Norm(layer)]
    elif t == "layer-norm":
        parts = [nn.LayerNorm(layer["features"])]
    return nn.Sequential(*parts, ACT[layer.get("activation", "identity")]())


class Norm(nn.Module):
    """Batch norm of vectors or images, with the batch's statistics or given ones."""

    def __init__(self, layer):
        super().__init__()
        n = layer["features"]
        self.weight, self.bias = nn.Parameter(torch.ones(n)), nn.Parameter(torch.zeros(n))
        self.mean = torch.tensor(layer["mean"]) if "mean" in layer else None
        self.variance = torch.tensor(layer["variance"]) if "mean" in layer else None

    def forward(self, x):
        return nn.functional.batch_norm(x, self.mean, self.variance, self.weight, self.bias, training=self.mean is None)


def dense(i, o, act="identity", **more):
    return {"type": "dense", "in": i, "out": o, "activation": act, **more}


NO_BIAS = {"no-bias": True}
NETS = {a: [dense(3, 5, a), dense(5, 4, a), dense(4, 3)] for a in ACT}
NETS |= {
    "no bias": [dense(3, 4, "tanh", **NO_BIAS), dense(4, 3, **NO_BIAS)],
    "activation layer": [
        {"type": "activation", "activation": "tanh"},
        dense(3, 5),
        {"type": "activation", "activation": "gelu"},
        dense(5, 3),
    ],
    "layer norm": [dense(3, 5, "tanh"), {"type": "layer-norm", "features": 5}, dense(5, 3)],
    "batch norm": [dense(3, 5, "tanh"), {"type": "batch-norm", "features": 5}, dense(5, 3)],
    "running": [
        dense(3, 4, "sigmoid"),
        {"type": "batch-norm", "features": 4, "mean": [0.1, 0.2, 0.3, 0.4], "variance": [1.0, 0.5, 2.0, 0.1]},
        dense(4, 3),
    ],
    "residual": [
        dense(3, 4, "tanh"),
        {
            "type": "residual",
            "skip": True,
            "inner": [dense(4, 6, "gelu"), {"type": "residual", "skip": True, "inner": [dense(6, 6, "tanh")]}, dense(6, 4)],
        },
        {"type": "activation", "activation": "silu"},
        dense(4, 3),
    ],
    "skip off": [dense(3, 4, "tanh"), {"type": "residual", "skip": False, "inner": [dense(4, 4, "gelu")]}, dense(4, 3)],
    "conv": [
        {"type": "conv2d", "in": 2, "out": 3, "kernel": 3, "padding": 1, "height": 5, "width": 6, "activation": "tanh"},
        {"type": "max-pool", "size": 2},
        {"type": "conv2d", "in": 3, "out": 2, "kernel": 2, "activation": "sigmoid", **NO_BIAS},
        {"type": "flatten"},
        dense(4, 3),
    ],
    "conv stride": [
        {"type": "conv2d", "in": 1, "out": 2, "kernel": 3, "stride": 2, "padding": 2, "height": 10, "width": 6, "activation": "silu"},
        {"type": "batch-norm", "features": 2},
        {"type": "avg-pool", "size": 2, "stride": 1},
        {"type": "flatten"},
        {"type": "layer-norm", "features": 30},
        dense(30, 3),
    ],
    "conv residual": [
        {"type": "conv2d", "in": 1, "out": 3, "kernel": 2, "height": 5, "width": 5, "activation": "relu"},
        {
            "type": "residual",
            "skip": True,
            "inner": [
                {"type": "conv2d", "in": 3, "out": 3, "kernel": 3, "padding": 1, "activation": "tanh"},
                {"type": "conv2d", "in": 3, "out": 3, "kernel": 1},
            ],
        },
        {"type": "max-pool", "size": 2, "stride": 1},
        {"type": "flatten"},
        dense(27, 3),
    ],
}


def inputs(layers):
    first = layers[0]
    return first["in"] * first.get("height", 1) * first.get("width", 1) if "in" in first else 3


def targets(loss, n, k):
    if loss == "cross-entropy":
        return torch.randint(0, k, (n,))
    if loss == "logistic":
        return torch.randint(0, 2, (n, k)).double()
    if loss == "hinge":
        return torch.randint(0, 2, (n, k)).double() * 2 - 1
    return torch.randn(n, k)


def evaluate(net, loss, x, y, l1, l2):
    names = [n for n, _ in net.named_parameters()]
    shapes = [p.shape for p in net.parameters()]
    sizes = [p.numel() for p in net.parameters()]

    def f(theta):
        parts = {n: p.view(s) for n, p, s in zip(names, theta.split(sizes), shapes)}
        weights = [p for n, p in parts.items() if n.endswith("weight") and (p.dim() > 1)]
        penalty = sum(l1 * w.abs().sum() + l2 / 2 * w.square().sum() for w in weights)
        return LOSS[loss](functional_call(net, parts, (x,)), y) + penalty

    return f


cases = []


def case(name, layers, loss, n=7, scale=1.0, l1=0.0, l2=0.0):
    net = nn.Sequential(*map(module, layers))
    x = torch.randn(n, inputs(layers))
    y = targets(loss, n, 3)
    dim = sum(p.numel() for p in net.parameters())
    theta, dx, dy = scale * torch.randn(dim), torch.randn(dim), torch.randn(dim)
    f = evaluate(net, loss, x, y, l1, l2)
    value = f(theta)
    p = theta.clone().requires_grad_()
    (grad,) = torch.autograd.grad(f(p), p)
    hess = hessian(f, theta)
    at = [(a, b) for a in (-1.0, -0.25, 0.5) for b in (-0.75, 0.0, 1.0)]
    cases.append(
        {
            "name": f"{name}, {loss}" + (f", scale {scale:g}" if scale != 1 else "") + (", penalties" if l2 else ""),
            "network": {"layers": layers},
            "loss": loss,
            "l1": l1,
            "l2": l2,
            "x": x.tolist(),
            "y": y.tolist(),
            "theta": theta.tolist(),
            "value": value.item(),
            "gradient": grad.tolist(),
            "v": dx.tolist(),
            "hv": (hess @ dx).tolist(),
            "eigenvalues": torch.linalg.eigvalsh(hess).tolist(),
            "dy": dy.tolist(),
            "at": at,
            "slice": [f(theta + a * dx + b * dy).item() for a, b in at],
        }
    )


for name, layers in NETS.items():
    case(name, layers, "cross-entropy")
for loss in LOSS:
    if loss != "cross-entropy":
        case("tanh", NETS["tanh"], loss)
        case("conv", NETS["conv"], loss)
    case("tanh", NETS["tanh"], loss, l1=0.01, l2=0.1)
    case("relu", NETS["relu"], loss, scale=30)  # saturated logits
    case("linear", [dense(3, 3)], loss, scale=400)  # exp overflows here


with open(here / "cases.json.gz", "wb") as out:
    out.write(gzip.compress(json.dumps(cases).encode(), 9, mtime=0))

# Files as PyTorch users save them: a Sequential, whose keys count activations too, and a module with names; float64 and float32.
net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
save_file(net.state_dict(), here / "sequential.safetensors")


class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc2, self.fc1 = nn.Linear(3, 1), nn.Linear(2, 3)


named = Named().float()
save_file(named.state_dict(), here / "named_float32.safetensors")
bn = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2))
x = torch.randn(5, 1, 4, 4)
bn(x)
bn.eval()
save_file(bn.state_dict(), here / "batchnorm.safetensors")


def flat(m):
    return torch.cat([p.flatten() for p in m.parameters()]).double().tolist()


with open(here / "safetensors.json", "w") as out:
    json.dump(
        {
            "sequential": flat(net),
            "named": flat(named.fc1) + flat(named.fc2),
            "batchnorm": flat(bn),
            "x": x.flatten(1).tolist(),
            "forward": bn(x).tolist(),
        },
        out,
    )
print(len(cases), "cases")
