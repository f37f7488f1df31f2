"""Files that are whole or not there at all: bytes, JSON, and the weights of a network."""

import errno
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from ..errors import CheckpointError, OutputError, one_line

Module = TypeVar("Module", bound=nn.Module)
HEADER = 2**20  # bytes that a safetensors file may have besides its numbers


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


def tensors_to_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    """Return named tensors, wherever they are, as the bytes of a safetensors file."""
    on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return safetensors.torch.save(on_cpu)


def read_tensors(
    path: Path, wanted: Mapping[str, Tensor], expected: str | None = None
) -> dict[str, Tensor]:
    """Read a safetensors file with the hash `expected`, where one is known.

    Raises OSError where it cannot be read, and ValueError, which says what is wrong, unless it
    holds finite tensors of the names, shapes and types of `wanted`.
    """
    numbers = sum(tensor.nbytes for tensor in wanted.values())
    content = read_whole(path, HEADER + numbers)
    if expected and sha256(content) != expected:
        raise ValueError("its sha256 is not the one in its JSON")
    try:
        tensors = safetensors.torch.load(content)
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    if tensors.keys() != wanted.keys():
        other = min(tensors.keys() ^ wanted.keys())
        raise ValueError(f"{other} is {'not expected' if other in tensors else 'missing'}")
    for name, tensor in sorted(tensors.items()):
        found, needed = _kind(tensor), _kind(wanted[name])
        if found != needed:
            raise ValueError(f"{name} is {found} where the model's settings need {needed}")
        if not tensor.isfinite().all():
            raise ValueError(f"{name} holds NaN or infinity")
    return tensors


def _kind(tensor: Tensor) -> str:
    """Return a tensor's type and shape, such as float32[64,32,3,3]."""
    sizes = ",".join(map(str, tensor.shape))
    return f"{tensor.dtype}[{sizes}]".removeprefix("torch.")


def save_weights(model: nn.Module, path: Path) -> Path:
    """Write a network's weights alone, whole or not at all, and return the path."""
    write_whole(path, tensors_to_bytes(model.state_dict()))
    return path


def load_weights(model: Module, path: Path, what: str, command: str) -> Module:
    """Return `model` with the weights at `path`, in evaluation mode.

    Raises CheckpointError where the file does not hold the weights of `what`; its message names
    the `command` of vaehelpers that trains them anew.
    """
    try:
        weights = read_tensors(path, model.state_dict())
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} does not hold the weights of {what} ({one_line(error, 200)}); restore it, "
            f"or train again with `python -m vaehelpers {command}`"
        ) from None
    model.load_state_dict(weights)
    return model.eval()
