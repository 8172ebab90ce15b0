"""Writes the embedded data sets ../data/iris.csv and ../data/digits.bin.gz, and
standardize.json, from scikit-learn's copies.

    pip install scikit-learn==1.9.1 numpy==2.4.6
    python make_data.py
"""

import csv
import gzip
import json
import pathlib

import numpy as np
from sklearn.datasets import load_digits, load_iris
from sklearn.preprocessing import StandardScaler

here = pathlib.Path(__file__).parent
data = here.parent / "data"

iris = load_iris()
with open(data / "iris.csv", "w", newline="") as f:
    out = csv.writer(f, lineterminator="\n")
    out.writerow(["sepal length", "sepal width", "petal length", "petal width", "species"])
    for x, y in zip(iris.data, iris.target):
        out.writerow([*(f"{v:.1f}" for v in x), iris.target_names[y]])

# A row of 65 bytes for each image: 64 grey values from 0 to 16, then the digit.
digits = load_digits()
rows = np.column_stack([digits.data, digits.target]).astype(np.uint8)
assert (rows[:, :64] == digits.data).all()
with open(data / "digits.bin.gz", "wb") as f:
    f.write(gzip.compress(rows.tobytes(), 9, mtime=0))

with open(here / "standardize.json", "w") as f:
    json.dump(
        {
            "iris": StandardScaler().fit_transform(iris.data)[[0, 75, 149]].tolist(),
            "digits": StandardScaler().fit_transform(digits.data)[1000].tolist(),
        },
        f,
    )
