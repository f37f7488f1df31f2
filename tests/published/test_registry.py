"""What comes with the package is found by name, and what does not is refused with a list."""

import pytest
import torch

from vaehelpers import load_checkpoint, load_published
from vaehelpers.attention import reversal
from vaehelpers.errors import CheckpointError
from vaehelpers.published import all_published, load_translator, published_checkpoint
from vaehelpers.published.registry import translator_path


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
