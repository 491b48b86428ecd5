"""Clade's side of the protocol for tests: starts a real trainer process and asks it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

# A run of the tests leaves them out, unless it is a long one.
long_only = unittest.skipUnless(os.environ.get("CLADE_LONG") == "1", "npm run test:long")

SOURCE = Path(__file__).resolve().parent.parent / "src"
INITIALIZE = {"protocol": 1, "clade": "0.1.0"}


class DrivenTrainer:
    """A script under Clade. Use with `with`, which ends it."""

    def __init__(self, script: str | Path) -> None:
        command = ["-c", textwrap.dedent(script)] if isinstance(script, str) else [str(script)]
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            env={
                **os.environ,
                "CLADE_PROTOCOL": "1",
                "PYTHONPATH": str(SOURCE),
                "PYTHONUNBUFFERED": "",
            },
        )
        self.notifications: list[dict] = []
        self._id = 0

    def __enter__(self) -> DrivenTrainer:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def begin(self, **hyperparameters: object) -> None:
        self.result("initialize", **INITIALIZE)
        self.result("setup", member=0, seed=1, hyperparameters=hyperparameters)

    def send(self, line: str) -> None:
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def request(self, method: str, **params: object) -> None:
        self._id += 1
        self.send(
            json.dumps({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params})
        )

    def message(self) -> dict:
        """The next message. Any line that is no message fails the test here."""
        line = self.process.stdout.readline()
        if not line:
            raise EOFError(f"the trainer said no more; its log:\n{self.logged()}")
        message = json.loads(line)
        assert message["jsonrpc"] == "2.0"
        return message

    def answer(self) -> dict:
        self.notifications = []
        while "method" in (message := self.message()):
            self.notifications.append(message)
        return message

    def ask(self, method: str, **params: object) -> dict:
        self.request(method, **params)
        answer = self.answer()
        assert answer["id"] == self._id, answer
        return answer

    def result(self, method: str, **params: object) -> dict:
        answer = self.ask(method, **params)
        assert "result" in answer, answer
        return answer["result"]

    def error(self, method: str, **params: object) -> dict:
        answer = self.ask(method, **params)
        assert "error" in answer, answer
        return answer["error"]

    def exit_code(self) -> int:
        code = self.process.wait(timeout=60)
        rest = self.process.stdout.read()
        assert rest == b"", rest
        return code

    def logged(self) -> str:
        self.log.seek(0)
        return self.log.read()


def run_alone(script: str | Path, *arguments: str) -> subprocess.CompletedProcess:
    command = ["-c", textwrap.dedent(script)] if isinstance(script, str) else [str(script)]
    environment = {name: value for name, value in os.environ.items() if name != "CLADE_PROTOCOL"}
    return subprocess.run(
        [sys.executable, *command, *arguments],
        capture_output=True,
        text=True,
        env={**environment, "PYTHONPATH": str(SOURCE)},
        timeout=120,
    )


MINIMAL = """
import clade, os, sys, subprocess
class T(clade.Trainer):
    def setup(self, h, seed): self.h = h
    def step(self, h): pass
    def evaluate(self, final): return {"score": 1}
    def save(self, directory): (directory / "a").write_text("a")
    def restore(self, directory, h, seed): self.h = h
"""
SERVE = "\nclade.serve(T)\n"


def trainer_with(body, serve=SERVE):
    """The minimal trainer with methods replaced."""
    lines = body.strip("\n").split("\n")
    return DrivenTrainer(
        MINIMAL + "class T(T):\n" + "\n".join(f"    {line}" for line in lines) + serve
    )
