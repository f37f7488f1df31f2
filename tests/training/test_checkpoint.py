"""Checkpoints: round trips, damage, and crashes between the files."""

import json
import os
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import pytest
import safetensors.torch
import torch

from vaehelpers import load_checkpoint, load_published
from vaehelpers.core import device, files
from vaehelpers.core.files import sha256, write_whole
from vaehelpers.errors import CheckpointError
from vaehelpers.training import checkpoint
from vaehelpers.training.history import EpochRecord
from vaehelpers.vae import seeded_vae

CONFIG = {"num_filters": 4, "z_dim": 3, "lr": 1e-3}
SCORES = [field.name for field in fields(EpochRecord) if field.name != "epoch"]


def meta_of(epoch):
    """Return what training would write down after an epoch."""
    history = []
    for number in range(epoch + 1):
        scores = dict.fromkeys(SCORES, 1.5)
        history.append({"epoch": number, **scores})
    return {"config": CONFIG, "history": history}


@pytest.fixture
def saved(tmp_path):
    """A trained-for-one-step model, its optimizer, and the folder it was saved in."""
    model = seeded_vae(0, **CONFIG)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    model(torch.zeros(2, 1, 28, 28))[0].backward()
    optimizer.step()
    folder = tmp_path / "run"
    path = checkpoint.save_checkpoint(folder, 1, model, [optimizer], meta_of(1))
    assert path == folder / "epoch_0001.json"
    return model, optimizer, folder


def test_round_trip(saved):
    model, optimizer, folder = saved
    loaded, meta = load_checkpoint(folder)
    assert meta["epoch"] == 1
    assert not loaded.training
    assert loaded.config == CONFIG
    for one, two in zip(model.parameters(), loaded.parameters(), strict=True):
        assert torch.equal(one, two)
    fresh = torch.optim.Adam(loaded.parameters(), lr=1e-3)
    checkpoint.load_optimizers(checkpoint.latest_checkpoint(folder), [fresh])
    restored = fresh.state_dict()["state"]
    for key, entry in optimizer.state_dict()["state"].items():
        assert entry.keys() == restored[key].keys()
        for name, value in entry.items():
            assert torch.equal(value, restored[key][name])


def test_each_of_several_optimizers_gets_its_own_state_back(tmp_path):
    model = seeded_vae(0, **CONFIG)

    def two():
        encoder = torch.optim.Adam(model.encoder.parameters(), lr=1e-3)
        return [encoder, torch.optim.SGD(model.decoder.parameters(), 1e-3, momentum=0.9)]

    trained, fresh = two(), two()
    model(torch.zeros(2, 1, 28, 28))[0].backward()
    for optimizer in trained:
        optimizer.step()
    path = checkpoint.save_checkpoint(tmp_path, 1, model, trained, meta_of(1))
    checkpoint.load_optimizers(path, fresh)
    for optimizer, restored in zip(trained, fresh, strict=True):
        assert optimizer.state.keys() == restored.state.keys()
        for parameter, entry in optimizer.state.items():
            for name, value in entry.items():
                assert torch.equal(value, restored.state[parameter][name])


@pytest.mark.parametrize("name", ["", "epoch_0001.json", "epoch_0001.safetensors"])
def test_found_by_folder_json_or_weights(saved, name):
    _, _, folder = saved
    _, meta = load_checkpoint(folder / name)
    assert meta["epoch"] == 1
    assert load_checkpoint(str(folder / name))[1] == meta


def test_loading_does_not_tune_the_processs_allocator(saved, monkeypatch):
    def forbid(*_):
        raise AssertionError("the C library was called")

    monkeypatch.setattr(device, "ctypes", SimpleNamespace(CDLL=forbid))
    model, _ = load_checkpoint(saved[2])
    assert model.encoder.net[2].weight.is_contiguous(memory_format=torch.channels_last)
    load_published(2, 80)
    with pytest.raises(AssertionError, match="C library"):
        device.keep_freed_memory()


def test_dropping_a_checkpoint_takes_its_optimizers_or_all_of_it(saved):
    _, _, folder = saved
    (folder / "notes.txt").write_text("mine")
    path = checkpoint.find_checkpoint(folder)
    checkpoint.drop_checkpoint(path, weights_too=False)
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["epoch_0001.json", "epoch_0001.safetensors", "notes.txt"]
    load_checkpoint(path)
    checkpoint.drop_checkpoint(path, weights_too=True)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert checkpoint.latest_checkpoint(folder) is None


DAMAGED = "does not belong to its JSON or is damaged"
FOREIGN = "not a vaehelpers checkpoint"


@pytest.mark.parametrize(
    ("ending", "spoil", "message"),
    [
        ("safetensors", lambda b: b[:-1] + bytes([b[-1] ^ 1]), DAMAGED + ".*sha256"),
        ("safetensors", lambda b: b[:100], DAMAGED + ".*sha256"),
        ("safetensors", lambda b: b + bytes(2**21), DAMAGED + ".*More than the"),
        ("safetensors", None, "does not exist"),
        ("json", lambda b: b[: len(b) // 2], FOREIGN + ".*truncated"),
        ("json", lambda b: b"[]", FOREIGN + ".*Expected `object`"),
        ("json", lambda b: b"{}", FOREIGN + ".*missing required field"),
        ("json", lambda b: b"\xff\xfe", FOREIGN + ".*malformed"),
        ("json", lambda b: b"[" * 100_000, FOREIGN + ".*nested too deep"),
        ("json", lambda b: b + b" " * 2**24, FOREIGN + ".*More than the"),
        ("json", None, "does not exist"),
    ],
)
def test_damage_is_one_clear_error(saved, ending, spoil, message):
    _, _, folder = saved
    path = folder / f"epoch_0001.{ending}"
    if spoil:
        whole = path.read_bytes()
        path.write_bytes(spoil(whole))
        assert path.read_bytes() != whole
    else:
        path.unlink()
    with pytest.raises(CheckpointError, match=message) as error:
        load_checkpoint(folder / "epoch_0001.json")
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epoch": 2}, "one row for each epoch 0..2"),
        ({"epoch": -1}, "epoch"),
        ({"epoch": 1.5}, "Expected `int`"),
        ({"history": meta_of(1)["history"][1:]}, "one row for each epoch 0..1"),
        ({"history": meta_of(1)["history"][::-1]}, "one row for each epoch 0..1"),
        ({"history": [{"epoch": 0}, {"epoch": 1}]}, "missing required field `train_bpd`"),
        ({"sha256": ""}, "sha256"),
        ({"sha256": "0123"}, "sha256"),
        ({"optimizer_sha256": ""}, "optimizer_sha256"),
        ({"config": {**CONFIG, "lr": "0.001"}}, "lr='0.001' is of type str"),
        ({"config": {**CONFIG, "z_dim": 0}}, "z_dim=0 is not allowed"),
        ({"config": {**CONFIG, "z_dim": "x"}}, "z_dim=x is not allowed"),
        ({"config": {**CONFIG, "seed": -1}}, "seed=-1 is not allowed"),
        ({"config": {"z_dim": 3, "lr": 1e-3}}, "its config lacks num_filters"),
        ({"config": {**CONFIG, "data": {}}}, "got `object`"),
        ({"versions": []}, "versions"),
        ({"hardware": {"threads": None}}, "hardware"),
        ({"test": {"bpd": 1.0}}, "missing required field `recon`"),
    ],
)
def test_a_json_that_says_something_impossible_is_not_believed(saved, changes, message):
    _, _, folder = saved
    path = folder / "epoch_0001.json"
    meta = json.loads(path.read_text())
    load_checkpoint(path)
    path.write_text(json.dumps({**meta, **changes}))
    with pytest.raises(CheckpointError, match=f"epoch_0001.json is {FOREIGN} \\(.*{message}"):
        load_checkpoint(path)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_history_of_numbers_that_are_not_finite(saved, number):
    path = saved[2] / "epoch_0001.json"
    whole = path.read_text()
    path.write_text(whole.replace("1.5", number, 1))
    with pytest.raises(CheckpointError, match=FOREIGN):
        load_checkpoint(path)


def test_a_renamed_checkpoint_does_not_pass_for_a_later_epoch(saved):
    folder = saved[2]
    for ending in ("json", "safetensors"):
        (folder / f"epoch_0001.{ending}").rename(folder / f"epoch_0100.{ending}")
    with pytest.raises(CheckpointError, match=r"epoch_0100.*it is of epoch 1"):
        load_checkpoint(folder)
    for ending in ("json", "safetensors"):  # a name that claims nothing is fine
        (folder / f"epoch_0100.{ending}").rename(folder / f"favourite.{ending}")
    assert load_checkpoint(folder / "favourite.json")[1]["epoch"] == 1


def rewrite(path, meta, tensors, key="sha256"):
    """Write tensors in place of a checkpoint's, with a JSON that has their hash."""
    content = safetensors.torch.save(tensors)
    path.write_bytes(content)
    meta_path = path.parent / "epoch_0001.json"
    meta_path.write_text(json.dumps({**meta, key: sha256(content)}))


def spoilt(tensors, how):
    """Return tensors of which the first one, by name, is spoilt."""
    first = min(tensors)
    if how == "missing":
        return {name: tensor for name, tensor in tensors.items() if name != first}
    if how == "more":
        return {**tensors, "zzz": torch.zeros(1)}
    changed = {
        "nan": tensors[first] * float("nan"),
        "infinite": tensors[first] / 0,
        "half": tensors[first].half(),
        "longer": torch.cat([tensors[first], tensors[first]]),
    }
    return {**tensors, first: changed[how]}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("missing", "decoder.linear.0.bias is missing"),
        ("more", "zzz is not expected"),
        ("nan", "decoder.linear.0.bias holds NaN or infinity"),
        ("infinite", "decoder.linear.0.bias holds NaN or infinity"),
        ("half", r"decoder.linear.0.bias is float16\[128\] where .* need float32\[128\]"),
        ("longer", r"decoder.linear.0.bias is float32\[256\] where .* need float32\[128\]"),
    ],
)
def test_weights_that_the_settings_do_not_have(saved, how, message):
    model, _, folder = saved
    path = folder / "epoch_0001.safetensors"
    _, meta = load_checkpoint(path)
    rewrite(path, meta, spoilt(model.state_dict(), how))
    with pytest.raises(CheckpointError, match=f"epoch_0001.safetensors {DAMAGED}.*{message}"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("missing", "0.exp_avg is missing"),
        ("more", "zzz is not expected"),
        ("nan", "0.exp_avg holds NaN or infinity"),
        ("longer", "0.exp_avg is float32"),
    ],
)
def test_optimizer_states_that_the_settings_do_not_have(saved, how, message):
    model, _, folder = saved
    path = folder / "epoch_0001.optimizer.safetensors"
    newest, meta = checkpoint.latest_checkpoint(folder), load_checkpoint(folder)[1]
    fresh = torch.optim.Adam(model.parameters(), lr=1e-3)
    state = safetensors.torch.load(path.read_bytes())
    rewrite(path, meta, spoilt(state, how), "optimizer_sha256")
    with pytest.raises(CheckpointError, match=f"optimizer.safetensors {DAMAGED}.*{message}"):
        checkpoint.load_optimizers(newest, [fresh])
    assert not fresh.state_dict()["state"]


def test_damaged_optimizer_state(saved):
    _, optimizer, folder = saved
    path = folder / "epoch_0001.optimizer.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    newest = checkpoint.latest_checkpoint(folder)
    with pytest.raises(CheckpointError, match=DAMAGED + ".*sha256"):
        checkpoint.load_optimizers(newest, [optimizer])


@pytest.mark.parametrize("name", ["model.ckpt", "model.pt", "notes.txt"])
def test_a_file_of_somebody_else_is_named_and_left_alone(tmp_path, name):
    foreign = tmp_path / name
    foreign.write_bytes(b"PK\x03\x04 lightning")
    with pytest.raises(
        CheckpointError, match=f"{name} is {FOREIGN}.*name a folder, .json"
    ) as error:
        load_checkpoint(foreign)
    assert "delete" not in str(error.value)


@pytest.mark.parametrize("put", [lambda path: path.symlink_to("/dev/zero"), os.mkfifo])
@pytest.mark.parametrize(("ending", "message"), [("json", FOREIGN), ("safetensors", DAMAGED)])
def test_a_device_or_pipe_in_place_of_a_file_is_not_read(saved, put, ending, message):
    _, _, folder = saved
    path = folder / f"epoch_0001.{ending}"
    path.unlink()
    put(path)
    with pytest.raises(CheckpointError, match=f"{message}.*Not a regular file"):
        load_checkpoint(folder)


def test_the_newest_is_found_by_number_among_other_files(saved):
    _, _, folder = saved
    for name in ("epoch_best.json", "epoch_.json", "epoch_0001.json.partial", "notes.txt"):
        (folder / name).write_text("{}")
    assert checkpoint.latest_checkpoint(folder).name == "epoch_0001.json"
    (folder / "epoch_10000.json").write_text("{}")
    (folder / "epoch_9999.json").write_text("{}")
    assert checkpoint.latest_checkpoint(folder).name == "epoch_10000.json"
    epochs = [checkpoint.epoch_of(path) for path in checkpoint.all_checkpoints(folder)]
    assert epochs == [1, 9999, 10000]


def test_a_folder_in_place_of_a_checkpoint(tmp_path):
    (tmp_path / "epoch_0001.json").mkdir()
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        load_checkpoint(tmp_path / "epoch_0001.json")


def files_of(folder):
    """Return the names of a folder's files in order."""
    return sorted(path.name for path in folder.iterdir())


def test_the_next_save_removes_what_a_crash_left_of_older_epochs(saved):
    model, optimizer, folder = saved
    for name in ("notes.txt", "epoch_best.safetensors", "epoch_0003.safetensors"):
        (folder / name).write_text("mine")
    for name in (
        "epoch_0000.safetensors",  # its JSON was deleted before the crash
        "epoch_0000.optimizer.safetensors",
        "epoch_0002.json.partial",
        "epoch_0001.safetensors.partial",
    ):
        (folder / name).write_text("left")
    checkpoint.save_checkpoint(folder, 2, model, [optimizer], meta_of(2))
    checkpoint.drop_superseded(folder, keep=(1,))
    assert files_of(folder) == [
        "epoch_0001.json",
        "epoch_0001.safetensors",
        "epoch_0002.json",
        "epoch_0002.optimizer.safetensors",
        "epoch_0002.safetensors",
        "epoch_0003.safetensors",  # of a later epoch: no crash leaves that of this run
        "epoch_best.safetensors",
        "notes.txt",
    ]
    checkpoint.save_checkpoint(folder, 3, model, [optimizer], meta_of(3))
    checkpoint.drop_superseded(folder, keep=())
    assert [name for name in files_of(folder) if name.startswith("epoch_0")] == [
        "epoch_0003.json",
        "epoch_0003.optimizer.safetensors",
        "epoch_0003.safetensors",
    ]


def test_the_next_save_removes_a_file_that_was_being_written(saved, monkeypatch):
    model, optimizer, folder = saved
    monkeypatch.setattr("os.replace", lambda *_: os._exit(1))  # as if the power had failed
    child = os.fork()
    if not child:
        checkpoint.save_checkpoint(folder, 2, model, [optimizer], meta_of(2))
    os.waitpid(child, 0)
    monkeypatch.undo()
    assert [name for name in files_of(folder) if "0002" in name]
    checkpoint.save_checkpoint(folder, 3, model, [optimizer], meta_of(3))
    checkpoint.drop_superseded(folder, keep=())
    assert all(name.startswith("epoch_0003.") for name in files_of(folder))


@pytest.mark.parametrize("deletions", range(4))
def test_a_crash_while_dropping_leaves_no_json_without_weights(saved, monkeypatch, deletions):
    model, optimizer, folder = saved
    checkpoint.save_checkpoint(folder, 2, model, [optimizer], meta_of(2))
    left = deletions
    unlink = Path.unlink

    def crash(path, missing_ok=False):
        nonlocal left
        if not left:
            raise KeyboardInterrupt
        left -= 1
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", crash)
    try:
        checkpoint.drop_superseded(folder, keep=())
    except KeyboardInterrupt:
        assert deletions < 3
    monkeypatch.undo()
    for path in checkpoint.all_checkpoints(folder):
        load_checkpoint(path)
    assert load_checkpoint(folder)[1]["epoch"] == 2
    checkpoint.drop_superseded(folder, keep=())
    assert all(name.startswith("epoch_0002.") for name in files_of(folder))


@pytest.mark.parametrize("survivors", [0, 1, 2])
def test_a_crash_while_saving_leaves_the_previous_checkpoint(saved, monkeypatch, survivors):
    model, optimizer, folder = saved
    written = []

    def crash(path, content):
        """Write as many files as survive, then die half-way through the next one."""
        if len(written) == survivors:
            path.with_name(path.name + ".partial").write_bytes(content[:10])
            raise KeyboardInterrupt
        written.append(path)
        write_whole(path, content)

    monkeypatch.setattr(checkpoint, "write_whole", crash)
    monkeypatch.setattr(files, "write_whole", crash)  # as `write_json` finds it
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save_checkpoint(folder, 2, model, [optimizer], meta_of(2))
    assert len(written) == survivors
    assert load_checkpoint(folder)[1]["epoch"] == 1


def test_a_full_disk_leaves_no_partial_file(saved, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    _, _, folder = saved
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.write_meta(folder / "epoch_0001.json", {"config": {}})
    assert not list(folder.glob("*.partial"))
    assert json.loads((folder / "epoch_0001.json").read_text())["config"] == CONFIG
