"""Training without Clade: requests from the command line, metrics on standard output."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .errors import TrainerError
from .measurements import metric_of
from .place import Told
from .requests import (
    LARGEST_SEED,
    Evaluate,
    Request,
    Restore,
    Save,
    Setup,
    Shutdown,
    Train,
    nearest,
)


class AloneConversation:
    """One member, trained from beginning to end."""

    def __init__(
        self,
        hyperparameters: Mapping[str, Any],
        *,
        seed: int,
        steps: int,
        evaluate_every: int,
        save: Path | None = None,
        restore: Path | None = None,
    ) -> None:
        told = Told(steps=min(evaluate_every, steps))
        turn = (0, seed, dict(hyperparameters), dict(hyperparameters), told)
        begin = Setup(*turn) if restore is None else Restore(*turn, directory=restore.resolve())
        self._requests = self._plan(begin, steps, evaluate_every, save)
        self._request: Request | None = None
        self._steps = 0
        self._metrics: dict[str, Any] = {}

    def receive(self) -> Request:
        self._request = next(self._requests, Shutdown())
        return self._request

    def answer(self, result: Mapping[str, Any]) -> None:
        if isinstance(self._request, Train):
            self._steps += result["steps"]
        if isinstance(self._request, Evaluate):
            trained = {name: metric_of(name, value) for name, value in self._metrics.items()}
            self._metrics = {}
            shown = {"step": self._steps, **trained, **result["metrics"]}
            print(*(f"{name}={_shown(value)}" for name, value in shown.items()), flush=True)
        self._request = None

    def fail(self, failure: BaseException) -> None:
        raise failure

    @property
    def is_asked(self) -> bool:
        return False

    def progress(self, steps: int | None) -> None:
        pass

    def metrics(self, values: Mapping[str, Any]) -> None:
        self._metrics.update(values)

    def log(self, text: str) -> None:
        print(text, flush=True)

    @staticmethod
    def _plan(
        begin: Request, steps: int, evaluate_every: int, save: Path | None
    ) -> Iterator[Request]:
        yield begin
        for number, done in enumerate(range(0, steps, evaluate_every), 1):
            length = min(evaluate_every, steps - done)
            yield Train(length, None, Told(number=number, step=done, steps=length))
            yield Evaluate(final=done + evaluate_every >= steps)
        if save is not None:
            save.mkdir(parents=True, exist_ok=True)
            yield Save(save.resolve())


def alone_from_options(defaults: Mapping[str, Any], steps: int) -> AloneConversation:
    """From every argument of the command line. Ends the program for one that is not known."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, description="Trains one model alone, without Clade."
    )
    parser.add_argument(
        "--steps", type=_whole(1), default=steps, help=f"training steps (default {steps})"
    )
    parser.add_argument(
        "--evaluate-every", type=_whole(1), metavar="STEPS", help="(default a tenth of the steps)"
    )
    parser.add_argument("--seed", type=_whole(0, LARGEST_SEED), default=0, help="(default 0)")
    parser.add_argument(
        "--save", type=Path, metavar="DIR", help="save into this directory at the end"
    )
    parser.add_argument(
        "--restore", type=Path, metavar="DIR", help="go on from what was saved here"
    )
    _add_hyperparameters(parser, defaults)
    options, unknown = parser.parse_known_args()
    if unknown:
        known = [option for action in parser._actions for option in action.option_strings]
        parser.error(
            f"unknown argument {unknown[0]}.{nearest(unknown[0].split('=')[0], known)} See --help."
        )
    return AloneConversation(
        _hyperparameters(options, defaults),
        seed=options.seed,
        steps=options.steps,
        evaluate_every=options.evaluate_every or max(1, options.steps // 10),
        save=options.save,
        restore=options.restore,
    )


def alone_beside_options(
    defaults: Mapping[str, Any], steps: int, steps_per_generation: int | None
) -> AloneConversation:
    """From hyperparameters and `--seed` on the command line.

    Other arguments are the script's own, unless they look like a misspelt hyperparameter.
    """
    parser = argparse.ArgumentParser(
        allow_abbrev=False, description="Trains one model alone, without Clade."
    )
    parser.add_argument("--seed", type=_whole(0, LARGEST_SEED), default=0, help="(default 0)")
    spellings = _add_hyperparameters(parser, defaults)
    options, unknown = parser.parse_known_args()
    for name in (argument.split("=")[0] for argument in unknown if argument.startswith("--")):
        if difflib.get_close_matches(name, spellings, n=1, cutoff=0.85):
            parser.error(f"unknown argument {name}.{nearest(name, spellings)} See --help.")
    length = steps_per_generation or max(1, steps // 10)
    return AloneConversation(
        _hyperparameters(options, defaults), seed=options.seed, steps=steps, evaluate_every=length
    )


def _add_hyperparameters(
    parser: argparse.ArgumentParser, defaults: Mapping[str, Any]
) -> list[str]:
    """The options that were added."""
    added: list[str] = []
    group = parser.add_argument_group("hyperparameters")
    for name, value in defaults.items():
        spellings = sorted(
            {f"--{name}", f"--{name.replace('_', '-')}", f"--{name.replace('-', '_')}"}
        )
        added += spellings
        kind = _boolean if isinstance(value, bool) else type(value)
        shown = f"(default {_shown(value)})".replace("%", "%%")
        try:
            group.add_argument(
                *spellings,
                dest=_dest(name),
                type=kind,
                default=value,
                metavar=_kind(value),
                help=shown,
            )
        except argparse.ArgumentError:
            rule = "is also the name of an option for running alone"
            raise TrainerError(f"hyperparameter {name!r} {rule}; give it another name") from None
    return added


def _hyperparameters(options: argparse.Namespace, defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {name: getattr(options, _dest(name)) for name in defaults}


def _dest(name: str) -> str:
    return f"hyperparameter {name}"


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true|false"
    return "TEXT" if isinstance(value, str) else "NUMBER"


def _boolean(text: str) -> bool:
    values = {"true": True, "false": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"{text!r} is not true or false")
    return values[text.lower()]


def _whole(least: int, most: int = sys.maxsize) -> Any:
    def parse(text: str) -> int:
        value = int(text) if text.isdecimal() else -1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {least} to {most}"
            )
        return value

    return parse


def _shown(value: object) -> str:
    if value is None:
        return "nan"
    if isinstance(value, float):
        # A number of 32 bits has no more digits that say anything.
        return str(float(f"{value:.7g}"))
    return str(value).lower() if isinstance(value, bool) else str(value)
