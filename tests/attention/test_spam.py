"""Around the spam filter: tokens, vocabulary, scores, threshold, training, verdict on any text."""

import math
import time

import pytest
import torch
from torch import nn

from vaehelpers.attention import mail, spam

TEXTS = ["Win a prize now!", "win the prize", "meet me at 9", "meet me at noon, don't wait"]


@pytest.fixture(scope="module")
def vocabulary():
    """The vocabulary of four short texts: at, me, meet, prize, win."""
    return spam.Vocabulary(TEXTS)


def test_tokens():
    assert spam.tokenize("Don't PAY $12,000!") == ["don't", "pay", "$", "12", ",", "000", "!"]
    assert spam.tokenize("Καλημέρα κόσμε") == ["καλημέρα", "κόσμε"]
    assert spam.tokenize("恭喜 ok") == ["恭", "喜", "ok"]
    assert spam.tokenize(" \n") == []


def test_examples_are_the_shortest_of_each_kind_and_label():
    mails = [mail.Mail("a long  mail\nindeed", 1), mail.Mail("short", 1), mail.Mail("hello", 0)]
    assert spam.examples(mails, ["plain"]) == ["plain, spam: short", "plain, real: hello"]
    assert spam.examples(mails[::2], ["plain"], longest=11)[0] == "plain, spam: a long mail"


def test_examples_of_order_are_a_pair_with_the_same_words():
    texts = ["wait", "do a, not b", "do c, not d", "do b, not a"]
    mails = [
        mail.Mail(text, label, "order") for text, label in zip(texts, (1, 1, 0, 0), strict=True)
    ]
    expected = ["order, spam: do a, not b", "order, real: do b, not a"]
    assert spam.examples(mails, ["order"]) == expected
    unpaired = spam.examples(mails[:3], ["order"])
    assert unpaired == ["order, spam: wait", "order, real: do c, not d"]


def test_a_word_is_the_same_however_it_was_typed():
    for apostrophe in "\u2019\u2018\u02bc\uff07`\u00b4":
        assert spam.tokenize(f"DON{apostrophe}T") == ["don't"]
    assert spam.tokenize("\u2018no\u2019") == spam.tokenize("'no'") == ["'", "no", "'"]
    assert spam.tokenize("cafe\u0301") == spam.tokenize("caf\u00e9") == ["caf\u00e9"]


def test_training_mails_and_judged_texts_may_differ_in_their_apostrophes():
    typed, printed = "don't wait", "don\u2019t wait"
    for trained, judged in ((typed, printed), (printed, typed)):
        vocabulary = spam.Vocabulary([trained] * 2)
        assert "don't" in vocabulary.words
        assert vocabulary.ids(judged) == vocabulary.ids(trained)
        assert spam.UNKNOWN not in vocabulary.ids(judged)
        assert spam.judge(judged, lambda text: 0.9, vocabulary, 0.5).startswith("spam: p(spam)")


def test_vocabulary_keeps_what_occurs_in_two_mails(vocabulary):
    assert vocabulary.words == [*spam.SPECIAL, "at", "me", "meet", "prize", "win"]
    ids = vocabulary.batch(["win 77 stars", "meet"])
    assert ids.tolist() == [
        [spam.CLS, 8, spam.NUMBER, spam.UNKNOWN],
        [spam.CLS, 6, spam.PAD, spam.PAD],
    ]


def test_long_texts_are_cut(vocabulary):
    assert len(vocabulary.ids("win " * 10_000)) == spam.LONGEST
    beyond = "win " * (spam.LONGEST - 1) + "beyond"
    assert spam.Vocabulary([beyond] * 2).words == [*spam.SPECIAL, "win"]


def test_scores_and_threshold_by_brute_force():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(2, (200,), generator=generator).float()
    p = labels * 0.4 + torch.rand(200, generator=generator) * 0.6
    p = p.double().round(decimals=2)

    def price(threshold, cost):
        false_positives = false_negatives = 0
        for probability, label in zip(p, labels, strict=True):
            false_positives += int(probability > threshold and label == 0)
            false_negatives += int(probability <= threshold and label == 1)
        counts = spam.score(p, labels, threshold)
        assert counts.false_positive == false_positives
        assert counts.false_negative == false_negatives
        return cost * false_positives + false_negatives

    for cost in (0.1, 1, 10):
        best = min(price(i / 200, cost) for i in range(201))
        assert price(spam.best_threshold(p, labels, cost), cost) == pytest.approx(best)
    assert spam.best_threshold(p, labels, 100) > spam.best_threshold(p, labels, 0.01)


def test_where_false_positives_cost_much_nothing_is_called_spam():
    probabilities = torch.tensor([0.6, 0.7, 0.8])
    labels = torch.tensor([1.0, 1.0, 0.0])
    assert 0.8 < spam.best_threshold(probabilities, labels, 10) < 1


def test_precision_and_recall():
    probabilities = torch.tensor([0.9, 0.8, 0.2, 0.1])
    labels = torch.tensor([1.0, 0.0, 1.0, 0.0])
    counts = spam.score(probabilities, labels, 0.5)
    assert (counts.precision, counts.recall) == (0.5, 0.5)


def test_a_share_of_nothing_is_no_number():
    probabilities = torch.tensor([0.1, 0.2])
    nothing_called = spam.score(probabilities, torch.tensor([1.0, 0.0]), 0.5)
    assert math.isnan(nothing_called.precision)
    assert nothing_called.recall == 0
    no_spam = spam.score(probabilities, torch.zeros(2), 0.1)
    assert math.isnan(no_spam.recall)
    assert no_spam.precision == 0


def test_no_texts_have_no_probabilities(vocabulary):
    assert spam.probabilities(spam.BagOfWords(len(vocabulary)), vocabulary, []).shape == (0,)


def test_threshold_of_equal_probabilities_is_half():
    assert spam.best_threshold(torch.full((4,), 0.3), torch.tensor([0.0, 1, 0, 0]), 10) == 0.5


def test_bag_of_words_ignores_order_repetition_padding_and_cls():
    torch.manual_seed(0)
    bag = spam.BagOfWords(9)
    nn.init.normal_(bag.linear.weight)
    one = bag(torch.tensor([[spam.CLS, 5, 6, 7]]))
    torch.testing.assert_close(one, bag(torch.tensor([[spam.CLS, 7, 5, 6, 6, spam.PAD]])))
    assert not torch.allclose(one, bag(torch.tensor([[spam.CLS, 5, 6, 8]])))


def test_noise_hides_and_drops_words_and_keeps_order_and_cls():
    ids = torch.arange(4, 204).repeat(50, 1)
    ids[:, 0] = spam.CLS
    ids[:, 150:] = spam.PAD
    shown = spam.add_noise(ids, 0.1, torch.Generator().manual_seed(0))
    assert (shown[:, 0] == spam.CLS).all()
    for row in shown:
        length = int((row != spam.PAD).sum())
        assert (row[length:] == spam.PAD).all()
        words = row[1:length][row[1:length] != spam.UNKNOWN]
        assert (words.diff() > 0).all()
    share_hidden = float((shown == spam.UNKNOWN).double().mean())
    assert share_hidden == pytest.approx(0.1 * 149 / 200, abs=0.01)
    mean_length = float((shown != spam.PAD).sum(1).double().mean())
    assert mean_length == pytest.approx(1 + 0.9 * 149, abs=2)
    assert torch.equal(spam.add_noise(ids, 0.0, torch.Generator()), ids)


def test_batches_hold_each_mail_once_and_need_little_padding():
    lengths = torch.randint(2, 60, (1000,), generator=torch.Generator().manual_seed(1))
    parts = spam.batches(lengths, 64, torch.Generator().manual_seed(2))
    assert torch.cat(parts).sort().values.tolist() == list(range(1000))
    assert sorted(map(len, parts)) == [1000 - 15 * 64] + 15 * [64]
    padded = sum(len(part) * int(lengths[part].max()) for part in parts)
    assert padded < 1.15 * int(lengths.sum())
    means = [float(lengths[part].float().mean()) for part in parts]
    assert means != sorted(means)


def test_batches_repeat_with_the_seed_and_differ_with_another():
    lengths = torch.randint(2, 60, (1000,), generator=torch.Generator().manual_seed(1))
    first, again, other = (
        spam.batches(lengths, 64, torch.Generator().manual_seed(seed)) for seed in (2, 2, 3)
    )
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    members = set(first[0].tolist())
    assert not any(set(part.tolist()) == members for part in other)


def test_training_learns_plain_mails_and_repeats():
    mails = [each for each in mail.generate("train", 400, 0) if each.kind == "plain"]
    vocabulary = spam.Vocabulary([each.text for each in mails])

    def train():
        bag = spam.BagOfWords(len(vocabulary))
        nn.init.zeros_(bag.linear.bias)
        return list(spam.train_filter(bag, vocabulary, mails, 4, seed=1, lr=3e-2)), bag

    losses, bag = train()
    again, _ = train()
    assert losses == again
    assert losses[-1] < losses[0] / 2
    fresh = [each for each in mail.generate("test", 200, 0) if each.kind == "plain"]
    texts = [each.text for each in fresh]
    called_spam = spam.probabilities(bag, vocabulary, texts, batch_size=7) > 0.5
    is_right = called_spam == (spam.labels_of(fresh) == 1)
    assert is_right.double().mean() > 0.8


def test_every_verdict_is_one_clear_line_and_quick(vocabulary):
    def judge(text):
        """Return the verdict on a text at a probability of 3/4, and see that it is quick."""
        started = time.perf_counter()
        said = spam.judge(text, lambda text: 0.75, vocabulary, 0.5)
        assert time.perf_counter() - started < 1
        assert "\n" not in said
        return said

    assert judge("win prize") == "spam: p(spam) = 0.750, threshold 0.500."
    assert spam.judge("win prize", lambda text: 0.5, vocabulary, 0.5).startswith("not spam")
    for empty in ("", " \n\t"):
        assert judge(empty).startswith("Nothing to classify")
    for binary in ("\x89PNG\x00\x1a", "win \ud800 prize", "a\x07"):
        assert judge(binary).startswith("This is not the text of a mail")
    for foreign in ("Συγχαρητήρια", "恭喜您获得大奖", "مبروك", "!!!", "12 34"):
        assert judge(foreign).startswith("None of the words occurs")
    assert "of 3 words" not in judge("win the prize")
    assert "4 of 5 words" in judge("win alpha beta gamma delta")
    what_is_not_read = " win prize"
    assert "None of the words" in judge("!" * 200 + what_is_not_read)
    assert judge(" " * 30_000 + "win").startswith("spam")
    assert judge("win\x0b\x0cprize\x92 \U0001fae8").startswith("spam")
    own = spam.Vocabulary(["don't \U0001f389"] * 2)
    assert spam.judge("don't", lambda text: 0.9, own, 0.5).startswith("spam")
    assert spam.judge("\U0001f389", lambda text: 0.9, own, 0.5).startswith("spam")
    for long in ("win " * 25_000, "win " * 1_250_000):
        assert judge(long).endswith(f"only its first {spam.LONGEST - 1} tokens were read.")
