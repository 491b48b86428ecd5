"""What is checked before a trainer starts, both ways."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from .errors import TrainerError


def check_started_as_program(call: str) -> None:
    """Raises `TrainerError` while a child of multiprocessing imports the script again."""
    process = sys.modules.get("multiprocessing.process")
    # The mark by which multiprocessing itself recognises this mistake.
    if process and getattr(process.current_process(), "_inheriting", False):
        rule = f"{call} was called while a child of multiprocessing imports the script"
        raise TrainerError(f'{rule}; put the call under `if __name__ == "__main__":`')


def check_defaults(defaults: Mapping[str, Any] | None) -> dict[str, Any]:
    """A copy. Raises `TrainerError` for a value that no hyperparameter can have."""
    for name, value in (defaults or {}).items():
        if not isinstance(value, (bool, int, float, str)):
            rule = "must be a number, a string or a boolean"
            raise TrainerError(f"defaults: {name!r} is {value!r} - {rule}; give such a value")
    return dict(defaults or {})
