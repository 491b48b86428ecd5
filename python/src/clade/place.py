"""Where a generation is in its run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass
class Place:
    """What Clade tells of the generation that begins, for schedules, logs and trackers."""

    run: str
    """The run's name; empty without Clade, and where it only tries the trainer."""
    member: int
    number: int
    """Which generation of its run it is, from 1."""
    step: int
    """How many steps the weights have had, across their copies. It counts on with each step."""
    step_count: Optional[int]
    """How many steps the generation has; None where that is not known before it ends."""
    lineage: tuple[int, ...]
    """The members that trained the weights last, oldest first: the donor and the member where the
    generation began with a copy, and otherwise the member alone."""


@dataclass(frozen=True)
class Told:
    """A place as a request has it."""

    run: str = ""
    number: int = 1
    step: int = 0
    steps: Optional[int] = None
    copied: Optional[int] = None

    def of(self, member: int) -> Place:
        lineage = (member,) if self.copied is None else (self.copied, member)
        return Place(self.run, member, self.number, self.step, self.steps, lineage)
