"""The triangle wave as a trainer of Clade."""

import random

import clade
from triangle_wave import TriangleWave


class Trainer:
    def setup(self, hyperparameters, seed):
        random.seed(seed)
        self.model = TriangleWave()

    def step(self, hyperparameters):
        self.model.step(hyperparameters["rate"])

    def evaluate(self, final):
        return {"accuracy": self.model.accuracy}

    def save(self, directory):
        self.model.save(directory)

    def restore(self, directory, hyperparameters, seed):
        self.model.load(directory)


clade.serve(Trainer)
