"""Checkpoints: round trips, damage, crashes between the files, and those that are shipped."""

import json
from types import SimpleNamespace

import pytest
import torch

from vaehelpers import TrainConfig, load_checkpoint, load_published
from vaehelpers.core import device, files
from vaehelpers.core.files import write_whole
from vaehelpers.errors import CheckpointError
from vaehelpers.published import all_published, published_checkpoint
from vaehelpers.training import checkpoint
from vaehelpers.training.checkpoint import DEFAULTS_OF_OLD_RUNS
from vaehelpers.vae import seeded_vae

CONFIG = {"num_filters": 4, "z_dim": 3, "lr": 1e-3}


def meta_of(epoch):
    """Return what training would write down after an epoch."""
    return {"config": CONFIG, "history": [{"epoch": epoch}]}


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


@pytest.mark.parametrize(
    ("ending", "spoil", "message"),
    [
        ("safetensors", lambda b: b[:-1] + bytes([b[-1] ^ 1]), "does not match the sha256"),
        ("safetensors", lambda b: b[:100], "does not match the sha256"),
        ("safetensors", None, "does not exist"),
        ("json", lambda b: b[: len(b) // 2], "not a vaehelpers checkpoint"),
        ("json", lambda b: b"[]", "not a vaehelpers checkpoint"),
        ("json", lambda b: b"{}", "not a vaehelpers checkpoint"),
        ("json", lambda b: b"\xff\xfe", "not a vaehelpers checkpoint"),
        (
            "json",
            lambda b: b.replace(b'"epoch": 1\n', b'"epoch": 2\n'),
            "not a vaehelpers checkpoint",
        ),
        ("json", lambda b: b.replace(b'"z_dim": 3', b'"z_dim": 4'), "not a vaehelpers checkpoint"),
        (
            "json",
            lambda b: b.replace(b'"z_dim": 3', b'"z_dim": "x"'),
            "not a vaehelpers checkpoint",
        ),
        ("json", lambda b: b.replace(b'"lr"', b'"rl"'), "not a vaehelpers checkpoint"),
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
    assert "epoch_0001" in str(error.value)


def test_damaged_optimizer_state(saved):
    _, optimizer, folder = saved
    path = folder / "epoch_0001.optimizer.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    newest = checkpoint.latest_checkpoint(folder)
    with pytest.raises(CheckpointError, match="does not match the sha256"):
        checkpoint.load_optimizers(newest, [optimizer])


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


@pytest.mark.parametrize(("z_dim", "epoch"), [(20, 10), (20, 80), (2, 80)])
def test_published_weights_are_whole_and_of_the_real_data(z_dim, epoch, fashion):
    model, meta = load_published(z_dim, epoch)
    assert model.z_dim == z_dim
    assert meta["epoch"] == epoch == meta["history"][-1]["epoch"]
    assert [row["epoch"] for row in meta["history"]] == list(range(epoch + 1))
    assert meta["config"]["data"] == "fashion-mnist"
    assert meta["config"]["data_sha256"] == fashion.sha256


@pytest.mark.parametrize(
    ("variant", "beta", "noise"),
    [
        ("autoencoder", 0, False),
        ("beta0.1", 0.1, True),
        ("beta10", 10, True),
        ("beta784", 784, True),
    ],
)
def test_published_variants_differ_in_their_objective_alone(variant, beta, noise):
    _, meta = load_published(20, 10, variant)
    _, usual = load_published(20, 10)
    assert meta["config"] == {**usual["config"], "beta": beta, "noise": noise}
    assert [row["epoch"] for row in meta["history"]] == list(range(11))


@pytest.mark.parametrize("path", all_published(), ids=lambda path: path.parent.name)
def test_published_settings_are_todays_settings_by_name_and_range(path):
    _, meta = load_checkpoint(path)
    of_data = ("data", "data_sha256")
    given = {name: value for name, value in meta["config"].items() if name not in of_data}
    settings = {**DEFAULTS_OF_OLD_RUNS, **given}
    remembered = TrainConfig(**settings).remembered()
    assert remembered == settings


def test_unpublished_weights():
    expected = r"z03 epoch 80; there are: z02 epoch 80, z20 epoch 10, "
    with pytest.raises(CheckpointError, match=expected):
        published_checkpoint(3, 80)
    with pytest.raises(CheckpointError, match=expected):
        load_published(3, 80)
