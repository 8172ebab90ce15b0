"""Writes trees.json: the basins that landscaper finds on some grids, for topology_test.go.

    python -m venv /some/venv && /some/venv/bin/pip install Landscaper==1.3.1 numpy==1.26.4
    /some/venv/bin/python lossviz/landscape/testdata/make_trees.py

landscaper computes in float32 and joins each point to its four neighbours. Its merge tree has the minima as leaves; a
basin ends, by the elder rule, at the node where a branch with a deeper minimum joins. The points of a basin are those of
the unstable manifold of its minimum in the Morse-Smale complex, and its metric is the mean loss over them.
"""

import json
import pathlib

import numpy as np
from landscaper.landscape import LossLandscape


def himmelblau(x, y):
    return (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2


def waves(x, y):
    return np.sin(3 * x) * np.cos(4 * y) + 0.3 * np.sin(7 * x + 2) * np.sin(5 * y) + 0.05 * x - 0.02 * y


def basins(z):
    axes = [np.arange(n, dtype=float) for n in z.shape]
    tree = LossLandscape(z.T, axes).get_sublevel_tree()  # landscaper's grid runs along its first axis fastest
    children = {n: [] for n in tree.nodes}
    up = {}
    for low, high in tree.edges:
        if tree.nodes[low] > tree.nodes[high]:
            low, high = high, low
        children[high].append(low)
        up[low] = high
    found = []

    def deepest(node):
        below = sorted((deepest(c) for c in children[node]), key=lambda m: tree.nodes[m])
        if not below:
            return node
        for minimum in below[1:]:
            found.append([minimum, float(tree.nodes[minimum]), node, float(tree.nodes[node])])
        return below[0]

    first = deepest(tree.root)
    found.append([first, float(tree.nodes[first]), -1, None])
    nx = z.shape[0]
    at = lambda k: [k % nx, k // nx]  # noqa: E731
    return [{"minimum": at(m), "birth": b, "saddle": None if s < 0 else at(s), "death": d} for m, b, s, d in sorted(found)]


def means(z):
    axes = [np.arange(n, dtype=float) for n in z.shape]
    manifolds = LossLandscape(z.T, axes).get_ms_complex().get_unstable_manifolds()
    nx = z.shape[0]
    losses = z.T.flatten()
    return [{"minimum": [k % nx, k // nx], "points": len(v), "mean": float(np.mean(losses[np.array(v)]))} for k, v in sorted(manifolds.items())]


def main():
    random = np.random.default_rng(1)
    x, y = np.meshgrid(np.linspace(-5, 5, 24), np.linspace(-5, 5, 21), indexing="ij")
    u, v = np.meshgrid(np.linspace(-2, 2, 22), np.linspace(-2, 2, 25), indexing="ij")
    cases = []
    for name, z in [("Himmelblau", himmelblau(x, y)), ("waves", waves(u, v)), ("noise", random.normal(size=(9, 11)))]:
        z = z.astype(np.float32).astype(float)
        cases.append({"name": name, "z": z.tolist(), "basins": basins(z), "means": means(z)})
    path = pathlib.Path(__file__).with_name("trees.json")
    path.write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
