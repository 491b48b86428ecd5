"""A small convolutional network learns to read handwritten digits, alone or in a population.

    python digits.py --learning_rate 0.05     trains one network
    npx clade run digits.yaml                 trains eight, with Population Based Training

The digits (../quickstart/digits.csv.gz, 8x8 pixels, 1,797 of them) lie anywhere in a 12x12
picture, turned and scaled a little. 900 of them train, with fresh pictures for every step; 400
others score the network, and the last 497, the test digits, steer nothing.
"""

import gzip
from pathlib import Path

import clade
import numpy as np
import torch
from torch import nn
from torch.nn.functional import affine_grid, cross_entropy, grid_sample

BATCH = 32
DIGITS = Path(__file__).resolve().parent.parent / "quickstart" / "digits.csv.gz"


class DigitsTrainer:
    """One network in memory: Clade's part. Everything else in this file is plain PyTorch."""

    def __init__(self):
        self.training, self.validation, self.test = load_digits()

    def setup(self, hyperparameters, seed):
        clade.random_state.seed(seed)
        self.dropout = nn.Dropout()
        self.model = network(self.dropout)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
        self.apply(hyperparameters)

    def step(self, hyperparameters):
        """One batch of pictures that are new to every member."""
        images, labels = draw_pictures(*self.training, BATCH, hyperparameters["distortion"])
        loss = cross_entropy(self.model(images), labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        clade.log_metrics(training_loss=loss)

    def evaluate(self, final):
        accuracy, loss = measure(self.model, *self.validation)
        test_accuracy, _ = measure(self.model, *self.test)
        return {"accuracy": accuracy, "loss": loss, "test_accuracy": test_accuracy}

    def save(self, directory):
        clade.pytorch.save(directory, model=self.model, optimizer=self.optimizer)

    def restore(self, directory, hyperparameters, seed):
        clade.pytorch.load(directory, seed=seed, model=self.model, optimizer=self.optimizer)
        self.apply(hyperparameters)

    def apply(self, hyperparameters):
        self.dropout.p = hyperparameters["dropout"]
        clade.pytorch.apply(
            self.optimizer,
            lr=hyperparameters["learning_rate"],
            momentum=1 - hyperparameters["one_minus_momentum"],
            weight_decay=hyperparameters["weight_decay"],
        )

    def hyperparameters_in_force(self):
        """Read back from where they act, so that Clade stops a member that lacks its values."""
        read_back = clade.pytorch.in_force(
            self.optimizer, "momentum", "weight_decay", learning_rate="lr"
        )
        read_back["one_minus_momentum"] = 1 - read_back.pop("momentum")
        return {**read_back, "dropout": self.dropout.p}


def network(dropout):
    """12x12 pictures to 10 logits."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        dropout,
        nn.Linear(32 * 3 * 3, 10),
    )


@torch.no_grad()
def measure(model, images, labels):
    """Accuracy and mean cross-entropy, without dropout."""
    model.eval()
    logits = model(images)
    model.train()
    return (logits.argmax(1) == labels).double().mean(), cross_entropy(logits, labels)


def draw_pictures(digits, labels, count, distortion, generator=None):
    """Random digits in 12x12 pictures.

    With `distortion` 1 they are turned by up to 15 degrees, scaled by up to a tenth, moved by up
    to 2 pixels and covered with some noise; with 0 they lie straight in the middle.
    """

    def up_to(most, *shape):
        return most * distortion * (2 * torch.rand(*shape, generator=generator) - 1)

    chosen = torch.randint(len(digits), (count,), generator=generator)
    angle, scale = up_to(torch.pi / 12, count), 1 + up_to(0.1, count)
    # Half a digit is 4 pixels, and counts as 1.
    across, down = up_to(2 / 4, count), up_to(2 / 4, count)
    # 1.5 = 12 / 8 pixels
    cosine, sine = 1.5 * torch.cos(angle) / scale, 1.5 * torch.sin(angle) / scale
    rows = [torch.stack([cosine, sine, across], 1), torch.stack([-sine, cosine, down], 1)]
    places = affine_grid(torch.stack(rows, 1), (count, 1, 12, 12), align_corners=False)
    pictures = grid_sample(digits[chosen], places, align_corners=False)
    return pictures + up_to(0.1, *pictures.shape), labels[chosen]


def load_digits():
    """Digits to train with, and pictures for validation and test. No digit is in two parts."""
    with gzip.open(DIGITS) as file:
        lines = np.loadtxt(file, delimiter=",", dtype=np.float32)
    lines = torch.from_numpy(lines[np.random.default_rng(0).permutation(len(lines))])
    digits, labels = lines[:, :64].reshape(-1, 1, 8, 8) / 16, lines[:, 64].long()
    # The same pictures for every member, run and machine.
    generator = torch.Generator().manual_seed(0)
    validation = draw_pictures(digits[900:1300], labels[900:1300], 2000, 1, generator)
    test = draw_pictures(digits[1300:], labels[1300:], 2000, 1, generator)
    return (digits[:900], labels[:900]), validation, test


if __name__ == "__main__":
    torch.set_num_threads(1)  # a network as small as this gains nothing from more
    clade.serve(
        DigitsTrainer,
        defaults={
            "learning_rate": 0.03,
            "one_minus_momentum": 0.1,
            "weight_decay": 1e-4,
            "dropout": 0.2,
            "distortion": 1.0,
        },
        steps=4000,
    )
