"""T3 of the reference tasks: the best learning rate rises and falls (Ray's `pbt_function`)."""

import json
import random


class TriangleWave:
    def __init__(self):
        self.accuracy = 0.0

    def step(self, rate):
        best = min(max(0.01 * min(self.accuracy, 200 - self.accuracy) / 100, 0.001), 0.01)
        ratio = max(rate, best) / min(rate, best)
        if ratio < 3:
            self.accuracy += random.random() / ratio
        elif rate > best:
            self.accuracy -= (ratio - 3) * random.random()
        self.accuracy = max(0.0, self.accuracy + random.gauss(0, 2))

    def save(self, directory):
        with open(f"{directory}/accuracy.json", "w") as file:
            json.dump(self.accuracy, file)

    def load(self, directory):
        with open(f"{directory}/accuracy.json") as file:
            self.accuracy = json.load(file)
