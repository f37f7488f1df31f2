"""Results that a notebook does not compute each time, kept with what they ran on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch

from ..core import provenance
from ..core.files import read_whole, write_json
from ..errors import DataError, SettingError, one_line
from . import evidence, films

RECORDED = Path(__file__).parent / "recorded"
LONGEST = 2**24  # bytes of a record; the evidence takes a hundredth of it
# How each record that comes with the package is made anew.
MAKERS = {
    "attention": "run notebook 01 with timings=record",
    "filters": "run notebook 01 with timings=record",
    evidence.NAME: "run `python -m vaehelpers evidence`",
    films.NAME: "run `python -m vaehelpers films`",
}


@dataclass(frozen=True)
class Record:
    """What a record's file holds. That numbers are finite is given: JSON has no others."""

    results: dict[str, Any]
    hardware: dict[str, int | str]
    versions: dict[str, str]


def save_record(name: str, results: dict, folder: Path = RECORDED) -> None:
    """Record results under `name`, whole or not at all, with hardware and versions."""
    content = {
        "results": results,
        "hardware": provenance.hardware(torch.device("cpu")),
        "versions": provenance.versions(),
    }
    write_json(folder / f"{name}.json", content)


def load_record(name: str, folder: Path = RECORDED) -> dict[str, Any]:
    """Return what `save_record` wrote: `results`, `hardware` and `versions`.

    Raises DataError, which says how the record is made anew, where the file does not hold that.
    """
    path = folder / f"{name}.json"
    try:
        record = msgspec.json.decode(read_whole(path, LONGEST))
        msgspec.convert(record, Record)
        _check_results(name, record["results"])
    except (OSError, ValueError, RecursionError) as error:
        maker = MAKERS.get(name, "record it again")
        raise DataError(
            f"{path} is not a whole record ({one_line(error, 200)}); restore it, or delete it and "
            f"{maker}"
        ) from None
    return record


def _check_results(name: str, results: dict) -> None:
    """Raise ValueError unless the results of a record that comes with the package are typed."""
    if name == evidence.NAME:
        evidence.check_parts(results)
    if name == films.NAME:
        films.check_parts(results)
    if name == "attention":
        msgspec.convert(results, dict[str, list[float]])
    if name == "filters":
        msgspec.convert(results, dict[str, list[dict[str, float | list[float]]]])


def load_film(z_dim: int, folder: Path = RECORDED) -> films.Film:
    """Return the training film of the practical's network with `z_dim` latents, 20 or 2.

    For example `load_film(2).frames[0]` is the manifold of the untrained network. Raises
    SettingError for other latents, and DataError, which says how the films are recorded anew, where
    they are not whole.
    """
    if z_dim not in films.HEIGHTS:
        have = ", ".join(map(str, films.HEIGHTS))
        raise SettingError(f"there is no film of z_dim={z_dim}; there are films of: {have}")
    results = load_record(films.NAME, folder)["results"]
    try:
        return films.read_film(z_dim, results[films.part_name(z_dim)], folder)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"the film of z_dim={z_dim} in {folder} is not whole ({one_line(error, 200)}); restore "
            f"it, or {MAKERS[films.NAME]}"
        ) from None
