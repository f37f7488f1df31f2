"""Files that are whole or not there at all. Nothing here imports torch: `lab` copies notebooks."""

import errno
import hashlib
import json
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from ..errors import OutputError


def read_whole(path: Path, limit: int) -> bytes:
    """Return the bytes of a regular file of at most `limit` bytes.

    Raises OSError for a larger one, and for what is no file, such as a device that never ends.
    """
    with open(path, "rb", opener=_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file", str(path))
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"More than the {limit:,} bytes expected", str(path))
    return content


def _without_waiting(path: str, flags: int) -> int:
    """Open a path as `open` does, but do not wait for somebody to write into a named pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def try_folder(folder: Path) -> None:
    """Try whether files can be written into `folder`, before the work whose results it is for.

    It need not exist yet; nothing is left behind. Raises OutputError.
    """
    nearest = folder.absolute()
    while not os.path.lexists(nearest):
        nearest = nearest.parent
    try:
        tempfile.TemporaryFile(dir=nearest).close()
    except OSError as error:
        raise OutputError(error.errno, error.strerror, str(folder)) from None


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: a temporary file beside it, flushed, then renamed.

    Its folder is made if need be. Raises OutputError, which is an OSError, where the file cannot
    be written.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        raise OutputError(error.errno, error.strerror, str(path)) from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def write_json(path: Path, content: object) -> None:
    """Write what JSON can hold, indented, whole or not at all.

    Raises ValueError for a number that is not finite, for which JSON has no word.
    """
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    write_whole(path, text.encode())


def sha256(content: bytes) -> str:
    """Return the SHA-256 of `content` as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
