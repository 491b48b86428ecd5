"""The trainer of the golden transcripts, as a class."""

import clade


class Climber(clade.Trainer):
    def setup(self, hyperparameters, seed):
        self.height = 0.0
        self.hyperparameters = hyperparameters

    def step(self, hyperparameters):
        if hyperparameters["rate"] < 0:
            raise ValueError("rate must not be negative")
        self.height += hyperparameters["rate"]
        if hyperparameters["rate"] == 3:
            self.hyperparameters["rate"] /= 2

    def evaluate(self, final):
        height = float("nan") if self.hyperparameters["rate"] == 5 else self.height
        return (
            {"height": height, "final": 1, "samples": [height, height]}
            if final
            else {"height": height}
        )

    def save(self, directory):
        (directory / "height.txt").write_text(f"{self.height:.3f}\n")

    def restore(self, directory, hyperparameters, seed):
        self.height = float((directory / "height.txt").read_text())
        self.hyperparameters = hyperparameters

    def hyperparameters_in_force(self):
        return self.hyperparameters


if __name__ == "__main__":
    clade.serve(Climber, defaults={"rate": 0.5, "kind": "steep", "fast": True}, steps=20)
