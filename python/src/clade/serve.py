"""A class as a trainer: Clade calls its methods. Without Clade, the command line does."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Mapping
from typing import Any, Callable

from . import channel, notifications, random_state
from .alone import alone_from_options
from .checkpoint import HashedAside, check_saved
from .conversation import Conversation, DrivenConversation
from .in_force import after_training, before_training
from .measurements import evaluation_of
from .place import Place, Told
from .requests import Evaluate, Hyperparameters, Request, Restore, Save, Setup, Shutdown, Train
from .starting import check_defaults, check_started_as_program
from .trainer import Trainer, TrainerLike, check_complete


def serve(
    trainer: Callable[[], TrainerLike],
    defaults: Mapping[str, Any] | None = None,
    *,
    steps: int = 1000,
    name: str | None = None,
) -> None:
    """Serves a trainer class (or a function that makes one) until Clade is done, then returns.

    Belongs at the end of a script. `defaults` has every hyperparameter with the value that is used
    where an experiment leaves it out; a name that it does not have is refused. Without `defaults`
    any name is accepted. `name` is for people, the class's own when left out.

    If Clade did not start it, it trains alone for `steps` steps, or as the options say: see
    `--help`.

    Raises `TrainerError` for wrong defaults, and, alone, whatever the trainer raises. Under Clade
    that is an answer.
    """
    check_started_as_program("clade.serve")
    known = check_defaults(defaults)
    served = _Served(trainer, known)
    name = name or str(getattr(trainer, "__name__", "trainer"))
    pipes = channel.current()
    conversation: Conversation
    if pipes:
        conversation = DrivenConversation(pipes, served.introduce, name=name, defaults=known)
    else:
        conversation = alone_from_options(known, steps)
    notifications.attach(conversation)
    while not isinstance(request := conversation.receive(), Shutdown):
        try:
            conversation.answer(served.follow(request, conversation))
        except KeyboardInterrupt:
            raise
        except BaseException as failure:
            # SystemExit too: a trainer that quits without a word could not be told from one that
            # was killed.
            if pipes:
                traceback.print_exc(file=sys.stderr)
            conversation.fail(failure)


class _Served:
    """The one instance of the user's class, and what it was told last."""

    def __init__(self, make: Callable[[], TrainerLike], defaults: Mapping[str, Any]) -> None:
        self._make = make
        self._defaults = defaults
        self._made: TrainerLike | None = None
        self._is_set_up = False
        self._turn: Setup | None = None

    def introduce(self) -> Mapping[str, bool]:
        return {
            "repeatedSetup": True,
            "seconds": True,
            "readsBack": hasattr(self._trainer, "hyperparameters_in_force"),
            "adjusts": bool(getattr(self._trainer, "adjusts", False)),
        }

    def follow(self, request: Request, conversation: Conversation) -> Mapping[str, Any]:
        if isinstance(request, Restore):
            return self._restore(request)
        if isinstance(request, Setup):
            self._place(request, request.told)
            self._setup(request)
            return before_training(request, self._read_back(), self._defaults)
        if isinstance(request, Train):
            assert self._turn is not None  # the conversation refuses train before setup or restore
            place = self._place(self._turn, request.told)
            done = self._train(request, self._turn.hyperparameters, place, conversation)
            return {"steps": done, **after_training(self._turn, self._read_back(), self._defaults)}
        if isinstance(request, Evaluate):
            return evaluation_of(self._trainer.evaluate(request.final))
        assert isinstance(request, Save)
        self._trainer.save(request.directory)
        check_saved(request.directory, "save()")
        return {}

    @property
    def _trainer(self) -> TrainerLike:
        if self._made is None:
            made = self._make()
            check_complete(made)
            self._made = made
        return self._made

    def _place(self, turn: Setup, told: Told) -> Place:
        """Where the generation is, as `generation` of the trainer."""
        place = told.of(turn.member)
        if isinstance(self._trainer, Trainer):
            self._trainer.generation = place
        return place

    def _setup(self, request: Setup) -> None:
        self._is_set_up = False
        random_state.begin_member(request.seed)
        self._turn = request
        self._trainer.setup(dict(request.hyperparameters), request.seed)
        self._is_set_up = True

    def _restore(self, request: Restore) -> Mapping[str, Any]:
        checkpoint = HashedAside(request.directory)
        self._place(request, request.told)
        if not self._is_set_up:
            self._setup(request)
        random_state.begin_member(request.seed)
        self._turn = request
        self._trainer.restore(request.directory, dict(request.hyperparameters), request.seed)
        in_force = before_training(request, self._read_back(), self._defaults)
        return {**in_force, "checkpoint": checkpoint.result()}

    def _train(
        self,
        request: Train,
        hyperparameters: Hyperparameters,
        place: Place,
        conversation: Conversation,
    ) -> int:
        step = self._trainer.step
        most = float("inf") if request.steps is None else request.steps
        until = None if request.seconds is None else time.monotonic() + request.seconds
        done = 0
        while True:
            step(dict(hyperparameters))  # a copy: what one step does to it, the next must not see
            done += 1
            place.step += 1
            conversation.progress(done)
            if done >= most or (until is not None and time.monotonic() >= until):
                return done

    def _read_back(self) -> object | None:
        read = getattr(self._trainer, "hyperparameters_in_force", None)
        return None if read is None else read()
