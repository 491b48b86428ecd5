"""Requests for a script that asks: one ahead, and an answer where the script ends."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from .conversation import Conversation
from .errors import TrainerError
from .requests import Request, Shutdown


class RequestsAhead:
    """One request ahead: read when first looked at, kept until answered."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self._kept: Request | None = None

    def next(self) -> Request:
        if self._kept is None:
            self._kept = self.conversation.receive()
        return self._kept

    def next_or_exit(self) -> Request:
        """Ends the script at a shutdown: its loop cannot end in the middle of a generation."""
        request = self.next()
        if isinstance(request, Shutdown):
            raise SystemExit(0)
        return request

    def answer(self, result: Mapping[str, Any]) -> None:
        self.conversation.answer(result)
        self._kept = None


def tell_how_it_ended(conversation: Conversation) -> None:
    """Answers an exception in a loop's body where the script ends: no iterator sees it."""
    previous = sys.excepthook

    def fail(
        kind: type[BaseException], failure: BaseException, frames: TracebackType | None
    ) -> None:
        previous(kind, failure, frames)
        if conversation.is_asked and not isinstance(failure, KeyboardInterrupt):
            conversation.fail(failure)

    def end() -> None:
        if conversation.is_asked:
            rule = "the script ended while Clade waits for an answer"
            remedy = (
                "let the loop over clade.generations() end by itself, without break or sys.exit"
            )
            conversation.fail(TrainerError(f"{rule}; {remedy}"))

    sys.excepthook = fail
    atexit.register(end)
