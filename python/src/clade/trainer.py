"""What `clade.serve` drives: a model that trains, scores, saves and takes over states."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from .errors import TrainerError
from .place import Place
from .requests import Hyperparameters

METHODS = ("setup", "step", "evaluate", "save", "restore")


class Trainer:
    """Base class of trainers. Inheriting is optional: any class with these five methods will do.

    One instance is made per process, without arguments: load data in `__init__`. It trains one
    member after the other.

    `generation` says where it is in its run, for schedules, logs and trackers: `generation.step`
    counts the steps of the weights across their copies, also in `setup`, `restore` and `step`.

    A class may also have `hyperparameters_in_force(self)`, which returns values by name, read back
    from where the next step takes them, such as the optimiser's parameter groups. It is asked
    after `setup` and `restore`, and again after the last step. Names that it leaves out count as
    they were asked for.
    """

    adjusts = False
    """True where `hyperparameters_in_force` may return other values than the trainer was told,
    such as a batch size that fits: they are recorded as the model's, and explored from."""

    generation: Place

    def setup(self, hyperparameters: Hyperparameters, seed: int) -> None:
        """Makes fresh weights.

        Initial weights and random choices should follow from `seed`, 0 to 2^31 - 1. May come
        again.
        """
        raise _missing(self, "setup")

    def step(self, hyperparameters: Hyperparameters) -> None:
        """One training step with these hyperparameters."""
        raise _missing(self, "step")

    def evaluate(self, final: bool) -> Mapping[str, Any]:
        """Numbers by metric name. `final` is true for a member's last evaluation, where a held-out
        metric belongs.

        `"samples"`, a list of numbers, are independent measurements of the objective, newest last.
        NaN and infinity are allowed.
        """
        raise _missing(self, "evaluate")

    def save(self, directory: Path) -> None:
        """Writes everything that the next step depends on into an empty directory.

        That is weights, the optimiser's state and random state. At least one file.
        """
        raise _missing(self, "save")

    def restore(self, directory: Path, hyperparameters: Hyperparameters, seed: int) -> None:
        """Loads what `save` wrote, perhaps for another member, then applies `hyperparameters`,
        which may be new.

        `setup` has been called in this process before. Apply after loading: a loaded optimiser has
        its old values.
        """
        raise _missing(self, "restore")


class TrainerLike(Protocol):
    """The five methods, for classes that do not inherit from `Trainer`."""

    def setup(self, hyperparameters: Hyperparameters, seed: int) -> None: ...

    def step(self, hyperparameters: Hyperparameters) -> None: ...

    def evaluate(self, final: bool) -> Mapping[str, Any]: ...

    def save(self, directory: Path) -> None: ...

    def restore(self, directory: Path, hyperparameters: Hyperparameters, seed: int) -> None: ...


def check_complete(trainer: object) -> None:
    """Raises `TrainerError` that names every missing method."""
    missing = [
        name
        for name in METHODS
        if not callable(getattr(trainer, name, None))
        or getattr(type(trainer), name, None) is getattr(Trainer, name)
    ]
    if missing:
        raise TrainerError(
            f"{type(trainer).__name__} has no {', '.join(missing)}; define it as in clade.Trainer"
        )


def _missing(trainer: Trainer, name: str) -> TrainerError:
    return TrainerError(f"{type(trainer).__name__} has no {name}; define it as in clade.Trainer")
