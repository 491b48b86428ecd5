"""What can go wrong, and how Clade learns of it."""

from __future__ import annotations

import os
import traceback
from typing import Any

FAILED = -32000
UNREADABLE = -32700
UNKNOWN_METHOD = -32601
UNUSABLE_PARAMS = -32602

_PACKAGE = os.path.dirname(os.path.abspath(__file__))
_LONGEST_MESSAGE = 4_000
_LONGEST_TRACEBACK = 100_000


class TrainerError(Exception):
    """A trainer broke a rule. The message gives the value, the rule and the remedy."""


# So that messages say clade.TrainerError, the name to catch.
TrainerError.__module__ = "clade"


class RefusedRequest(Exception):
    """A request that cannot be followed, as it came from Clade."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def error_of(failure: BaseException) -> dict[str, Any]:
    """The `error` of a JSON-RPC answer."""
    if isinstance(failure, RefusedRequest):
        return {"code": failure.code, "message": str(failure)}
    summary = "".join(traceback.format_exception_only(type(failure), failure))
    return {
        "code": FAILED,
        "message": " ".join(summary.split())[:_LONGEST_MESSAGE],
        "data": {"traceback": traceback_of(failure)[-_LONGEST_TRACEBACK:]},
    }


def traceback_of(failure: BaseException) -> str:
    """The traceback from the first frame of the user's own code."""
    frames = failure.__traceback__
    while frames is not None and _is_ours(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(failure), failure, frames))


def _is_ours(file: str) -> bool:
    return os.path.dirname(os.path.abspath(file)) == _PACKAGE
