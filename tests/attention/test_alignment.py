"""The scores of additive attention are those of the model's own steps."""

import torch

from vaehelpers.attention import alignment, reversal


def test_scores_give_the_weights_of_the_model():
    torch.manual_seed(0)
    model = reversal.build_translator("additive")
    written, scores = alignment.scores_of_steps(model, "letters")
    assert written == "srettel"
    assert scores.shape == (7, 7)
    source = reversal.encode(["letters"])
    seen = reversal.shift(reversal.encode(["srettel"]))
    for row, step in zip(scores, model.steps(source, iter(seen.unbind(1))), strict=True):
        torch.testing.assert_close(row.softmax(dim=0), step.alpha[0])
        assert not row.requires_grad
