"""What a run of all notebooks is given unless told otherwise: sets of parameters, a time limit."""

from typing import Any

from ..core.settings import did_you_mean
from ..errors import SettingError

TIMEOUT = 10_800  # seconds for a cell: training as long as the practical asks for fits in
# `full` leaves the notebooks' own defaults, which nbval uses too; a preset names only changes.
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {"train_images": 10_000},
    "full": {},
    "drawn": {"data": "drawn"},
}


def check_preset(name: str) -> None:
    """Raise SettingError for a name that is not among `PRESETS`."""
    if name not in PRESETS:
        hint = did_you_mean(name, PRESETS)
        raise SettingError(f"unknown preset {name}; {hint}allowed: {', '.join(PRESETS)}")
