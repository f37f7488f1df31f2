"""Paths as a person writes them. Nothing here imports torch: the command line needs it at once."""

import os
from pathlib import Path


def expanded(path: str | os.PathLike[str]) -> Path:
    """Return a path in which a leading `~` is the user's own folder, as in a shell."""
    return Path(os.path.expanduser(path))
