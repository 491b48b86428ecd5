"""The files of a checkpoint: the protocol's hash of them, and the rules for `save`."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from pathlib import Path

from .errors import TrainerError

_BLOCK_BYTES = 1 << 20
_NAME = re.compile(r"(?!\.)[A-Za-z0-9._-]+")


def checkpoint_hash(directory: Path) -> str:
    """SHA-256 in lower-case hexadecimal over names, sizes and contents.

    Raises `OSError` for files that cannot be read.
    """
    lines = hashlib.sha256()
    for name in sorted(_names(directory)):
        digest, size_bytes = _file_hash(directory / name)
        lines.update(f"{digest} {size_bytes} {name}\n".encode())
    return lines.hexdigest()


class HashedAside:
    """The hash of a directory, computed by another thread while its files are being loaded.

    They are read-only, so what is hashed is what is loaded, and a large model is loaded without
    waiting for its hash.
    """

    def __init__(self, directory: Path) -> None:
        self._hash: str | None = None
        self._failure: OSError | None = None
        self._thread = threading.Thread(
            target=self._compute, args=[directory], name="clade-hash", daemon=True
        )
        self._thread.start()

    def result(self) -> str:
        """Waits for it. Raises `OSError` for files that cannot be read."""
        self._thread.join()
        if self._hash is None:
            raise self._failure or AssertionError("the hash was not computed")
        return self._hash

    def _compute(self, directory: Path) -> None:
        try:
            self._hash = checkpoint_hash(directory)
        except OSError as failure:
            self._failure = failure


def check_saved(directory: Path, saver: str) -> None:
    """Raises `TrainerError` unless there is at least one file and every name is allowed.

    `saver` begins the message.
    """
    names = _names(directory)
    if not names:
        raise TrainerError(f"{saver} wrote no file into {directory}; write at least one")
    for name in names:
        if not all(_NAME.fullmatch(part) for part in name.split("/")):
            rule = (
                "names must have only letters, digits, dots, dashes and underscores and not begin "
                "with a dot"
            )
            raise TrainerError(f"{saver} wrote {name!r} - {rule}; rename it")


def _names(directory: Path) -> list[str]:
    """Every file, with / between directories."""

    def refuse(error: OSError) -> None:
        raise error

    return [
        Path(parent, file).relative_to(directory).as_posix()
        for parent, _, files in os.walk(directory, onerror=refuse)
        for file in files
    ]


def _file_hash(path: Path) -> tuple[str, int]:
    # As hashlib.file_digest of Python 3.11 does it, with a larger block, and the size from the
    # same read.
    digest, size_bytes = hashlib.sha256(), 0
    block = memoryview(bytearray(_BLOCK_BYTES))
    with open(path, "rb", buffering=0) as file:
        while count := file.readinto(block):
            digest.update(block[:count])
            size_bytes += count
    return digest.hexdigest(), size_bytes
