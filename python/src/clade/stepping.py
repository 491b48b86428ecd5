"""Which of PyTorch's optimisers made steps: an idle one's values are in force nowhere."""

from __future__ import annotations

import sys
import weakref
from typing import Any

_stepped: weakref.WeakSet[Any] = weakref.WeakSet()
_is_listening = False


def forget_steps() -> None:
    """From here on they are counted. Does nothing without PyTorch, or before its version 2.1."""
    global _is_listening
    _stepped.clear()
    listen = getattr(
        sys.modules.get("torch.optim.optimizer"), "register_optimizer_step_post_hook", None
    )
    if listen is not None and not _is_listening:
        _is_listening = True
        listen(lambda optimizer, *_: _stepped.add(optimizer))


def trained_instead_of(optimizer: Any) -> str | None:
    """The class of another optimiser that trained its parameters while it made no step."""
    groups = optimizer.param_groups
    if any(each.param_groups is groups for each in _stepped):  # itself, or what it is a wrapper of
        return None
    own = {id(parameter) for group in groups for parameter in group["params"]}
    for each in _stepped:
        if any(
            id(parameter) in own for group in each.param_groups for parameter in group["params"]
        ):
            return type(each).__name__
    return None
