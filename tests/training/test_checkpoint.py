"""Checkpoints: round trips, damage, and crashes between the files."""

import json

import pytest
import torch

from vaehelpers import checkpoint
from vaehelpers.errors import CheckpointError
from vaehelpers.model import seeded_vae

CONFIG = {"num_filters": 4, "z_dim": 3, "lr": 1e-3}


@pytest.fixture
def saved(tmp_path):
    """A trained-for-one-step model, its optimizer, and the folder it was saved in."""
    model = seeded_vae(0, **CONFIG)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    model(torch.zeros(2, 1, 28, 28))[0].backward()
    optimizer.step()
    checkpoint.save(
        tmp_path / "run", 1, model, [optimizer], {"config": CONFIG, "history": [{"epoch": 1}]}
    )
    return model, optimizer, tmp_path / "run"


def test_round_trip(saved):
    model, optimizer, folder = saved
    loaded, meta = checkpoint.load(folder)
    assert meta["epoch"] == 1
    assert not loaded.training
    assert loaded.config == CONFIG
    assert all(
        torch.equal(a, b) for a, b in zip(model.parameters(), loaded.parameters(), strict=True)
    )
    fresh = torch.optim.Adam(loaded.parameters(), lr=1e-3)
    checkpoint.load_optimizers(checkpoint.latest(folder), [fresh])
    for key, entry in optimizer.state_dict()["state"].items():
        assert all(
            torch.equal(value, fresh.state_dict()["state"][key][name])
            for name, value in entry.items()
        )


@pytest.mark.parametrize("name", ["", "epoch_0001.json", "epoch_0001.safetensors"])
def test_found_by_folder_json_or_weights(saved, name):
    assert checkpoint.load(saved[2] / name)[1]["epoch"] == 1


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
    path = saved[2] / f"epoch_0001.{ending}"
    path.write_bytes(spoil(path.read_bytes())) if spoil else path.unlink()
    with pytest.raises(CheckpointError, match=message) as error:
        checkpoint.load(saved[2] / "epoch_0001.json")
    assert "\n" not in str(error.value)
    assert "epoch_0001" in str(error.value)


def test_damaged_optimizer_state(saved):
    path = saved[2] / "epoch_0001.optimizer.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(CheckpointError, match="does not match the sha256"):
        checkpoint.load_optimizers(checkpoint.latest(saved[2]), [saved[1]])


def test_the_newest_is_found_by_number_among_other_files(saved):
    folder = saved[2]
    for name in ("epoch_best.json", "epoch_.json", "epoch_0001.json.partial", "notes.txt"):
        (folder / name).write_text("{}")
    assert checkpoint.latest(folder).name == "epoch_0001.json"
    (folder / "epoch_10000.json").write_text("{}")
    (folder / "epoch_9999.json").write_text("{}")
    assert checkpoint.latest(folder).name == "epoch_10000.json"


def test_a_folder_in_place_of_a_checkpoint(tmp_path):
    (tmp_path / "epoch_0001.json").mkdir()
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        checkpoint.load(tmp_path / "epoch_0001.json")


@pytest.mark.parametrize("survivors", [0, 1, 2])
def test_a_crash_while_saving_leaves_the_previous_checkpoint(saved, monkeypatch, survivors):
    model, optimizer, folder = saved
    write, written = checkpoint._write, []

    def crash(path, content):
        if len(written) == survivors:
            path.with_name(path.name + ".partial").write_bytes(content[:10])
            raise KeyboardInterrupt
        written.append(path)
        write(path, content)

    monkeypatch.setattr(checkpoint, "_write", crash)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(
            folder, 2, model, [optimizer], {"config": CONFIG, "history": [{"epoch": 2}]}
        )
    assert checkpoint.load(folder)[1]["epoch"] == 1


def test_a_full_disk_leaves_no_partial_file(saved, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.write_meta(saved[2] / "epoch_0001.json", {"config": {}})
    assert not list(saved[2].glob("*.partial"))
    assert json.loads((saved[2] / "epoch_0001.json").read_text())["config"] == CONFIG


@pytest.mark.parametrize(("z_dim", "epoch"), [(20, 10), (20, 80), (2, 80)])
def test_published_weights_are_whole_and_of_the_real_data(z_dim, epoch, fashion):
    model, meta = checkpoint.load(checkpoint.published(z_dim, epoch))
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
    _, meta = checkpoint.load(checkpoint.published(20, 10, variant))
    _, usual = checkpoint.load(checkpoint.published(20, 10))
    assert meta["config"] == {**usual["config"], "beta": beta, "noise": noise}
    assert [row["epoch"] for row in meta["history"]] == list(range(11))


def test_unpublished_weights():
    with pytest.raises(
        CheckpointError, match=r"z03 epoch 80; there are: z02 epoch 80, z20 epoch 10, "
    ):
        checkpoint.published(3, 80)
