"""A plain training script: a linear model reads handwritten digits."""

import gzip
from pathlib import Path

import clade
import numpy as np
import torch

with gzip.open(Path(__file__).resolve().parent.parent / "quickstart" / "digits.csv.gz") as file:
    lines = torch.from_numpy(np.loadtxt(file, delimiter=",", dtype=np.float32))
images, labels = lines[:, :64] / 16, lines[:, 64].long()

model = torch.nn.Linear(64, 10)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
parts = {"model": model, "optimizer": optimizer}

for generation in clade.generations({"lr": 0.1, "momentum": 0.9}, steps=2000):
    if generation.restore_from:
        clade.pytorch.load(generation.restore_from, seed=generation.seed, **parts)
    clade.pytorch.apply(optimizer, **generation.hyperparameters)
    for _ in generation.steps():
        batch = torch.randint(1300, (32,))
        loss = torch.nn.functional.cross_entropy(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    accuracy = (model(images[1300:]).argmax(1) == labels[1300:]).double().mean()
    generation.report(accuracy=accuracy)
    if generation.save_to:
        clade.pytorch.save(generation.save_to, **parts)
