"""From what user code measures (Python, NumPy and PyTorch numbers) to what JSON can say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Union

from .errors import TrainerError

Number = Union[int, float]
_LARGEST_EXACT = 2**53


def evaluation_of(reported: object) -> dict[str, Any]:
    """The result of `evaluate`: `metrics`, and `samples` if there are any.

    Raises `TrainerError` for anything that is not a number.
    """
    if not isinstance(reported, Mapping):
        raise TrainerError(
            f"{reported!r} - an evaluation must be numbers by name; give for example "
            f"{{'accuracy': 0.9}}"
        )
    metrics = {
        name: metric_of(name, value) for name, value in reported.items() if name != "samples"
    }
    if not metrics:
        raise TrainerError(
            "the evaluation has no metric; report at least one number, such as accuracy=0.9"
        )
    samples = reported.get("samples")
    if samples is None:
        return {"metrics": metrics}
    return {"metrics": metrics, "samples": _samples_of(samples)}


def metric_of(name: object, value: object) -> Number | None:
    """A number for JSON, None for NaN and infinity. Raises `TrainerError` for others."""
    if not isinstance(name, str):
        raise TrainerError(f"{name!r} - the name of a metric must be a string; name it")
    number = plain(value)
    if isinstance(number, (bool, complex)) or not isinstance(number, (int, float)):
        try:
            # Decimal and Fraction, but neither strings nor booleans nor complex numbers.
            if isinstance(number, (bool, complex)) or not hasattr(number, "__float__"):
                raise TypeError
            number = float(number)
        except (TypeError, ValueError, RuntimeError):
            shown = repr(value)
            shown = shown if len(shown) <= 80 else f"{shown[:80]}..."
            raise TrainerError(
                f"{name}: {shown} - must be one number; convert it, for example with float(...) "
                "or .mean()"
            ) from None
    if isinstance(number, int) and abs(number) <= _LARGEST_EXACT:
        return number
    try:
        number = float(number)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def plain(value: Any) -> Any:
    """A NumPy or PyTorch scalar as Python's own, anything else as it is."""
    if isinstance(value, (bool, int, float, str)) and type(value).__module__ == "builtins":
        return value
    if callable(getattr(value, "item", None)):
        try:
            return value.item()
        except (TypeError, ValueError, RuntimeError):
            return value
    return value


def _samples_of(samples: Any) -> list[Number | None]:
    listed = samples.tolist() if hasattr(samples, "tolist") else samples
    if isinstance(listed, (str, bytes, Mapping)) or not hasattr(listed, "__iter__"):
        raise TrainerError(
            f"samples: {samples!r} - must be a list of numbers; give the measurements, newest last"
        )
    return [metric_of(f"samples[{index}]", sample) for index, sample in enumerate(listed)]
