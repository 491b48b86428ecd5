"""The digits of examples/pytorch with the schedule that people use: a cosine with warm-up."""

import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "pytorch"))

import clade
import torch
from digits import DigitsTrainer

STEPS = 4000
WARM_UP = 200


class CosineTrainer(DigitsTrainer):
    """The learning rate is the peak of the schedule."""

    def setup(self, hyperparameters, seed):
        super().setup(hyperparameters, seed)
        self.group["done"] = 0

    def step(self, hyperparameters):
        done = self.group["done"]
        rising = min(1, (done + 1) / WARM_UP)
        falling = (1 + math.cos(math.pi * max(0, done - WARM_UP) / (STEPS - WARM_UP))) / 2
        self.group["lr"] = self.group["peak"] * rising * falling
        super().step(hyperparameters)
        self.group["done"] = done + 1

    def apply(self, hyperparameters):
        super().apply(hyperparameters)
        self.group["peak"] = hyperparameters["learning_rate"]

    def hyperparameters_in_force(self):
        return {**super().hyperparameters_in_force(), "learning_rate": self.group["peak"]}

    @property
    def group(self):
        """What the optimizer saves with its state."""
        return self.optimizer.param_groups[0]


if __name__ == "__main__":
    torch.set_num_threads(1)
    clade.serve(CosineTrainer, steps=STEPS)
