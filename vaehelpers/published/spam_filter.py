"""The spam filter that notebook 01 trains, as it is in the stored notebook: for pages without it.

Its network is built in the notebook; here are its numbers. `vaehelpers run 01_transformers_theory
-p timings=record` renews them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from ..core.files import read_whole, write_whole
from ..errors import CheckpointError, one_line
from .registry import WEIGHTS

PATH = WEIGHTS / "spam-filter" / "filter.safetensors"
LONGEST = 2**22  # bytes of the file
ABOUT = "filter"  # under which key the file keeps what is not a tensor, as JSON
LENGTH = 8  # bytes at the start of a safetensors file that say how long its header is


@dataclass(frozen=True)
class About:
    """What a filter is besides its tensors; above `threshold` it calls a mail spam."""

    words: list[str]
    heads: int
    layers: int
    threshold: float


@dataclass(frozen=True)
class SpamFilter(About):
    """A trained filter: its tensors by the names that they have in notebook 01's class."""

    tensors: dict[str, Tensor]


def save_spam_filter(
    tensors: Mapping[str, Tensor], about: Mapping[str, object], path: Path = PATH
) -> None:
    """Write a trained filter's tensors, and the fields of `About`, whole or not at all."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    said = msgspec.to_builtins(msgspec.convert(about, About))
    write_whole(path, safetensors.torch.save(plain, {ABOUT: json.dumps(said)}))


def load_spam_filter(path: Path = PATH) -> SpamFilter:
    """Return what `save_spam_filter` wrote. Raises CheckpointError for a file that is not whole."""
    try:
        content = read_whole(path, LONGEST)
        tensors = safetensors.torch.load(content)
        header = json.loads(content[LENGTH : LENGTH + int.from_bytes(content[:LENGTH], "little")])
        about = msgspec.json.decode(header["__metadata__"][ABOUT], type=About)
        _check(tensors, about)
    except (OSError, ValueError, KeyError, RecursionError, SafetensorError) as error:
        raise CheckpointError(
            f"{path} does not hold a spam filter ({one_line(error, 200)}); restore it, or make it "
            "again with `vaehelpers run 01_transformers_theory -p timings=record`"
        ) from None
    return SpamFilter(**vars(about), tensors=tensors)


def _check(tensors: dict[str, Tensor], about: About) -> None:
    """Raise ValueError, which says what is wrong, unless a filter can be used."""
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{name} holds NaN or infinity")
    rows = len(tensors["embed.weight"])
    if rows != len(about.words):
        raise ValueError(f"{len(about.words):,} words and {rows:,} rows of the embedding")
    if not 0 <= about.threshold <= 1:
        raise ValueError(f"a threshold of {about.threshold} is no probability")
