"""What training code may report at any time, from anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .conversation import Conversation
from .errors import TrainerError
from .measurements import metric_of

_conversation: Conversation | None = None


def attach(conversation: Conversation) -> None:
    """From now on this conversation is told."""
    global _conversation
    _conversation = conversation


def log(text: object) -> None:
    """Adds lines to the member's log (standard output when running alone)."""
    if _conversation is None:
        print(text, flush=True)
    else:
        _conversation.log(str(text))


def log_metrics(metrics: Mapping[str, Any] | None = None, /, **named: Any) -> None:
    """Tells numbers of the training itself, such as its loss: `log_metrics(loss=loss)`.

    The newest of each name are kept beside those of the next evaluation. They are sent about once
    a second, and tensors are converted only then, so calling this after every step does not wait
    for the accelerator. Raises `TrainerError` for what is not a number.
    """
    values = {name: _light(name, value) for name, value in {**(metrics or {}), **named}.items()}
    if _conversation is not None:
        _conversation.metrics(values)


def sign_of_life() -> None:
    """Tells Clade that a long setup, evaluation, save or restore has not hung.

    Between steps this happens by itself.
    """
    if _conversation is not None:
        _conversation.progress(None)


def _light(name: object, value: Any) -> Any:
    """Without the graph that a loss would keep in memory."""
    if not hasattr(value, "detach"):
        metric_of(name, value)  # a mistake is told where it was made
        return value
    if value.numel() != 1:
        raise TrainerError(
            f"{name}: a tensor of {value.numel()} numbers - must be one number; take its mean()"
        )
    return value.detach()
