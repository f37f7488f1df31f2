"""Epoch records for programs that watch a training run from outside."""

from collections.abc import Callable
from pathlib import Path

from .errors import SettingError
from .training import EpochRecord


def tensorboard(folder: Path | None) -> Callable[[EpochRecord], None]:
    """Return a function that writes an epoch record to a TensorBoard log in `folder`, or one that does nothing."""
    if folder is None:
        return lambda record: None
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise SettingError(
            f"--tensorboard {folder} needs the package tensorboard; "
            "install vaehelpers[tensorboard] or leave the option out"
        ) from None
    writer = SummaryWriter(folder)

    def log(record: EpochRecord) -> None:
        for name, value in vars(record).items():
            if name != "epoch":
                writer.add_scalar(name, value, record.epoch)
        writer.flush()

    return log
