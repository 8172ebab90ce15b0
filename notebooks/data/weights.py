"""Trains the network of notebook 10 with PyTorch, on the same data, and writes its weights to daylight.safetensors and its
loss to daylight-torch.json.

    pip install torch==2.15.0 numpy==1.26.4 safetensors==0.8.0
    python weights.py
"""

import csv
import json
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn

torch.manual_seed(1)
here = pathlib.Path(__file__).parent

with open(here / "daylight.csv") as file:
    rows = torch.tensor([[float(row[k]) for k in ("latitude", "day", "hours")] for row in csv.DictReader(file)], dtype=torch.float64)
x, y = rows[:, :2], rows[:, 2:]
x = ((x - x.mean(0)) / x.std(0, unbiased=False)).float()
y = y.float()

net = nn.Sequential(nn.Linear(2, 12), nn.Tanh(), nn.Linear(12, 1))
loss = nn.MSELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
for _ in range(6000):
    optimizer.zero_grad()
    loss(net(x), y).backward()
    optimizer.step()

save_file(net.state_dict(), here / "daylight.safetensors")
with open(here / "daylight-torch.json", "w") as file:
    json.dump({"torch": torch.__version__.split("+")[0], "loss": loss(net(x), y).item()}, file)
    file.write("\n")
