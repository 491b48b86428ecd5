"""A script's own training loop as a trainer: the script asks, instead of being called.

Clade's requests come in any order that the protocol allows; the loop has one order: load, train,
report, save. Each part of the loop takes the request that belongs to it and leaves any other for a
later part, or for the next time around. A part whose request did not come does nothing: `steps()`
yields nothing, `report()` drops its numbers, `save_to` is None.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Callable

from . import channel, notifications, pytorch, random_state
from .alone import alone_beside_options
from .asking import RequestsAhead, tell_how_it_ended
from .checkpoint import HashedAside, check_saved
from .conversation import Conversation, DrivenConversation
from .errors import TrainerError
from .in_force import after_training, before_training, differing, mapping_of, read_back_of
from .measurements import evaluation_of
from .place import Place
from .requests import Evaluate, Hyperparameters, Restore, Save, Setup, Shutdown, Train
from .starting import check_defaults, check_started_as_program


def generations(
    defaults: Mapping[str, Any] | None = None,
    *,
    steps: int = 1000,
    steps_per_generation: int | None = None,
    reads_back: bool = False,
    adjusts: bool = False,
    name: str | None = None,
) -> Generations:
    """The generations that Clade asks for, to loop over until they end by themselves.

    `defaults` has every hyperparameter with the value that is used where an experiment leaves it
    out; a name that it does not have is refused. Without `defaults` any name is accepted.
    `reads_back` promises that every generation calls `in_force` or `watch`. With `adjusts` they
    may tell other values than the script was told, such as a batch size that fits: these are
    recorded as the model's, and explored from. `name` is for people;
    the script's own name if left out.

    If Clade did not start the script, there are generations of `steps_per_generation` steps (a
    tenth of `steps` if left out) until `steps` are done, with hyperparameters and `--seed` from
    the command line. Other arguments are left to the script; it should use `parse_known_args`.

    Raises `TrainerError` for wrong defaults.
    """
    check_started_as_program("clade.generations")
    known = check_defaults(defaults)
    pipes = channel.current()
    conversation: Conversation
    if pipes:
        capabilities = {
            "repeatedSetup": False,
            "seconds": True,
            "readsBack": reads_back,
            "adjusts": adjusts,
        }
        name = name or os.path.basename(sys.argv[0]) or "trainer"
        conversation = DrivenConversation(pipes, lambda: capabilities, name=name, defaults=known)
        tell_how_it_ended(conversation)
    else:
        conversation = alone_beside_options(known, steps, steps_per_generation)
    notifications.attach(conversation)
    return Generations(conversation, known, reads_back, adjusts)


class Generations:
    """An iterator of `Generation`.

    `seed` and `hyperparameters` may be read before the loop, where the model is built.
    """

    def __init__(
        self,
        conversation: Conversation,
        defaults: Mapping[str, Any],
        reads_back: bool,
        adjusts: bool,
    ) -> None:
        self._requests = RequestsAhead(conversation)
        self._defaults = defaults
        self._reads_back = reads_back
        self._adjusts = adjusts
        self._turn: Setup | None = None
        self._generation: Generation | None = None

    @property
    def seed(self) -> int:
        """The seed of the member that comes first, 0 to 2^31 - 1.

        Waits for Clade. Fresh weights should follow from it.
        """
        return self._now.seed

    @property
    def hyperparameters(self) -> Hyperparameters:
        """The hyperparameters of the first generation, or of the present one. Waits for Clade."""
        return dict(self._now.hyperparameters)

    def __iter__(self) -> Generations:
        return self

    def __next__(self) -> Generation:
        if self._generation is not None:
            self._generation._finish()
        request = self._requests.next()
        if isinstance(request, Shutdown):
            raise StopIteration
        begin = request if isinstance(request, Setup) else None
        if begin is not None:
            self._turn = begin
            random_state.begin_member(begin.seed)
        # The conversation refuses anything else before setup or restore.
        assert self._turn is not None
        self._generation = Generation(
            self._requests, self._turn, begin, self._defaults, self._reads_back, self._adjusts
        )
        return self._generation

    @property
    def _now(self) -> Setup:
        if self._turn is not None:
            return self._turn
        request = self._requests.next_or_exit()
        assert isinstance(request, Setup)
        random_state.begin_member(request.seed)
        return request


class Generation:
    """One time around the loop: load if told to, train, report, save if told to.

    `restore_from` is the directory to load from, or None. `hyperparameters` are those to train
    with, `seed` and `member` those of the member whose turn it is. `step` is how many steps the
    weights have had, across their copies: it counts on with each step, for a schedule.
    `step_count` is how many steps are coming, or None; `number` which generation of its run it is,
    from 1, and `run` the run's name. `lineage` has the members that trained the weights last:
    (3, 0) where member 0 begins with a copy of member 3, and otherwise (0,). Every method and
    property raises `TrainerError` when the loop's parts are left out or come in another order.
    """

    def __init__(
        self,
        requests: RequestsAhead,
        turn: Setup,
        begin: Setup | None,
        defaults: Mapping[str, Any],
        reads_back: bool,
        adjusts: bool,
    ) -> None:
        request = requests.next() if begin is None else begin
        told = request.told if isinstance(request, (Setup, Train)) else turn.told
        self._place: Place = told.of(turn.member)
        self.hyperparameters: Hyperparameters = dict(turn.hyperparameters)
        self.seed: int = turn.seed
        self.member: int = turn.member
        self.restore_from: Path | None = begin.directory if isinstance(begin, Restore) else None
        self._requests = requests
        self._turn = turn
        self._begin = begin
        self._defaults = defaults
        self._reads_back = reads_back
        self._adjusts = adjusts
        self._checkpoint = HashedAside(self.restore_from) if self.restore_from else None
        self._told_in_force: dict[str, Any] | None = None
        self._reads: list[Callable[[], Mapping[str, Any]]] = []
        self._stage = "begun"
        self._steps_done = 0
        self._is_reported = False
        self._save_to: Path | None = None
        self._is_save_read = False

    @property
    def run(self) -> str:
        return self._place.run

    @property
    def number(self) -> int:
        return self._place.number

    @property
    def step(self) -> int:
        return self._place.step

    @property
    def step_count(self) -> int | None:
        return self._place.step_count

    @property
    def lineage(self) -> tuple[int, ...]:
        return self._place.lineage

    def in_force(
        self,
        values: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None = None,
        /,
        **named: Any,
    ) -> None:
        """Tells the hyperparameters as read back from where the next step takes them.

        A function that returns them, called without arguments, is asked before the first step and
        again after the last. Of values that are given here those that came from
        `clade.pytorch.in_force` are read again after the last step, and the others cannot be.
        Names that are left out count as asked for. May be called several times.
        """
        self._require_begun("in_force()")
        if callable(values):
            self._reads.append(values)
            values = None
        if values is not None or named or not self._reads:
            told = {**(values or {}), **named}
            read_back_of(self._turn, told, self._defaults)
            self._told_in_force = {**(self._told_in_force or {}), **told}
            again = pytorch.reading_again(told)
            if again is not None:
                self._reads.append(again)

    def watch(
        self,
        optimizer: pytorch.Optimizer,
        *names: str,
        group: int | None = None,
        scheduler: Any = None,
        **options: str,
    ) -> None:
        """Reads options of a PyTorch optimiser back before the first step and after the last.

        The arguments are those of `clade.pytorch.in_force`: `generation.watch(optimizer,
        learning_rate="lr")`. Call it once for each optimiser, or group of parameters, that takes
        hyperparameters.
        """
        self._require_begun("watch()")
        self._reads.append(
            lambda: pytorch.in_force(
                optimizer, *names, group=group, scheduler=scheduler, **options
            )
        )

    def steps(self) -> Iterator[int]:
        """Yields 0, 1, 2 and so on, once for each training step that Clade asks for.

        There may be none. Let the loop run to its end.
        """
        if self._stage != "begun":
            raise TrainerError(
                "generation.steps() was called a second time; loop over it once in each generation"
            )
        read_back = self._read_before()
        if self._begin is not None:
            self._answer_begin(self._begin, read_back)
        elif not self._adjusts:
            self._require_in_force(read_back or {})
        self._stage = "training"
        return self._train()

    @property
    def final(self) -> bool:
        """True in the member's last evaluation, for a held-out metric. Read it after the steps."""
        self._require_trained("final")
        request = self._requests.next_or_exit()
        return isinstance(request, Evaluate) and request.final

    def report(
        self, metrics: Mapping[str, Any] | None = None, /, *, samples: Any = None, **named: Any
    ) -> None:
        """Reports numbers by metric name. `samples` are independent measurements of the objective,
        newest last.

        NaN and infinity are allowed; anything that is not a number raises `TrainerError`.
        """
        self._require_trained("report()")
        if self._is_reported:
            raise TrainerError(
                "generation.report() was called a second time; report all metrics in one call"
            )
        reported = {**(metrics or {}), **named}
        if samples is not None:
            reported["samples"] = samples
        evaluation = evaluation_of(reported)
        if isinstance(self._requests.next_or_exit(), Evaluate):
            self._requests.answer(evaluation)
        self._is_reported = True

    @property
    def save_to(self) -> Path | None:
        """The empty directory to save everything into that the next step depends on, or None.

        Readable after `report`.
        """
        if not self._is_save_read:
            self._require_reported("reading generation.save_to")
            request = self._requests.next()
            self._save_to = request.directory if isinstance(request, Save) else None
            self._is_save_read = True
        return self._save_to

    def _answer_begin(self, begin: Setup, read_back: Mapping[str, Any] | None) -> None:
        if self._reads_back and read_back is None:
            rule = (
                "reads_back=True promises generation.in_force(), which was not called before "
                "generation.steps()"
            )
            raise TrainerError(f"{rule}; call it, or leave reads_back out")
        answer = before_training(begin, read_back, self._defaults)
        if self._checkpoint is not None:
            answer["checkpoint"] = self._checkpoint.result()
        self._requests.answer(answer)

    def _require_in_force(self, read_back: Mapping[str, Any]) -> None:
        """Without a restore Clade has no answer to compare, so it is compared here."""
        found = read_back_of(self._turn, read_back, self._defaults)
        for name in differing(self._turn, found):
            told = self._turn.requested[name]
            rule = f"told {name} = {told!r}; in force {found[name]!r} before the first step"
            raise TrainerError(f"{rule}; apply generation.hyperparameters in every generation")

    def _read_before(self) -> dict[str, Any] | None:
        """None where nothing is read back."""
        after = self._read()
        return after if self._told_in_force is None else {**self._told_in_force, **(after or {})}

    def _read(self) -> dict[str, Any] | None:
        """What can be read at any time. None where nothing can."""
        if not self._reads:
            return None
        return {name: value for read in self._reads for name, value in mapping_of(read()).items()}

    def _train(self) -> Iterator[int]:
        conversation = self._requests.conversation
        # Clade asks for one step at a time where it cannot know how many there will be: all in one
        # loop.
        while isinstance(request := self._requests.next_or_exit(), Train):
            most = float("inf") if request.steps is None else request.steps
            until = None if request.seconds is None else time.monotonic() + request.seconds
            done = 0
            while True:
                yield self._steps_done
                done += 1
                self._steps_done += 1
                self._place.step += 1
                conversation.progress(done)
                if done >= most or (until is not None and time.monotonic() >= until):
                    break
            in_force = after_training(self._turn, self._read(), self._defaults)
            self._requests.answer({"steps": done, **in_force})
        self._stage = "trained"

    def _require_begun(self, what: str) -> None:
        if self._stage != "begun":
            raise TrainerError(f"generation.{what} came after generation.steps(); call it before")

    def _require_trained(self, what: str) -> None:
        if self._stage == "begun":
            raise TrainerError(
                f"generation.steps() was not called before {what}; loop over it in each generation"
            )
        if self._stage == "training":
            asked = "" if self.step_count is None else f" of {self.step_count}"
            rule = (
                f"generation.steps() was left after {self._steps_done}{asked} finished steps, "
                f"with the weights at step {self.step}, before it ended"
            )
            remedy = (
                "let its loop run to the end, without break; if what trains has an end of its "
                "own, name it as budget.stepsPerModel"
            )
            raise TrainerError(f"{rule}; {remedy}")

    def _require_reported(self, what: str) -> None:
        self._require_trained(what)
        if not self._is_reported and isinstance(self._requests.next(), Evaluate):
            raise TrainerError(
                f"generation.report() was not called before {what}; report a number"
            )

    def _finish(self) -> None:
        self._require_reported("the next generation")
        if self._save_to is not None:
            check_saved(self._save_to, "the script")
            self._requests.answer({})
        elif not self._is_save_read and isinstance(self._requests.next(), Save):
            rule = "generation.save_to was not read, but Clade asks to save"
            raise TrainerError(
                f"{rule}; read it after generation.report(), and save there unless it is None"
            )
