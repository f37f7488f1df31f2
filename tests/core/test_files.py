"""Files: written whole or not at all, and the weights of a network in them."""

import errno
import hashlib
import json
import os
import pickle
from pathlib import Path

import pytest
import torch
from torch import nn

from vaehelpers.core import load_weights, save_weights, write_json
from vaehelpers.core.files import read_whole, sha256, try_folder, write_whole
from vaehelpers.core.weights import tensors_to_bytes
from vaehelpers.errors import CheckpointError, OutputError


def network(seed):
    """Return a small network whose weights depend on the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 2))


@pytest.fixture
def full_disk(monkeypatch):
    """A disk that is full once the bytes are to reach it."""

    def refuse(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)


def test_what_is_written_replaces_what_was_there(tmp_path):
    path = tmp_path / "numbers.bin"
    write_whole(path, b"before")
    write_whole(path, b"after")
    assert path.read_bytes() == b"after"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_keeps_the_old_content_and_leaves_no_partial_file(tmp_path):
    path = tmp_path / "numbers.bin"
    path.write_bytes(b"before")
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"after")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_leaves_no_new_file(tmp_path):
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "numbers.bin", b"after")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_disk_that_is_full_names_the_file_and_the_mend(tmp_path):
    path = tmp_path / "numbers.bin"
    path.write_bytes(b"before")
    path.with_name("numbers.bin.partial").symlink_to("/dev/full")
    with pytest.raises(OutputError) as error:
        write_whole(path, b"after")
    assert str(error.value) == (
        f"{path} cannot be written: No space left on device; "
        "free some space, or give a folder on another disk"
    )
    assert list(tmp_path.iterdir()) == [path]
    write_whole(path, b"after")
    assert path.read_bytes() == b"after"


@pytest.mark.parametrize(
    ("number", "mend"),
    [
        (errno.EDQUOT, "; free some space, or give a folder on another disk"),
        (errno.EROFS, "; give another folder, one that you may write to"),
        (errno.EACCES, "; give another folder, one that you may write to"),
        (errno.EIO, ""),
    ],
)
def test_a_file_that_cannot_be_written_is_one_line(tmp_path, monkeypatch, number, mend):
    def refuse(*paths):
        raise OSError(number, os.strerror(number), *paths[:1])

    monkeypatch.setattr("os.replace", refuse)
    path = tmp_path / "numbers.bin"
    with pytest.raises(OSError, match=r"numbers\.bin cannot be written: ") as error:
        write_whole(path, b"after")
    assert str(error.value) == f"{path} cannot be written: {os.strerror(number)}{mend}"
    assert (error.value.errno, error.value.filename) == (number, str(path))
    from_a_worker = pickle.loads(pickle.dumps(error.value))
    assert str(from_a_worker) == str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"file/numbers\.bin cannot be written: \w+"):
        write_whole(tmp_path / "file" / "numbers.bin", b"after")


@pytest.mark.parametrize("folder", [".", "new", "new/and/deep", "there", "there/and/new"])
def test_a_folder_that_can_be_written_is_tried_without_a_trace(tmp_path, monkeypatch, folder):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    try_folder(Path(folder))
    try_folder(tmp_path / folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]


@pytest.mark.parametrize("folder", ["file", "file/below", "/dev/null", "nowhere"])
def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch, folder):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "nowhere").symlink_to("gone")
    with pytest.raises(OutputError, match=f"^{folder} cannot be written: "):
        try_folder(Path(folder))


def test_a_folder_without_the_right_to_write_is_refused(tmp_path, monkeypatch):
    def refuse(*, dir):
        raise PermissionError(errno.EACCES, "Permission denied", f"{dir}/tmp123")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    expected = "closed cannot be written: Permission denied; give another folder, one that you may"
    with pytest.raises(OutputError, match=expected):
        try_folder(tmp_path / "closed")


def test_an_interrupt_before_the_rename_keeps_the_old_content(tmp_path, monkeypatch):
    def interrupt(*paths):
        raise KeyboardInterrupt

    path = tmp_path / "numbers.bin"
    path.write_bytes(b"before")
    monkeypatch.setattr("os.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"after")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_json_is_indented_and_read_back(tmp_path):
    content = {"epoch": 1, "history": [0.5, None, "κόσμε"]}
    write_json(tmp_path / "meta.json", content)
    text = (tmp_path / "meta.json").read_text()
    assert json.loads(text) == content
    assert text.startswith('{\n "epoch": 1,\n')
    assert text.endswith("}\n")


def test_what_json_cannot_hold_leaves_the_old_content(tmp_path):
    path = tmp_path / "meta.json"
    write_json(path, {"epoch": 1})
    with pytest.raises(TypeError, match="not JSON serializable"):
        write_json(path, {"epoch": torch.tensor(2)})
    assert json.loads(path.read_text()) == {"epoch": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_the_hash_is_that_of_hashlib():
    assert sha256(b"garment") == hashlib.sha256(b"garment").hexdigest()


def test_weights_are_read_back_for_evaluation(tmp_path):
    saved = network(0)
    path = tmp_path / "a" / "folder" / "small.safetensors"
    assert save_weights(saved, path) == path
    assert list(path.parent.iterdir()) == [path]
    untrained = network(1)
    loaded = load_weights(untrained, path, "a small network", "small")
    assert loaded is untrained
    assert not any(part.training for part in loaded.modules())
    for one, two in zip(saved.parameters(), loaded.parameters(), strict=True):
        assert torch.equal(one, two)


def test_equal_weights_are_equal_bytes_however_they_lie_in_memory():
    kernel = torch.randn(8, 4, 3, 3)
    elsewhere = kernel.to(memory_format=torch.channels_last)
    assert tensors_to_bytes({"kernel": kernel}) == tensors_to_bytes({"kernel": elsewhere})


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-8])


def put_other_weights(path):
    save_weights(nn.Linear(3, 4), path)


def put_weights_of_another_type(path):
    save_weights(network(0).half(), path)


def put_weights_that_are_not_finite(path):
    spoilt = network(0)
    torch.nn.init.constant_(spoilt[0].bias, torch.nan)
    save_weights(spoilt, path)


def replace_by_a_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        pytest.param(lambda path: path.unlink(), "No such file", id="missing"),
        pytest.param(lambda path: path.write_bytes(b""), "header too small", id="empty"),
        pytest.param(lambda path: path.write_bytes(b"not weights"), "header", id="not weights"),
        (cut_short, "incomplete metadata"),
        (put_other_weights, "0.bias is missing"),
        (put_weights_of_another_type, "0.bias is float16"),
        (put_weights_that_are_not_finite, "0.bias holds NaN or infinity"),
        (replace_by_a_folder, "Is a directory"),
    ],
)
def test_damaged_weights_are_one_line_that_names_the_command(tmp_path, spoil, why):
    path = save_weights(network(0), tmp_path / "small.safetensors")
    spoil(path)
    expected = (
        r"small\.safetensors does not hold the weights of a small network "
        rf"\(.*{why}.*\); restore it, "
        r"or train again with `python -m vaehelpers small`$"
    )
    with pytest.raises(CheckpointError, match=expected) as error:
        load_weights(network(0), path, "a small network", "small")
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(path))


def test_no_more_is_read_than_was_expected(tmp_path):
    path = tmp_path / "numbers.bin"
    path.write_bytes(b"12345")
    assert read_whole(path, 5) == b"12345"
    with pytest.raises(OSError, match="More than the 4 bytes expected"):
        read_whole(path, 4)


def test_of_a_file_larger_than_any_memory_no_more_is_read_than_was_expected(tmp_path):
    path = tmp_path / "huge"
    path.touch()
    os.truncate(path, 2**42)  # nothing but a hole
    with pytest.raises(OSError, match="More than the 100 bytes expected"):
        read_whole(path, 100)


@pytest.mark.parametrize("put", [lambda path: path.symlink_to("/dev/zero"), os.mkfifo])
def test_what_is_no_file_is_not_read(tmp_path, put):
    put(tmp_path / "endless")
    with pytest.raises(OSError, match="Not a regular file"):
        read_whole(tmp_path / "endless", 100)
