"""Writes bottleneck.json: bottleneck distances of random diagrams, for diagram_test.go.

    python -m venv /some/venv && /some/venv/bin/pip install Landscaper==1.3.1 gudhi==3.13.0 numpy==1.26.4 torch==2.15.0
    /some/venv/bin/python lossviz/landscape/testdata/make_bottleneck.py

Of whole diagrams GUDHI's, which knows bars without end; of the depths of the finite bars alone Landscaper's.
"""

import json
import pathlib

import gudhi
import numpy as np
from landscaper.tda import bottleneck_distance


def main():
    random = np.random.default_rng(2)
    cases = []
    for n in range(24):
        case, endless = {}, int(random.integers(0, 3))
        for name in "AB":
            birth = random.normal(size=random.integers(0, 4 + n))
            case[name] = np.stack([birth, birth + random.exponential(size=len(birth))], axis=1).tolist()
            case["Endless" + name] = random.normal(size=endless).tolist()
        whole = {k: np.array(case[k] + [[b, np.inf] for b in case["Endless" + k]]).reshape(-1, 2) for k in "AB"}
        case["Distance"] = gudhi.bottleneck_distance(whole["A"], whole["B"])
        depth = {k: [d - b for b, d in case[k]] for k in "AB"}
        case["Depths"] = bottleneck_distance(depth["A"], depth["B"])
        cases.append(case)
    pathlib.Path(__file__).with_name("bottleneck.json").write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
