"""The spam filter in the page's JavaScript: Python's tokens, PyTorch's chance."""

import pytest
import torch
from javascript import needs_node, run
from torch import nn

from vaehelpers.attention import reversal, spam
from vaehelpers.explorers import tensors

pytestmark = needs_node
TEXTS = [
    "Win a PRIZE now!!! £1,000 for you",
    "Don\u2019t miss it, don't; DON`T",
    "naïve café, cafe\u0301",
    "ราคา 50 บาท  ひらがな 漢字kanji",
    "a_b __init__ x²y ½ Ⅳ 12³",
    "emoji 🎉🎉 and  tabs\tand\nlines",
    "",
    "   ",
]


def test_tokens_are_pythons():
    found = run("answer(given.texts.map(tokensOf));", {"spam": "tokensOf"}, texts=TEXTS)
    assert found == [spam.tokenize(text) for text in TEXTS]


class Filter(nn.Module):
    """The classifier that notebook 01 builds."""

    def __init__(self, words, width=32, heads=4, layers=2):
        super().__init__()
        self.embed = nn.Embedding(words, width, padding_idx=spam.PAD)
        sizes = {"dropout": 0.0, "batch_first": True, "norm_first": True}
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, 2 * width, **sizes) for _ in range(layers)
        )
        self.logit = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 1))

    def forward(self, ids):
        x = self.embed(ids) + reversal.positions(ids.shape[1], self.embed.embedding_dim)
        for layer in self.layers:
            x = layer(x)
        return self.logit(x[:, 0]).squeeze(1)


@torch.no_grad()
@pytest.mark.parametrize("text", ["win a prize now", "meet you at 1 pm, " * 40])
def test_the_chance_is_pytorchs(text):
    vocabulary = spam.Vocabulary(
        ["win a prize now", "win a prize at 5", "meet you at 1 pm now"] * 2
    )
    torch.manual_seed(1)
    model = Filter(len(vocabulary)).eval()
    exact = float(model(torch.tensor([vocabulary.ids(text)])).sigmoid())
    code = (
        "const p = unpack(given.model.shapes, bytes(given.model.numbers));"
        "const places = placesOf(tokensOf(given.text), given.words);"
        "answer({ places, chance: chanceOfSpam(p, places, { heads: 4, layers: 2 }) });"
    )
    found = run(
        code,
        {"spam": "tokensOf, placesOf, chanceOfSpam", "tensors": "unpack"},
        model=tensors.of_module(model),
        words=vocabulary.words,
        text=text,
    )
    assert found["places"] == vocabulary.ids(text)
    assert found["chance"] == pytest.approx(exact, abs=1e-5)


def test_it_says_of_a_mail_what_python_says():
    vocabulary = spam.Vocabulary(["call now and win money"] * 2)
    mails = [
        "",
        "call now!",
        "win money today or tomorrow",
        "\u03b5\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac",
        "\U0001f600 \U0001f600",
        "123 456",
        "call " * 200,
    ]
    code = (
        "const words = new Set(given.words);"
        "answer(given.mails.map((mail) => judge(mail, words, given.threshold, () => 0.25)));"
    )
    words = list(vocabulary.index)
    for threshold in (0.2, 0.5):
        found = run(code, {"spam": "judge"}, words=words, mails=mails, threshold=threshold)
        assert found == [spam.judge(mail, lambda _: 0.25, vocabulary, threshold) for mail in mails]
