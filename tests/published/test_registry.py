"""What comes with the package is found by name, and what does not is refused with a list."""

import pytest
import torch

from vaehelpers import TrainConfig, load_checkpoint, load_published
from vaehelpers.attention import reversal
from vaehelpers.errors import CheckpointError
from vaehelpers.published import all_published, load_translator, published_checkpoint
from vaehelpers.published.registry import translator_path
from vaehelpers.training.history import DEFAULTS_OF_OLD_RUNS


@pytest.mark.parametrize(
    "path", all_published(), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_each_is_loaded_by_its_name(path):
    latents, _, variant = path.parent.name.partition("-")
    z_dim, epoch = int(latents.removeprefix("z")), int(path.stem.removeprefix("epoch_"))
    assert published_checkpoint(z_dim, epoch, variant) == path
    model, meta = load_published(z_dim, epoch, variant)
    same, _ = load_checkpoint(path)
    assert not model.training
    assert (model.z_dim, meta["epoch"]) == (z_dim, epoch)
    codes = torch.randn(2, z_dim)
    torch.testing.assert_close(model.decoder(codes), same.decoder(codes))


@pytest.mark.parametrize(("z_dim", "epoch"), [(20, 10), (20, 80), (2, 80)])
def test_published_weights_are_whole_and_of_the_real_data(z_dim, epoch, fashion):
    model, meta = load_published(z_dim, epoch)
    assert model.z_dim == z_dim
    assert meta["epoch"] == epoch == meta["history"][-1]["epoch"]
    assert [row["epoch"] for row in meta["history"]] == list(range(epoch + 1))
    assert meta["config"]["data"] == "fashion-mnist"
    assert meta["config"]["data_sha256"] == fashion.sha256


def settings_and_epochs(epoch, variant=""):
    """Return the settings of published weights with 20 latents, and the epochs of their history."""
    _, meta = load_published(20, epoch, variant)
    return meta["config"], [row["epoch"] for row in meta["history"]]


@pytest.mark.parametrize(
    ("variant", "objective"),
    [
        ("fast", {"beta": 1, "noise": True}),
        ("beta0.1", {"beta": 0.1, "noise": True}),
        ("beta10", {"beta": 10, "noise": True}),
        ("beta784", {"beta": 784, "noise": True}),
        ("autoencoder", {"beta": 0, "noise": False}),
    ],
)
def test_published_rivals_differ_in_their_objective_alone(variant, objective):
    usual, epochs = settings_and_epochs(6, "fast")
    assert usual["recipe"] == "fast"
    assert settings_and_epochs(6, variant) == ({**usual, **objective}, epochs)


@pytest.mark.parametrize("path", all_published(), ids=lambda path: path.parent.name)
def test_published_settings_are_todays_settings_by_name_and_range(path):
    _, meta = load_checkpoint(path)
    of_data = ("data", "data_sha256", "images_sha256")
    given = {name: value for name, value in meta["config"].items() if name not in of_data}
    settings = {**DEFAULTS_OF_OLD_RUNS, **given}
    remembered = TrainConfig(**settings).remembered()
    assert remembered == settings


@pytest.mark.parametrize("kind", reversal.KINDS)
def test_a_translator_is_the_same_whatever_the_default_type_is(kind, float64_default):
    model = load_translator(kind)
    assert {weights.dtype for weights in model.parameters()} == {torch.float32}
    written = reversal.translate(model, reversal.encode(["boot", "attention"]))
    assert reversal.decode(written) == ["toob", "noitnetta"]


def test_an_unknown_name_is_answered_with_those_that_there_are():
    with pytest.raises(CheckpointError) as error:
        load_published(20, 80, "worst")
    message = str(error.value)
    assert message.startswith("no published weights z20-worst epoch 80; there are: z02 epoch 80, ")
    for path in all_published():
        assert path.parent.name in message


@pytest.mark.parametrize("kind", reversal.KINDS)
def test_translators_are_loaded_by_their_kind(kind, tmp_path):
    assert not load_translator(kind).training
    assert translator_path(kind).is_file()
    with pytest.raises(CheckpointError, match="train again with `python -m vaehelpers reversal`"):
        load_translator(kind, tmp_path)
