"""The reversal task and its three models: indices and words, masking, causality, the shipped weights, damage."""

import pytest
import torch

from vaehelpers import commands, seq2seq
from vaehelpers.errors import CheckpointError

WORDS = ["boot", "a", "attention"]


@pytest.fixture(scope="module", params=seq2seq.KINDS)
def model(request):
    """Each shipped model in turn."""
    return seq2seq.load(request.param)


def test_words_survive_encoding_and_reversal():
    words = seq2seq.encode(WORDS)
    assert words.shape == (3, 9)
    assert seq2seq.decode(words) == WORDS
    assert seq2seq.decode(seq2seq.reverse(words)) == [word[::-1] for word in WORDS]
    assert torch.equal(seq2seq.reverse(seq2seq.reverse(words)), words)


def test_random_words_have_the_lengths_asked_for():
    lengths = torch.tensor([3, 1, 7])
    words = seq2seq.random_words(lengths, torch.Generator().manual_seed(0))
    assert torch.equal((words != seq2seq.PAD).sum(1), lengths)
    assert (words[0, 3:] == seq2seq.PAD).all()


def test_shipped_models_reverse_short_words(model):
    assert seq2seq.decode(seq2seq.translate(model, seq2seq.encode(WORDS[:2]))) == ["toob", "a"]


@torch.no_grad()
def test_padding_of_the_source_changes_nothing(model):
    words = seq2seq.encode(WORDS)
    previous = seq2seq.shifted(seq2seq.reverse(words))
    together = model(words, previous)
    for row, word in enumerate(WORDS):
        alone = model(words[row : row + 1, : len(word)], previous[row : row + 1, : len(word)])
        torch.testing.assert_close(together[row, : len(word)], alone[0], rtol=0, atol=1e-4)


@torch.no_grad()
def test_a_step_sees_no_later_letter_of_the_target(model):
    words = seq2seq.encode(["attention"])
    previous = seq2seq.shifted(seq2seq.reverse(words))
    later = previous.clone()
    later[0, 5] = 25
    before, after = model(words, previous), model(words, later)
    torch.testing.assert_close(before[0, :5], after[0, :5])
    assert not torch.allclose(before[0, 5:], after[0, 5:])


def test_alignment_ignores_padding_and_sums_to_one():
    model = seq2seq.build("additive")
    words = seq2seq.encode(WORDS)
    for _, _, alpha in model.steps(words, iter(words.unbind(1))):
        torch.testing.assert_close(alpha.sum(1), torch.ones(3))
        assert (alpha[words == seq2seq.PAD] == 0).all()


def test_positions_are_the_papers():
    table = seq2seq.positions(50, 8)
    for place, pair in ((0, 0), (7, 1), (49, 3)):
        angle = place / 10_000 ** (2 * pair / 8)
        assert table[place, 2 * pair] == pytest.approx(torch.tensor(angle).sin().item(), abs=1e-5)
        assert table[place, 2 * pair + 1] == pytest.approx(
            torch.tensor(angle).cos().item(), abs=1e-5
        )


@pytest.mark.parametrize("kind", seq2seq.KINDS)
def test_training_repeats_and_leaves_the_global_generator_alone(kind):
    state = torch.random.get_rng_state()
    one, two = (seq2seq.train(kind, 2, seed=3, batch_size=4) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), state)
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)
    untouched = seq2seq.train(kind, 2, seed=4, batch_size=4)
    assert not torch.equal(next(one.parameters()), next(untouched.parameters()))


@pytest.mark.parametrize("content", [None, b"", b"not weights", "torn", "other kind"])
def test_damaged_weights_are_refused_in_one_line(tmp_path, content):
    path = tmp_path / "additive.safetensors"
    whole = (seq2seq.PUBLISHED / "additive.safetensors").read_bytes()
    if content == "torn":
        path.write_bytes(whole[:-100])
    elif content == "other kind":
        path.write_bytes((seq2seq.PUBLISHED / "fixed.safetensors").read_bytes())
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(
        CheckpointError, match=r"additive.safetensors does not hold .* train again"
    ) as error:
        seq2seq.load("additive", tmp_path)
    assert "\n" not in str(error.value)


def test_command_line_trains_and_writes_all_three(tmp_path, capsys):
    assert commands.main(["reversal", "--train-steps", "1", "--out", str(tmp_path)]) == 0
    assert {path.stem for path in tmp_path.iterdir()} == set(seq2seq.KINDS)
    for kind in seq2seq.KINDS:
        seq2seq.load(kind, tmp_path)
    assert capsys.readouterr().out.count(str(tmp_path)) == 3


def test_command_line_refuses_zero_steps(tmp_path, capsys):
    assert commands.main(["reversal", "--train-steps", "0", "--out", str(tmp_path)]) == 2
    assert "train_steps" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
