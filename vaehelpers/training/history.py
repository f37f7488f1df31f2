"""What stands in a checkpoint's JSON: types, ranges, and what has to fit together.

Nothing here imports torch.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from ..core.settings import check_typed
from .config import TrainConfig

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Epoch = Annotated[int, msgspec.Meta(ge=0)]
# Settings that runs of older versions did not write down.
DEFAULTS_OF_OLD_RUNS = {
    "beta": 1.0,
    "noise": True,
    "recipe": "practical",
    "precision": "float32",
}
# What `VAE` is built from, and so what no checkpoint can lack.
OF_THE_MODEL = ("num_filters", "z_dim", "lr")


@dataclass(frozen=True)
class EpochRecord:
    """Scores after one epoch: bpd in bits per dimension, recon and kl in nats per image.

    Training values are averages over the epoch's batches, while the weights moved, as the
    practical's template logs them; validation values are one-sample ELBOs at the end of the epoch.
    Epoch 0 is the untrained network, its training values measured on as many images as validation
    has.
    """

    epoch: Epoch
    train_bpd: float
    val_bpd: float
    train_recon: float
    train_kl: float
    val_recon: float
    val_kl: float
    seconds: float  # training and validation together


@dataclass(frozen=True)
class TestScore:
    """What `vaehelpers evaluate --save` records."""

    bpd: float
    recon: float
    kl: float
    bpd_se: float
    data: str
    images: int
    seed: int


@dataclass(frozen=True)
class Meta:
    """A checkpoint's JSON. That numbers are finite is given: JSON has no others."""

    epoch: Epoch
    sha256: Sha256  # of the weights
    config: dict[str, bool | int | float | str]  # TrainConfig.remembered() and the data's name
    history: list[EpochRecord]
    optimizer_sha256: Sha256 | None = None
    versions: dict[str, str] | None = None
    hardware: dict[str, int | str] | None = None
    test: TestScore | None = None


def parse_meta(content: bytes) -> dict[str, Any]:
    """Return a checkpoint's JSON, checked.

    Raises ValueError, which says what is wrong, unless it has the types of `Meta`, settings that
    are allowed, and one row of history for every epoch from 0 on.
    """
    try:
        meta = msgspec.json.decode(content)
        typed = msgspec.convert(meta, Meta)
    except RecursionError:
        raise ValueError("JSON is nested too deep") from None
    epochs = [row.epoch for row in typed.history]
    if epochs != list(range(typed.epoch + 1)):
        raise ValueError(f"its history does not have one row for each epoch 0..{typed.epoch}")
    settings = TrainConfig.settings()
    for name in OF_THE_MODEL:
        if name not in typed.config:
            raise ValueError(f"its config lacks {name}")
    for name, value in typed.config.items():
        # A recipe may be somebody's own: see `benchmarks/quality.py`.
        if name in settings and name != "recipe":
            check_typed(name, value, settings)
    return meta
