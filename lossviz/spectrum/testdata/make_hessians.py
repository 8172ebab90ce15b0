"""Writes hessians.json: exact Hessians of small losses by PyTorch in float64.

Run with PyPI's torch:  python make_hessians.py > hessians.json
The tests read the file and do not need PyTorch.
"""

import json

import torch

torch.set_default_dtype(torch.float64)
ACTIVATIONS = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": torch.nn.functional.softplus,
    "gelu": torch.nn.functional.gelu,
    "silu": torch.nn.functional.silu,
}


def forward(theta, x, sizes, act):
    at = 0
    for i, (m, n) in enumerate(zip(sizes, sizes[1:])):
        w = theta[at : at + m * n].reshape(n, m)
        b = theta[at + m * n : at + m * n + n]
        at += m * n + n
        x = x @ w.T + b
        if i < len(sizes) - 2:
            x = ACTIVATIONS[act](x)
    return x


def loss(theta, x, y, sizes, act, name):
    z = forward(theta, x, sizes, act)
    if name == "logistic":
        return torch.nn.functional.binary_cross_entropy_with_logits(z, y)
    if name == "cross-entropy":
        return torch.nn.functional.cross_entropy(z, y[:, 0].long())
    return torch.nn.functional.mse_loss(z, y)


cases = []
for i, (sizes, act, name) in enumerate(
    [
        ([2, 8, 1], "tanh", "logistic"),
        ([3, 5, 1], "sigmoid", "squared"),
        ([2, 4, 4, 3], "gelu", "cross-entropy"),
        ([3, 4, 2], "silu", "squared"),
        ([2, 5, 1], "softplus", "logistic"),
        ([4, 3], "tanh", "cross-entropy"),
    ]
):
    g = torch.Generator().manual_seed(i)
    n = 17
    dim = sum(a * b + b for a, b in zip(sizes, sizes[1:]))
    x = torch.randn(n, sizes[0], generator=g)
    theta = torch.randn(dim, generator=g)
    if name == "logistic":
        y = torch.randint(0, 2, (n, 1), generator=g).double()
    elif name == "cross-entropy":
        y = torch.randint(0, sizes[-1], (n, 1), generator=g).double()
    else:
        y = torch.randn(n, sizes[-1], generator=g)
    h = torch.autograd.functional.hessian(lambda t: loss(t, x, y, sizes, act, name), theta)
    cases.append(
        {
            "sizes": sizes,
            "activation": act,
            "loss": name,
            "x": x.flatten().tolist(),
            "y": y.flatten().tolist(),
            "theta": theta.tolist(),
            "value": loss(theta, x, y, sizes, act, name).item(),
            "hessian": h.flatten().tolist(),
            "eigenvalues": torch.linalg.eigvalsh(h).tolist(),
        }
    )
print(json.dumps({"torch": torch.__version__, "cases": cases}))
