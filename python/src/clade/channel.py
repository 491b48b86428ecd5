"""The protocol's two pipes, kept for the protocol alone.

Standard output and input are moved to descriptors of our own, which children do not inherit. In
their old places are standard error, for the prints of the process and its children, and an empty
input, so that no child eats a request.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time

GRACE_SECONDS = 5.0
"""How long a process goes on after its input has ended, as when a connection of ssh is lost."""

_READ_BYTES = 1 << 16


class Channel:
    """Lines in and lines out. Writing is safe from any thread; reading is for one."""

    def __init__(self) -> None:
        self._input = os.dup(0)  # os.dup closes on exec
        self._output = os.dup(1)
        empty = os.open(os.devnull, os.O_RDONLY)
        os.dup2(empty, 0)
        os.close(empty)
        # Not flushed before: what was printed until now goes to standard error too, with the rest.
        os.dup2(2, 1)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(line_buffering=True)  # so that both come in order in the log
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._writing = threading.Lock()
        self._reader: threading.Thread | None = None
        self.is_open = True
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._leave_to_parent)

    def receive(self) -> bytes | None:
        """Waits for the next line, without its newline; None once the input has ended."""
        if not self.is_open:
            return None
        if self._reader is None:
            self._reader = threading.Thread(target=self._read, name="clade-requests", daemon=True)
            self._reader.start()
        line = self._lines.get()
        if line is None:
            self._lines.put(None)
        return line

    def send(self, line: bytes) -> None:
        """Writes a line with its newline; does nothing without a reader or in a forked child."""
        if not self.is_open:
            return
        rest = memoryview(line)
        with self._writing:
            try:
                while rest:
                    rest = rest[os.write(self._output, rest) :]
            except BrokenPipeError:
                self.is_open = False

    def _read(self) -> None:
        unfinished: list[bytes] = []
        while True:
            try:
                chunk = os.read(self._input, _READ_BYTES)
            except OSError:
                chunk = b""
            if not chunk:
                break
            first, *more = chunk.split(b"\n")
            unfinished.append(first)
            for piece in more:
                self._lines.put(b"".join(unfinished))
                unfinished = [piece]
        self._lines.put(None)
        # An idle process has ended long before this. A busy one cannot be asked to, from a thread.
        time.sleep(GRACE_SECONDS)
        os.write(2, b"clade: standard input has ended, so this process is unused and ends now\n")
        os._exit(0)

    def _leave_to_parent(self) -> None:
        """A forked child holds copies of the pipes: it must not answer, nor keep them open."""
        if self._output >= 0:
            os.close(self._input)
            os.close(self._output)
        self._input = self._output = -1
        self.is_open = False


_channel: Channel | None = None


def open_when_driven() -> None:
    """Opens the channel if Clade started this process.

    Programs that it starts in turn run on their own, so they are not told.
    """
    global _channel
    if os.environ.pop("CLADE_PROTOCOL", ""):
        _channel = Channel()


def current() -> Channel | None:
    """The channel to Clade, or None when the program runs alone."""
    return _channel
