"""The hyperparameters in force at both ends of a generation, for Clade to compare."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from . import pytorch, stepping
from .errors import TrainerError
from .measurements import plain
from .requests import Setup

_TOLERANCE = 1e-6  # as Clade has it


def before_training(
    turn: Setup, read_back: object | None, defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Every requested name with the value read back, or the one asked for where none was read
    back.

    None is for a trainer that reads nothing back. Raises `TrainerError` as `read_back_of` does.
    """
    stepping.forget_steps()
    if read_back is None:
        return {"hyperparameters": turn.requested}
    found = read_back_of(turn, read_back, defaults)
    return {"hyperparameters": {**turn.requested, **found}, "readBack": list(found)}


def after_training(
    turn: Setup, read_back: object | None, defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """What was read back again after the last step, with the likely cause of each difference.

    Raises `TrainerError` for what was read from an optimiser in whose place another one trains.
    """
    if read_back is None:
        return {}
    found = read_back_of(turn, read_back, defaults)
    for name in found:
        pytorch.require_training(name)
    stepping.forget_steps()
    causes = {name: pytorch.likely_cause(name) for name in differing(turn, found)}
    told = {name: cause for name, cause in causes.items() if cause is not None}
    return {"hyperparameters": found, **({"causes": told} if told else {})}


def differing(turn: Setup, found: Mapping[str, Any]) -> list[str]:
    """The names whose values are not what Clade has asked for."""
    return [name for name, value in found.items() if not _agree(turn.requested[name], value)]


def read_back_of(turn: Setup, read_back: object, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the requested names that were read back.

    Raises `TrainerError` for a name that no hyperparameter has, and for a value that is not a
    number, string or boolean.
    """
    values = mapping_of(read_back)
    for name in values:
        if defaults and name not in defaults:
            known = ", ".join(defaults)
            raise TrainerError(
                f"{name!r} in force - must be one of the hyperparameters {known}; use the same "
                "name"
            )
    return {name: _value(name, values[name]) for name in turn.requested if name in values}


def mapping_of(read_back: object) -> Mapping[str, Any]:
    """Raises `TrainerError` for anything but values by name."""
    if not isinstance(read_back, Mapping):
        raise TrainerError(
            f"{read_back!r} - hyperparameters in force must be values by name; give a mapping"
        )
    return read_back


def _value(name: str, value: object) -> object:
    found = plain(value)
    if not isinstance(found, (bool, int, float, str)) or (
        isinstance(found, float) and not math.isfinite(found)
    ):
        rule = "must be a finite number, a string or a boolean"
        raise TrainerError(
            f"{name}: {value!r} in force - {rule}; read back the value that the next step uses"
        )
    return found


def _agree(told: Any, found: Any) -> bool:
    numbers = all(
        isinstance(value, (int, float)) and not isinstance(value, bool) for value in (told, found)
    )
    return math.isclose(told, found, rel_tol=_TOLERANCE) if numbers else told == found
