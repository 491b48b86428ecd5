"""Learning rate schedules of PyTorch under hyperparameters: the value is the base rate, the
schedule its shape.

The base rate is what the optimiser was built with, before the schedule (`initial_lr` and
`base_lrs`), or the peak of a `OneCycleLR` or `CyclicLR`. After `set_base_rates` a schedule goes on
as if it had been built with the new rate.
"""

from __future__ import annotations

import gc
import importlib
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any

from .errors import TrainerError

# How far a rate may be from what its schedule gives, in base rates: single precision, after
# thousands of steps.
_TOLERANCE = 1e-4


def set_base_rates(optimizer: Any, scheduler: Any, indices: Sequence[int], rate: float) -> None:
    """For the groups of these indices. Raises `TrainerError` before it changes anything."""
    schedule, groups = _unwrapped(scheduler), optimizer.param_groups
    old = base_rates(optimizer, scheduler)
    base = old[indices[0]]
    if any(old[index] != base for index in indices):
        rule = (
            f"lr: the groups have the base rates {old}, and one value for all would lose their "
            "factors"
        )
        raise TrainerError(f"{rule}; apply to each with group=..., multiplied by its factor")
    if base == rate:
        return  # to the last bit as it is, as for a member that was not restored
    is_recursive = _rates(schedule) is None
    if base == 0 and (is_recursive or _is_peaked(schedule)):
        name = type(schedule).__name__
        rule = f"lr: {name} has the base rate 0, and no factor turns 0 into {rate}"
        raise TrainerError(f"{rule}; keep the hyperparameter above 0")
    for part in _parts(schedule):
        for index in indices:
            _set_base(part, groups[index], index, rate)
    rates = _rates(schedule)
    for index in indices:
        now = float(groups[index]["lr"])
        _store(groups[index], "lr", now * rate / base if rates is None else float(rates[index]))
    for each in (schedule, *_parts(schedule)):
        each._last_lr = [_copy(group["lr"]) for group in groups]


def base_rates(optimizer: Any, scheduler: Any) -> list[float]:
    """Of every group.

    Raises `TrainerError` for a schedule that has none, and where the optimiser has another rate
    than the schedule gives.
    """
    schedule = _unwrapped(scheduler)
    _require_usable(optimizer, schedule)
    groups, name = optimizer.param_groups, type(schedule).__name__
    of_parts = [
        [_base(part, group, index) for index, group in enumerate(groups)]
        for part in _parts(schedule)
    ]
    if any(bases != of_parts[0] for bases in of_parts):
        rule = f"scheduler: the parts of {name} have different base rates, {of_parts}"
        raise TrainerError(f"{rule}; build them on the optimiser one after the other")
    for group, base, rate in zip(groups, of_parts[0], _rates(schedule) or []):
        found = float(group["lr"])
        if abs(found - float(rate)) > _TOLERANCE * max(abs(base), abs(found)):
            rule = f"lr: {found} in the optimiser, where {name} gives {float(rate)}"
            raise TrainerError(f"{rule}; save and load both of them, and let nothing else set lr")
    return of_parts[0]


def require_not_cycled(scheduler: Any, option: str) -> None:
    """Raises `TrainerError` for an option that the schedule itself moves."""
    for part in _parts(_unwrapped(scheduler)):
        if getattr(part, "cycle_momentum", False) and option == (
            "betas" if part.use_beta1 else "momentum"
        ):
            rule = f"{option}: {type(part).__name__} cycles it"
            raise TrainerError(
                f"{rule}; build the schedule with cycle_momentum=False, or leave {option} out"
            )


def schedules_of(optimizer: Any, option: str) -> list[str]:
    """The classes of the schedules in this process that set this option of the optimiser."""
    found = [
        each for each in gc.get_objects() if _is_schedule(type(each)) and _drives(each, optimizer)
    ]
    inner = {id(part) for each in found for part in getattr(each, "_schedulers", ())}
    setting = [
        each
        for each in found
        if option == "lr"
        or (option in ("momentum", "betas") and getattr(each, "cycle_momentum", False))
    ]
    return sorted({type(each).__name__ for each in setting if id(each) not in inner})


def _require_usable(optimizer: Any, schedule: Any) -> None:
    torch, name = _torch(), type(schedule).__name__
    for part in _parts(schedule):
        kind = type(part).__name__
        if isinstance(part, torch.ReduceLROnPlateau):
            rule = f"scheduler: {kind} has no base rate, since it lowers the present rate"
            raise TrainerError(
                f"{rule}; leave it out: the population lowers the rate where that helps"
            )
        if not hasattr(part, "base_lrs"):
            raise TrainerError(
                f"scheduler: {kind} has no base_lrs; give a schedule of torch.optim.lr_scheduler"
            )
        if getattr(part.optimizer, "param_groups", None) is not optimizer.param_groups:
            raise TrainerError(
                f"scheduler: {kind} drives another optimiser; give the one that belongs to it"
            )
        if part is not schedule and _is_peaked(part):
            raise TrainerError(
                f"scheduler: {kind} inside {name} has a peak of its own; let it stand alone"
            )
        if _rates(part) is None and not isinstance(part, torch.MultiplicativeLR):
            rule = (
                f"scheduler: {kind} computes each rate from the one before, so no base rate "
                "can be set"
            )
            raise TrainerError(f"{rule}; write it as a LambdaLR")
    lowest = [part.eta_min for part in _parts(schedule) if getattr(part, "eta_min", 0) != 0]
    if lowest and _rates(schedule) is None:
        rule = (
            f"scheduler: {name} goes down to eta_min {lowest[0]} in steps that cannot be told "
            "apart"
        )
        raise TrainerError(f"{rule}; let eta_min be 0, or use SequentialLR")


def _parts(schedule: Any) -> Iterator[Any]:
    """The schedules with base rates: those that it consists of, or itself."""
    if not hasattr(schedule, "_schedulers"):
        yield schedule
    for part in getattr(schedule, "_schedulers", ()):
        yield from _parts(part)


def _rates(schedule: Any) -> list[Any] | None:
    """Each group's rate by base rate and position; None if it follows from earlier rates."""
    torch = _torch()
    if isinstance(schedule, torch.SequentialLR):
        return _rates(
            schedule._schedulers[bisect_right(schedule._milestones, schedule.last_epoch)]
        )
    if isinstance(schedule, (torch.ChainedScheduler, torch.MultiplicativeLR)):
        return None
    if hasattr(schedule, "_get_closed_form_lr"):
        return list(schedule._get_closed_form_lr())
    rates = _asked(schedule)
    if type(schedule).__module__ == torch.__name__:
        return rates
    return rates if _asked(schedule, moved=True) == rates else None


def _asked(schedule: Any, moved: bool = False) -> list[Any]:
    """What `get_lr` gives, with other rates in the optimiser if `moved`."""
    groups = schedule.optimizer.param_groups
    kept = [dict(group) for group in groups]  # one that cycles momentum sets it here
    schedule._get_lr_called_within_step = True  # no warning
    try:
        for group in groups if moved else ():
            group["lr"] = 2 * group["lr"] + 1
        return list(schedule.get_lr())
    finally:
        schedule._get_lr_called_within_step = False
        for group, options in zip(groups, kept):
            group.update(options)


def _is_peaked(part: Any) -> bool:
    return isinstance(part, (_torch().OneCycleLR, _torch().CyclicLR))


def _places(part: Any, group: Any, index: int) -> list[tuple[Any, Any]]:
    """Where the base rate of a group is kept, and behind it what follows from it."""
    first = (part.base_lrs, index), (group, "initial_lr")
    if isinstance(part, _torch().OneCycleLR):
        return [(group, "max_lr"), *first, (group, "min_lr")]
    return [(part.max_lrs, index), *first] if _is_peaked(part) else list(first)


def _base(part: Any, group: Any, index: int) -> float:
    holder, key = _places(part, group, index)[0]
    return float(holder[key])


def _set_base(part: Any, group: Any, index: int, rate: float) -> None:
    old, places = _base(part, group, index), _places(part, group, index)
    for number, (holder, key) in enumerate(places):
        in_proportion = number > 0 and _is_peaked(part)
        _store(holder, key, float(holder[key]) * rate / old if in_proportion else rate)


def _store(holder: Any, key: Any, rate: float) -> None:
    if _is_tensor(holder[key]):
        holder[key].fill_(rate)
    else:
        holder[key] = rate


def _copy(rate: Any) -> Any:
    return rate.clone() if _is_tensor(rate) else rate


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "fill_")


def _unwrapped(scheduler: Any) -> Any:
    return getattr(scheduler, "scheduler", scheduler)  # as accelerate wraps it


def _is_schedule(kind: type) -> bool:
    # By the type alone: to ask an object itself may run code of its own.
    module: Any = sys.modules.get("torch.optim.lr_scheduler")
    kinds = tuple(
        getattr(module, name) for name in ("LRScheduler", "_LRScheduler") if hasattr(module, name)
    )
    return issubclass(kind, kinds) or "scheduler" in kind.__name__.lower()


def _drives(schedule: object, optimizer: Any) -> bool:
    # By its groups: either of the two may be a wrapper around the optimiser.
    driven = vars(schedule).get("optimizer") if hasattr(schedule, "__dict__") else None
    return driven is not None and getattr(driven, "param_groups", None) is optimizer.param_groups


def _torch() -> Any:
    return importlib.import_module("torch.optim.lr_scheduler")
