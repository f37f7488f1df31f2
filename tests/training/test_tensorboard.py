"""The log for TensorBoard, with a stand-in for the optional package that writes it."""

import sys
from dataclasses import asdict, replace
from types import SimpleNamespace

import pytest

from vaehelpers.errors import SettingError
from vaehelpers.training import EpochRecord
from vaehelpers.training.tensorboard import tensorboard_writer

RECORD = EpochRecord(
    epoch=3,
    train_bpd=2.5,
    val_bpd=2.25,
    train_recon=1300.0,
    train_kl=10.0,
    val_recon=1200.0,
    val_kl=12.0,
    seconds=1.5,
)


class StandIn:
    """A writer that appends to a list what it was given."""

    def __init__(self, rows):
        self.rows = rows

    def add_scalar(self, name, value, epoch):
        self.rows.append((name, value, epoch))

    def flush(self):
        self.rows.append("flushed")


@pytest.fixture
def written(monkeypatch):
    """What was written to each folder by writers of a package that is not installed."""
    by_folder = {}

    def open_writer(folder):
        by_folder[folder] = []
        return StandIn(by_folder[folder])

    package = SimpleNamespace(SummaryWriter=open_writer)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", package)
    return by_folder


def test_all_of_a_record_is_written_at_its_epoch_and_at_once(written, tmp_path):
    write = tensorboard_writer(tmp_path)
    write(RECORD)
    *rows, last = written[tmp_path]
    assert last == "flushed"
    assert {epoch for _, _, epoch in rows} == {3}
    values = {name: value for name, value, _ in rows}
    assert {"epoch": 3, **values} == asdict(RECORD)
    write(replace(RECORD, epoch=4, val_bpd=2.0))
    assert ("val_bpd", 2.0, 4) in written[tmp_path]


def test_without_a_folder_nothing_is_written(written):
    tensorboard_writer(None)(RECORD)
    assert written == {}


def test_without_the_package_a_log_is_refused(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    tensorboard_writer(None)(RECORD)
    with pytest.raises(SettingError, match=r"install vaehelpers\[tensorboard\]") as error:
        tensorboard_writer(tmp_path / "log")
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())
