"""Files that are whole or not there at all: bytes, JSON, and the weights of a network."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from ..errors import CheckpointError, OutputError

Module = TypeVar("Module", bound=nn.Module)


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
    """Write what JSON can hold, indented, whole or not at all."""
    text = json.dumps(content, indent=1) + "\n"
    write_whole(path, text.encode())


def sha256(content: bytes) -> str:
    """Return the SHA-256 of `content` as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def tensors_to_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    """Return named tensors, wherever they are, as the bytes of a safetensors file."""
    on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return safetensors.torch.save(on_cpu)


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
        weights = safetensors.torch.load(path.read_bytes())
        model.load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} does not hold the weights of {what} ({type(error).__name__}); restore it, "
            f"or train again with `python -m vaehelpers {command}`"
        ) from None
    return model.eval()
