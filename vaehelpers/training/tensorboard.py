"""Epoch records for programs that watch a training run from outside."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from ..core.files import try_folder
from ..errors import SettingError
from .history import EpochRecord


def tensorboard_writer(folder: Path | None) -> Callable[[EpochRecord], None]:
    """Return a function that writes an epoch record to a TensorBoard log in `folder`.

    Without a folder it does nothing. Raises SettingError where tensorboard is not installed, and
    OutputError for a folder that cannot be written.
    """
    if folder is None:
        return lambda record: None
    try_folder(folder)
    try:  # an optional package
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise SettingError(
            f"--tensorboard {folder} needs the package tensorboard; "
            "install vaehelpers[tensorboard] or leave the option out"
        ) from None
    writer = SummaryWriter(folder)

    def write(record: EpochRecord) -> None:
        for name, value in asdict(record).items():
            if name != "epoch":
                writer.add_scalar(name, value, record.epoch)
        writer.flush()

    return write
