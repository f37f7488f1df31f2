"""The reversal task and its three models: words, masking, causality, shipped weights, damage."""

import math

import pytest
import torch

from vaehelpers.attention import reversal
from vaehelpers.cli import main
from vaehelpers.core import save_weights
from vaehelpers.errors import CheckpointError, DataError
from vaehelpers.published import load_translator
from vaehelpers.published.registry import translator_path

WORDS = ["boot", "a", "attention"]


@pytest.fixture(scope="module", params=reversal.KINDS)
def model(request):
    """Each shipped model in turn."""
    return load_translator(request.param)


def test_words_survive_encoding_and_reversal():
    words = reversal.encode(WORDS)
    assert words.shape == (3, 9)
    assert reversal.decode(words) == WORDS
    assert reversal.decode(reversal.reverse(words)) == [word[::-1] for word in WORDS]
    assert torch.equal(reversal.reverse(reversal.reverse(words)), words)


BAD_WORDS = {
    "capital": (["boot", "Hello"], "'Hello' is not a word of the letters a to z", ["hello"]),
    "accent": (["café"], "leave other signs out", ["caf"]),
    "blank": (["two words"], "leave other signs out", ["twowords"]),
    "empty word": (["boot", ""], "'' is not a word", ["boot"]),
    "no words": ([], r"is not a list of words; give one, such as \[\"boot\"\]", ["boot"]),
    "one string": ("boot", "'boot' is not a list of words", ["boot"]),
}


@pytest.mark.parametrize("name", BAD_WORDS)
def test_what_is_no_list_of_words_is_refused_in_one_line_whose_advice_works(name):
    words, said, mended = BAD_WORDS[name]
    with pytest.raises(DataError, match=said) as error:
        reversal.encode(words)
    assert str(error.value).isprintable()
    assert reversal.decode(reversal.encode(mended)) == mended


def test_nothing_is_not_translated(model):
    empty_word = torch.tensor([[1, 2], [reversal.PAD, reversal.PAD]])
    for nothing in (torch.zeros(0, 3), torch.zeros(1, 0), empty_word):
        with pytest.raises(DataError, match="nothing to translate; give words of one letter"):
            reversal.translate(model, nothing.long())
    assert reversal.decode(reversal.translate(model, reversal.encode(["a"]))) == ["a"]


def test_random_words_have_the_lengths_asked_for():
    lengths = torch.tensor([3, 1, 7])
    words = reversal.random_words(lengths, torch.Generator().manual_seed(0))
    assert torch.equal((words != reversal.PAD).sum(1), lengths)
    assert (words[0, 3:] == reversal.PAD).all()


def test_shipped_models_reverse_short_words(model):
    assert reversal.decode(reversal.translate(model, reversal.encode(WORDS[:2]))) == ["toob", "a"]


@torch.no_grad()
def test_padding_of_the_source_changes_nothing(model):
    words = reversal.encode(WORDS)
    previous = reversal.shift(reversal.reverse(words))
    together = model(words, previous)
    for row, word in enumerate(WORDS):
        length = len(word)
        alone = model(words[row : row + 1, :length], previous[row : row + 1, :length])
        torch.testing.assert_close(together[row, :length], alone[0], rtol=0, atol=1e-4)


@torch.no_grad()
def test_a_step_sees_no_later_letter_of_the_target(model):
    words = reversal.encode(["attention"])
    previous = reversal.shift(reversal.reverse(words))
    later = previous.clone()
    later[0, 5] = 25
    before, after = model(words, previous), model(words, later)
    torch.testing.assert_close(before[0, :5], after[0, :5])
    assert not torch.allclose(before[0, 5:], after[0, 5:])


def test_alignment_ignores_padding_and_sums_to_one():
    model = reversal.build_translator("additive")
    words = reversal.encode(WORDS)
    for _, _, alpha in model.steps(words, iter(words.unbind(1))):
        torch.testing.assert_close(alpha.sum(1), torch.ones(3))
        assert (alpha[words == reversal.PAD] == 0).all()


def test_positions_are_the_papers():
    table = reversal.positions(50, 8)
    for place, pair in ((0, 0), (7, 1), (49, 3)):
        angle = place / 10_000 ** (2 * pair / 8)
        assert table[place, 2 * pair] == pytest.approx(math.sin(angle), abs=1e-5)
        assert table[place, 2 * pair + 1] == pytest.approx(math.cos(angle), abs=1e-5)


@pytest.mark.parametrize("kind", reversal.KINDS)
def test_training_repeats_and_leaves_the_global_generator_alone(kind):
    state = torch.random.get_rng_state()
    one, two = (reversal.train_translator(kind, 2, seed=3, batch_size=4) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), state)
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)
    other = reversal.train_translator(kind, 2, seed=4, batch_size=4)
    assert not torch.equal(next(one.parameters()), next(other.parameters()))


@pytest.mark.parametrize("content", [None, b"", b"not weights", "torn", "other kind"])
def test_damaged_weights_are_refused_in_one_line(tmp_path, content):
    path = tmp_path / "additive.safetensors"
    if content == "torn":
        path.write_bytes(translator_path("additive").read_bytes()[:-100])
    elif content == "other kind":
        path.write_bytes(translator_path("fixed").read_bytes())
    elif content is not None:
        path.write_bytes(content)
    expected = r"additive\.safetensors does not hold the weights of .* train again"
    with pytest.raises(CheckpointError, match=expected) as error:
        load_translator("additive", tmp_path)
    assert "\n" not in str(error.value)
    assert "`python -m vaehelpers reversal`" in str(error.value)


def test_weights_of_ones_own_are_saved_and_loaded(tmp_path):
    trained = reversal.train_translator("fixed", 1, batch_size=4)
    path = save_weights(trained, translator_path("fixed", tmp_path))
    assert path == tmp_path / "fixed.safetensors"
    loaded = load_translator("fixed", tmp_path)
    assert not loaded.training
    for one, two in zip(trained.parameters(), loaded.parameters(), strict=True):
        assert torch.equal(one, two)


def test_command_line_trains_and_writes_all_three(tmp_path, capsys):
    assert main(["reversal", "--train-steps", "1", "--out", str(tmp_path)]) == 0
    assert {path.stem for path in tmp_path.iterdir()} == set(reversal.KINDS)
    for kind in reversal.KINDS:
        load_translator(kind, tmp_path)
    assert capsys.readouterr().out.count(str(tmp_path)) == 3


def test_command_line_refuses_zero_steps(tmp_path, capsys):
    assert main(["reversal", "--train-steps", "0", "--out", str(tmp_path)]) == 2
    assert "train_steps" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
