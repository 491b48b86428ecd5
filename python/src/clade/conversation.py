"""Where requests come from and answers go to.

That is Clade (`DrivenConversation`), or the command line (`AloneConversation` in alone.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, Callable, Protocol

from .channel import Channel
from .errors import UNREADABLE, UNUSABLE_PARAMS, RefusedRequest, error_of
from .measurements import metric_of
from .requests import Initialize, Request, Restore, Setup, Shutdown, request_of
from .version import version

PROTOCOL = 1
_LONGEST_LINE_BYTES = 16 * 1024 * 1024
_LONGEST_LOG_CHARACTERS = 10_000
_NOTIFY_SECONDS = 1.0


class Conversation(Protocol):
    def receive(self) -> Request:
        """Waits for the next request, which has to be answered or failed.

        `Shutdown` is the last, and needs no answer.
        """

    def answer(self, result: Mapping[str, Any]) -> None: ...

    def fail(self, failure: BaseException) -> None: ...

    @property
    def is_asked(self) -> bool:
        """True while a request waits for its answer."""

    def progress(self, steps: int | None) -> None:
        """Cheap enough to be called after every step."""

    def metrics(self, values: Mapping[str, Any]) -> None: ...

    def log(self, text: str) -> None: ...


class DrivenConversation:
    """With Clade over a channel.

    Refuses what breaks the protocol by itself, so its users see only what they can follow.
    """

    def __init__(
        self,
        channel: Channel,
        introduce: Callable[[], Mapping[str, bool]],
        *,
        name: str,
        defaults: Mapping[str, Any],
    ) -> None:
        """`introduce` gives the capabilities on request; what it raises becomes the answer."""
        self._channel = channel
        self._introduce = introduce
        self._name = name
        self._defaults = defaults
        self._capabilities: Mapping[str, bool] = {}
        self._id: object = None
        self._request: Request | None = None
        self._is_set_up = False
        self._ended = False
        self._metrics: dict[str, Any] = {}
        self._progress_at = self._metrics_at = float("-inf")

    def receive(self) -> Request:
        while not self._ended:
            line = self._channel.receive()
            if line is None:
                break
            try:
                self._id = None
                request = self._parse(line)
                if isinstance(request, Initialize):
                    self._request = request
                    self._capabilities = self._introduce()
                    self.answer(
                        {
                            "protocol": PROTOCOL,
                            "trainer": f"{self._name} (clade for Python {version})",
                            "capabilities": self._capabilities,
                        }
                    )
                    continue
            except KeyboardInterrupt:
                raise
            except BaseException as failure:
                self.fail(failure)
                continue
            self._request = request
            if isinstance(request, Shutdown):
                self.answer({})
                break
            return request
        self._ended = True
        return Shutdown()

    def answer(self, result: Mapping[str, Any]) -> None:
        self._send_metrics()
        self._send({"id": self._id, "result": result})
        if isinstance(self._request, Setup):
            self._is_set_up = True
        self._request = None

    def fail(self, failure: BaseException) -> None:
        self._metrics = {}
        self._send({"id": self._id, "error": error_of(failure)})
        if isinstance(self._request, Setup):
            self._is_set_up = False  # whatever was there may be half replaced
        self._request = None

    @property
    def is_asked(self) -> bool:
        return self._request is not None and self._channel.is_open

    def progress(self, steps: int | None) -> None:
        now = time.monotonic()
        if now - self._progress_at < _NOTIFY_SECONDS or not self.is_asked:
            return
        self._progress_at = now
        self._notify("progress", {} if steps is None else {"steps": steps})

    def metrics(self, values: Mapping[str, Any]) -> None:
        self._metrics = {**self._metrics, **values}
        now = time.monotonic()
        if now - self._metrics_at >= _NOTIFY_SECONDS and self.is_asked:
            self._metrics_at = now
            self._send_metrics()

    def log(self, text: str) -> None:
        if not self.is_asked:
            print(text, flush=True)  # standard error by now, and so the same log
            return
        for line in text.splitlines() or [""]:
            self._notify("log", {"text": line[:_LONGEST_LOG_CHARACTERS]})

    def _parse(self, line: bytes) -> Request:
        try:
            message = json.loads(line)
        except ValueError:
            raise RefusedRequest(
                UNREADABLE, "the request is not JSON; send one JSON-RPC 2.0 object a line"
            ) from None
        if not isinstance(message, dict):
            raise RefusedRequest(
                UNREADABLE, "the request is not an object; send one JSON-RPC 2.0 object a line"
            )
        self._id = message.get("id")
        request = request_of(message.get("method"), message.get("params"), self._defaults)
        if isinstance(request, (Initialize, Shutdown)):
            return request
        if not self._is_set_up and not isinstance(request, Setup):
            rule = f"{message['method']} came before any setup or restore; send one of them first"
            raise RefusedRequest(UNUSABLE_PARAMS, rule)
        is_fresh = isinstance(request, Setup) and not isinstance(request, Restore)
        if is_fresh and self._is_set_up and not self._capabilities.get("repeatedSetup"):
            rule = (
                "setup came a second time, but this trainer makes fresh weights once; start "
                "another process"
            )
            raise RefusedRequest(UNUSABLE_PARAMS, rule)
        return request

    def _send_metrics(self) -> None:
        values, self._metrics = self._metrics, {}
        if values:
            self._notify(
                "metrics", {name: metric_of(name, value) for name, value in values.items()}
            )

    def _notify(self, method: str, params: Mapping[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: Mapping[str, Any]) -> None:
        # ASCII, so that no lone surrogate of a file name can make the line invalid UTF-8.
        text = json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":"), allow_nan=False)
        line = text.encode("ascii") + b"\n"
        if len(line) > _LONGEST_LINE_BYTES:
            raise ValueError(
                f"a message of {len(line)} bytes - must be at most 16 MiB; report fewer samples"
            )
        self._channel.send(line)
