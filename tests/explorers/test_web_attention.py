"""The translators and the spam filter in the page's JavaScript against PyTorch."""

import math

import pytest
import torch
from javascript import needs_node, run

from vaehelpers.attention import alignment, reversal
from vaehelpers.explorers import tensors
from vaehelpers.published import load_translator

pytestmark = needs_node
WORD = "keyboards"
UNPACK = "const p = unpack(given.model.shapes, bytes(given.model.numbers));\n"


def weights_of(module, *inputs, **options):
    _, weights = module(*inputs, need_weights=True, average_attn_weights=False, **options)
    return weights[0]


@torch.no_grad()
def test_the_transformers_weights_and_letters_are_pytorchs():
    net = load_translator("transformer")
    source = reversal.encode([WORD])
    written = reversal.translate(net, source)
    previous = reversal.shift(written)
    layer, n = net.decoder, source.shape[1]
    x, y = net.inputs(source), net.inputs(previous)
    future = torch.ones(n, n, dtype=torch.bool).triu(1)
    memory = net.encoder(x)
    asking = layer.norm1(y + layer.self_attn(y, y, y, attn_mask=future)[0])
    exact = {
        "source": weights_of(net.encoder.self_attn, x, x, x),
        "written": weights_of(layer.self_attn, y, y, y, attn_mask=future),
        "cross": weights_of(layer.multihead_attn, asking, memory, memory),
    }
    code = UNPACK + "answer(transformer(p, lettersOf(given.word)));"
    found = run(
        code,
        {"tensors": "unpack", "translators": "transformer, lettersOf"},
        model=tensors.of_module(net),
        word=WORD,
    )
    assert found["written"] == written[0].tolist()
    for name, weights in exact.items():
        torch.testing.assert_close(
            torch.tensor(found["attention"][name]["weights"]), weights, rtol=0, atol=1e-4
        )


@torch.no_grad()
def test_the_additive_models_weights_and_letters_are_pytorchs():
    net = load_translator("additive")
    source = reversal.encode([WORD])
    written = reversal.translate(net, source)
    steps = net.steps(source, iter(reversal.shift(written).unbind(1)))
    exact = torch.cat([step.alpha for step in steps])
    code = UNPACK + "answer(additive(p, lettersOf(given.word)));"
    found = run(
        code,
        {"tensors": "unpack", "translators": "additive, lettersOf"},
        model=tensors.of_module(net),
        word=WORD,
    )
    assert found["written"] == written[0].tolist()
    torch.testing.assert_close(torch.tensor(found["weights"]), exact, rtol=0, atol=1e-4)
    _, scores = alignment.scores_of_steps(net, WORD)
    torch.testing.assert_close(torch.tensor(found["scores"]), scores, rtol=0, atol=1e-3)


def test_weights_are_the_softmax_of_the_scores_and_a_masked_score_has_none():
    code = (
        UNPACK
        + "const { attention } = transformer(p, lettersOf(given.word), { temperature: 0.5 });"
        "answer(Object.values(attention).map(({ scores, weights }) => ({ scores, weights })));"
    )
    kinds = run(
        code,
        {"tensors": "unpack", "translators": "transformer, lettersOf"},
        model=tensors.of_module(load_translator("transformer")),
        word=WORD,
    )
    for kind, masked in zip(kinds, (0, 4 * 36, 0), strict=True):  # 36 places lie in the future
        assert str(kind["scores"]).count("None") == masked  # JSON has no infinity
        scores = [
            [[-math.inf if s is None else s for s in row] for row in of] for of in kind["scores"]
        ]
        torch.testing.assert_close(torch.tensor(kind["weights"]), torch.tensor(scores).softmax(-1))


@pytest.mark.parametrize("hidden", [0, 4])
def test_a_hidden_letter_gets_no_weight(hidden):
    net = load_translator("transformer")
    code = UNPACK + "answer(transformer(p, lettersOf(given.word), { hidden: [given.hidden] }));"
    found = run(
        code,
        {"tensors": "unpack", "translators": "transformer, lettersOf"},
        model=tensors.of_module(net),
        word=WORD,
        hidden=hidden,
    )
    for name in ("source", "cross"):
        weights = torch.tensor(found["attention"][name]["weights"])
        assert weights[..., hidden].abs().max() == 0
        torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:2]))
