"""A polynomial learns a sine by gradient descent. Replace the model with your own."""

import json
import math
import random
from pathlib import Path

import clade

POINTS = [index / 100 - 1 for index in range(201)]


class SineTrainer:
    """One model in memory: it trains, scores, saves, and takes over another member's state."""

    def setup(self, hyperparameters, seed):
        self.seed = seed
        draws = random.Random(f"{seed} weights")
        self.weights = [draws.gauss(0, 0.5) for _ in range(6)]
        self.velocity = [0.0] * 6
        self.steps = 0

    def step(self, hyperparameters):
        # Draws that follow from the seed and a saved counter make the training repeatable.
        draws = random.Random(f"{self.seed} {self.steps}")
        self.steps += 1
        for _ in range(20):
            x = draws.uniform(-1, 1)
            error = self.predict(x) - math.sin(3 * x)
            for power in range(6):
                pull = hyperparameters["learning_rate"] * error * x**power
                self.velocity[power] = hyperparameters["momentum"] * self.velocity[power] - pull
                self.weights[power] += self.velocity[power]

    def evaluate(self, final):
        errors = [self.predict(x) - math.sin(3 * x) for x in POINTS]
        return {"loss": sum(error * error for error in errors) / len(errors)}

    def save(self, directory: Path):
        """Everything that the next step depends on."""
        state = {"weights": self.weights, "velocity": self.velocity, "steps": self.steps}
        (directory / "state.json").write_text(json.dumps(state))

    def restore(self, directory: Path, hyperparameters, seed):
        """The state may be another member's; the seed gives this one draws of its own."""
        state = json.loads((directory / "state.json").read_text())
        self.weights, self.velocity = state["weights"], state["velocity"]
        self.steps = state["steps"]
        self.seed = seed

    def predict(self, x):
        return sum(weight * x**power for power, weight in enumerate(self.weights))


if __name__ == "__main__":
    clade.serve(SineTrainer, defaults={"learning_rate": 0.1, "momentum": 0.9})
