"""The Python client of Clade: a class with `serve`, or a script's own loop with `generations`,
becomes a trainer.

Importing this package under Clade (which sets CLADE_PROTOCOL) moves the protocol away from
standard input and output at once, so that nothing that a script prints later can get into it.
"""

from . import channel

channel.open_when_driven()

# The channel comes first: from here on prints are harmless.
from . import pytorch, random_state  # noqa: E402
from .errors import TrainerError  # noqa: E402
from .generations import Generation, Generations, generations  # noqa: E402
from .notifications import log, log_metrics, sign_of_life  # noqa: E402
from .place import Place  # noqa: E402
from .serve import serve  # noqa: E402
from .trainer import Trainer  # noqa: E402
from .version import version as __version__  # noqa: E402

__all__ = [
    "Generation",
    "Generations",
    "Place",
    "Trainer",
    "TrainerError",
    "__version__",
    "generations",
    "log",
    "log_metrics",
    "pytorch",
    "random_state",
    "serve",
    "sign_of_life",
]
