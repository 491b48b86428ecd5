"""For PyTorch: hyperparameters into optimisers and back, and checkpoints that leave nothing out.

PyTorch is imported on first use.

`load_state_dict` of an optimiser brings back the OLD learning rate, the donor's, with all its
other options. So the order is: `load`, then `apply`, then `in_force` to prove it. A learning rate
schedule overwrites what was applied at its next step, unless `apply` is told of it: then the
hyperparameter is its base rate, and the schedule its shape.
"""

from __future__ import annotations

import importlib
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Protocol

from . import random_state, schedules, stepping
from .errors import TrainerError
from .requests import nearest


@dataclass(frozen=True)
class _Source:
    """Where a hyperparameter was read from, without keeping it alive."""

    optimizer: weakref.ref[Any]
    scheduler: weakref.ref[Any] | None
    group: int | None
    option: str
    value: Any

    def read(self, name: str) -> dict[str, Any]:
        """Empty when the optimiser is gone."""
        optimizer, scheduler = self.optimizer(), self.scheduler and self.scheduler()
        if optimizer is None:
            return {}
        return in_force(optimizer, group=self.group, scheduler=scheduler, **{name: self.option})


# Of each hyperparameter, the latest.
_sources: dict[str, _Source] = {}


class Optimizer(Protocol):
    param_groups: list[dict[str, Any]]


class Stateful(Protocol):
    def state_dict(self) -> Any: ...

    def load_state_dict(self, state_dict: Any, /) -> Any: ...


def apply(
    optimizer: Optimizer, *, group: int | None = None, scheduler: Any = None, **options: Any
) -> None:
    """Sets options in every parameter group, or in one: `apply(optimizer, lr=0.1, betas=(0.9,
    0.99))`.

    With `scheduler`, one of `torch.optim.lr_scheduler` that is stepped as usual, `lr` is its base
    rate (the peak of a `OneCycleLR` or `CyclicLR`): the schedule goes on from where it is as if it
    had been built with that rate.

    A tensor (`capturable=True`) is filled in place. For a learning rate with a factor in some
    group, call it for each group: `apply(optimizer, group=0, lr=lr)` and `apply(optimizer,
    group=1, lr=0.1 * lr)`. Raises `TrainerError` for an option that the optimiser does not have,
    and for a schedule that has no base rate.
    """
    groups = _groups(optimizer, group)
    for name in options:
        _require_option(optimizer, groups, name)
        if scheduler is not None:
            schedules.require_not_cycled(scheduler, name)
    if scheduler is not None and "lr" in options:
        indices = range(len(groups)) if group is None else [group]
        schedules.set_base_rates(optimizer, scheduler, indices, float(options.pop("lr")))
    for each in groups:
        for name, value in options.items():
            each[name] = _applied(name, each[name], value)


def in_force(
    optimizer: Optimizer,
    *names: str,
    group: int | None = None,
    scheduler: Any = None,
    **options: str,
) -> dict[str, Any]:
    """Options as the optimiser has them, tensors as numbers: `in_force(optimizer, "momentum",
    learning_rate="lr")`.

    The keyword form gives an option under the name of a hyperparameter. With `scheduler` the
    option `lr` is the schedule's base rate, after a look whether the optimiser has the rate that
    follows from it. Raises `TrainerError` where it has another, for an option that it does not
    have, and for one that differs between groups (give `group` then).
    """
    groups = _groups(optimizer, group)
    found: dict[str, Any] = {}
    for name, option in {**{name: name for name in names}, **options}.items():
        _require_option(optimizer, groups, option)
        if scheduler is not None and option == "lr":
            rates = schedules.base_rates(optimizer, scheduler)
            values = rates if group is None else [rates[group]]
        else:
            values = [_read(each[option]) for each in groups]
        if any(value != values[0] for value in values):
            rule = f"{option}: {values} - must be the same in all parameter groups"
            raise TrainerError(f"{rule}; apply it to all of them, or read one with group=0")
        found[name] = values[0]
        watched = None if scheduler is None else weakref.ref(scheduler)
        _sources[name] = _Source(weakref.ref(optimizer), watched, group, option, values[0])
    return found


def reading_again(values: Mapping[str, Any]) -> Callable[[], dict[str, Any]] | None:
    """Reads those of the values that came from `in_force` once more. None when none did."""
    latest = {name: _sources[name] for name in values if name in _sources}
    sources = {name: source for name, source in latest.items() if source.value == values[name]}
    if not sources:
        return None
    return lambda: {
        name: value
        for name, source in sources.items()
        for name, value in source.read(name).items()
    }


def require_training(name: str) -> None:
    """Raises `TrainerError` for a hyperparameter whose optimiser idles while another trains."""
    source = _sources.get(name)
    optimizer = source and source.optimizer()
    other = None if optimizer is None else stepping.trained_instead_of(optimizer)
    if other is not None:
        rule = (
            f"{name}: read back from {type(optimizer).__name__}, which made no step while {other} "
            "trained its"
        )
        raise TrainerError(
            f"{rule} parameters; apply it to the optimiser that trains, and read it from there"
        )


def likely_cause(name: str) -> str | None:
    """What has probably overwritten a hyperparameter that `in_force` has read. None when nothing
    is found.

    Looks through all objects of the process, which takes a moment.
    """
    source = _sources.get(name)
    optimizer = source and source.optimizer()
    kinds = (
        schedules.schedules_of(optimizer, source.option)
        if source and optimizer is not None
        else []
    )
    if source is None or not kinds:
        return None
    remedy = (
        "give it to apply and to watch (or in_force) as scheduler=..., so that the hyperparameter "
        "is its base rate"
        if source.option == "lr"
        else f"build it with cycle_momentum=False, or leave {name} out of the experiment"
    )
    return f"{' and '.join(kinds)} {'overwrites' if len(kinds) == 1 else 'overwrite'} it; {remedy}"


def save(directory: str | Path, **objects: Stateful) -> None:
    """Writes one file for each object, `model=model` into `model.pt`, and the random state. Raises
    `OSError` when it cannot.

    Give everything that has a state: model, optimiser, gradient scaler, learning rate schedule.
    """
    torch: Any = importlib.import_module("torch")
    for name, stateful in objects.items():
        torch.save(stateful.state_dict(), _file(directory, name))
    random_state.save(directory)


def load(directory: str | Path, *, seed: int, **objects: Stateful) -> None:
    """Loads what `save` wrote into the objects, each on its own device, and the random state
    by the rule of `random_state.restore`.

    Afterwards an optimiser has its OLD learning rate and other options: call `apply` after this,
    never before. Raises `TrainerError` when there is no file for an object.
    """
    torch: Any = importlib.import_module("torch")
    for name, stateful in objects.items():
        path = _file(directory, name)
        if not path.exists():
            there = ", ".join(sorted(file.name for file in Path(directory).iterdir()))
            raise TrainerError(
                f"{name}: {path.name} is not in the checkpoint, which has {there}; save it as "
                f"{name}=..."
            )
        # To main memory: load_state_dict moves each tensor to where it belongs, which may not be
        # the device that it was saved on.
        stateful.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    random_state.restore(directory, seed)


def _file(directory: str | Path, name: str) -> Path:
    return Path(directory, f"{name}.pt")


def _groups(optimizer: Optimizer, group: int | None) -> list[dict[str, Any]]:
    groups = optimizer.param_groups
    if group is None:
        return groups
    if not 0 <= group < len(groups):
        raise TrainerError(
            f"group: {group} - must be from 0 to {len(groups) - 1}; the optimiser has no other"
        )
    return [groups[group]]


def _require_option(optimizer: Optimizer, groups: list[dict[str, Any]], option: str) -> None:
    if all(option in each for each in groups):
        return
    known = [name for name in groups[0] if name != "params"]
    kind = type(optimizer).__name__
    raise TrainerError(
        f"{option}: {kind} has no such option; it has {', '.join(known)}.{nearest(option, known)}"
    )


def _applied(name: str, old: Any, new: Any) -> Any:
    if _is_tensor(old):
        old.detach().fill_(float(new))  # in place: a captured graph reads this very tensor
        return old
    if isinstance(old, tuple):
        if not isinstance(new, (tuple, list)) or len(new) != len(old):
            raise TrainerError(
                f"{name}: {new!r} - must be {len(old)} numbers, as in {old}; give all of them"
            )
        return tuple(_applied(name, one, other) for one, other in zip(old, new))
    return new


def _read(value: Any) -> Any:
    if _is_tensor(value):
        return value.item()
    if isinstance(value, (tuple, list)):
        return tuple(_read(one) for one in value)
    return value


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "fill_")
