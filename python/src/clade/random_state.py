"""Random state of Python, NumPy and PyTorch, saved and restored with the rule that Population
Based Training needs.

A member that goes on from its own checkpoint draws exactly what it would have drawn, bit for bit.
A member that has copied another draws numbers of its own: with its donor's draws it would be the
donor's double, and selection would have nothing to select.

These are the global generators. A generator object of your own (`numpy.random.default_rng`) has to
be saved by you.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import random
import sys
from pathlib import Path
from typing import Any

from .errors import TrainerError

FILE = "random-state.json"

_seed: int | None = None
# Known from Clade, or from the command line. It counts more, since a script may seed with whatever
# it likes.
_member_seed: int | None = None


def seed(seed: int) -> None:
    """Seeds Python, and NumPy and PyTorch (with its CUDA devices) where they are imported."""
    global _seed
    _seed = seed
    _seed_all(seed)


def save(directory: str | Path) -> None:
    """Writes all states into `random-state.json`, with the seed of the member that is being
    trained.

    Raises `TrainerError` when no seed is known: neither Clade nor `seed` nor `restore` has given
    one.
    """
    seed = _seed if _member_seed is None else _member_seed
    if seed is None:
        raise TrainerError(
            "the random state has no seed to be saved with; call clade.random_state.seed(seed) "
            "first"
        )
    states: dict[str, Any] = {"seed": seed, "python": random.getstate()}
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy:
        states["numpy"] = numpy.random.get_state(legacy=False)
    if torch:
        states["torch"] = _hexadecimal(torch.get_rng_state())
        # Asking for the state of unused devices would start them.
        if torch.cuda.is_initialized():
            states["cuda"] = [_hexadecimal(state) for state in torch.cuda.get_rng_state_all()]
    text = json.dumps(states, default=lambda array: array.tolist())
    Path(directory, FILE).write_text(text, encoding="utf-8")


def restore(directory: str | Path, seed: int) -> None:
    """Restores the states if they were saved for this `seed`; otherwise seeds afresh from `seed`
    and what was saved.

    The same seed and the same saved states always give the same draws. Raises `OSError` when
    nothing was saved in `directory`.
    """
    global _seed
    saved = Path(directory, FILE).read_bytes()
    states = json.loads(saved)
    _seed = seed
    own = hashlib.sha256(f"{seed} {hashlib.sha256(saved).hexdigest()}".encode())
    # In any case, for libraries of which nothing was saved.
    _seed_all(int.from_bytes(own.digest()[:4], "big") >> 1)
    if states["seed"] == seed:
        _restore_all(states)


def begin_member(seed: int) -> None:
    """Makes states the member's of this seed from now on. For `serve` and `generations`."""
    global _member_seed
    _member_seed = seed


def _seed_all(seed: int) -> None:
    random.seed(seed)
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy:
        numpy.random.seed(seed)
    if torch:
        torch.manual_seed(seed)  # CUDA devices too


def _restore_all(states: dict[str, Any]) -> None:
    version, words, gauss = states["python"]
    random.setstate((version, tuple(words), gauss))
    if "numpy" in states:
        importlib.import_module("numpy.random").set_state(states["numpy"])
    if "torch" in states:
        torch: Any = importlib.import_module("torch")
        torch.set_rng_state(_tensor(torch, states["torch"]))
        if "cuda" in states and torch.cuda.is_available():
            # A machine with fewer devices than the one that saved restores those that it has.
            for device, state in list(enumerate(states["cuda"]))[: torch.cuda.device_count()]:
                torch.cuda.set_rng_state(_tensor(torch, state), device)


def _hexadecimal(state: Any) -> str:
    return bytes(state.tolist()).hex()


def _tensor(torch: Any, hexadecimal: str) -> Any:
    return torch.tensor(list(bytes.fromhex(hexadecimal)), dtype=torch.uint8)
