"""The requests of the protocol, parsed once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

from .errors import UNKNOWN_METHOD, UNUSABLE_PARAMS, RefusedRequest
from .place import Told

Hyperparameters = dict[str, Any]
"""Numbers, strings and booleans by name; `Any`, so that typed programs can calculate."""

LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Initialize:
    pass


@dataclass(frozen=True)
class Setup:
    member: int
    seed: int
    requested: Hyperparameters
    """As Clade asked for them; the answer has exactly these names."""
    hyperparameters: Hyperparameters
    """With the defaults of those that Clade left out."""
    told: Told


@dataclass(frozen=True)
class Restore(Setup):
    directory: Path


@dataclass(frozen=True)
class Train:
    """At least one of the two is given."""

    steps: int | None
    seconds: float | None
    told: Told


@dataclass(frozen=True)
class Evaluate:
    final: bool


@dataclass(frozen=True)
class Save:
    directory: Path


@dataclass(frozen=True)
class Shutdown:
    pass


Request = Union[Initialize, Setup, Restore, Train, Evaluate, Save, Shutdown]


def request_of(method: object, params: object, defaults: Mapping[str, Any]) -> Request:
    """Raises `RefusedRequest` for a method or params that the protocol does not have."""
    given = {} if params is None else params
    if not isinstance(given, dict):
        raise _unusable("params", params, "must be an object")
    if method == "initialize":
        return Initialize()
    if method == "setup":
        return Setup(**_turn(given, defaults))
    if method == "restore":
        return Restore(**_turn(given, defaults), directory=_directory(given))
    if method == "train":
        return _train(given)
    if method == "evaluate":
        final = given.get("final")
        if not isinstance(final, bool):
            raise _unusable("final", final, "must be true or false")
        return Evaluate(final)
    if method == "save":
        return Save(_directory(given))
    if method == "shutdown":
        return Shutdown()
    raise RefusedRequest(
        UNKNOWN_METHOD, f"{method!r} is not a method of protocol 1; use a client that knows it"
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean x?`, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]}?" if close else ""


def _turn(params: dict[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    member: Any
    seed: Any
    member, seed, requested = (
        params.get("member"),
        params.get("seed"),
        params.get("hyperparameters"),
    )
    if not _is_whole(member) or member < 0:
        raise _unusable("member", member, "must be a whole number from 0")
    if not _is_whole(seed) or not 0 <= seed <= LARGEST_SEED:
        raise _unusable("seed", seed, "must be a whole number from 0 to 2^31 - 1")
    if not isinstance(requested, dict):
        raise _unusable("hyperparameters", requested, "must be an object")
    typed = {name: _typed(name, value, defaults) for name, value in requested.items()}
    return {
        "member": member,
        "seed": seed,
        "requested": typed,
        "hyperparameters": {**defaults, **typed},
        "told": _told(params),
    }


def _told(params: dict[str, Any]) -> Told:
    """Where the generation is in its run. Clade tells it; another driver need not."""
    given = params.get("generation", {})
    if not isinstance(given, dict):
        raise _unusable("generation", given, "must be an object")
    run = given.get("run", "")
    if not isinstance(run, str):
        raise _unusable("generation.run", run, "must be a string")
    for name, least in (("number", 1), ("step", 0), ("steps", 0), ("copied", 0)):
        value = given.get(name, least)
        if not _is_whole(value) or value < least:
            raise _unusable(f"generation.{name}", value, f"must be a whole number from {least}")
    return Told(
        run, given.get("number", 1), given.get("step", 0), given.get("steps"), given.get("copied")
    )


def _typed(name: str, value: object, defaults: Mapping[str, Any]) -> object:
    if not isinstance(value, (bool, int, float, str)):
        raise _unusable(
            f"hyperparameters.{name}", value, "must be a number, a string or a boolean"
        )
    if defaults and name not in defaults:
        known = ", ".join(defaults)
        raise RefusedRequest(
            UNUSABLE_PARAMS,
            f"hyperparameters.{name}: this trainer has {known}, and would ignore it; "
            "name it in the trainer's defaults, or rename it in the "
            f"experiment.{nearest(name, defaults)}",
        )
    default = defaults.get(name)
    if isinstance(default, bool) and not isinstance(value, bool):
        # In YAML 1.2 `no` is a text, and Python takes any text for true.
        raise _unusable(
            f"hyperparameters.{name}", value, "must be true or false, as its default is"
        )
    # JSON from JavaScript writes 1.0 as 1.
    if _is_whole(value) and isinstance(default, float):
        return float(value)
    return value


def _train(params: dict[str, Any]) -> Train:
    steps, seconds = params.get("steps"), params.get("seconds")
    if steps is None and seconds is None:
        raise RefusedRequest(
            UNUSABLE_PARAMS, "train has neither steps nor seconds; give at least one"
        )
    if steps is not None and (not _is_whole(steps) or steps < 1):
        raise _unusable("steps", steps, "must be a whole number from 1")
    if seconds is not None and (
        isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds < 0
    ):
        raise _unusable("seconds", seconds, "must be a number from 0")
    return Train(steps, seconds, _told(params))


def _directory(params: dict[str, Any]) -> Path:
    directory = params.get("directory")
    if not isinstance(directory, str) or not Path(directory).is_absolute():
        raise _unusable("directory", directory, "must be an absolute path")
    return Path(directory)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _unusable(name: str, value: object, rule: str) -> RefusedRequest:
    return RefusedRequest(UNUSABLE_PARAMS, f"{name}: {value!r} - {rule}; see the trainer protocol")
