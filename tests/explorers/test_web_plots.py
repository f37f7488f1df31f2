"""What the page's plots are made of, in its JavaScript against Python."""

import math
from itertools import pairwise

import pytest
import torch
from javascript import needs_node, run

from vaehelpers.attention.masking import MASKS
from vaehelpers.explorers import tensors
from vaehelpers.published import load_translator

pytestmark = needs_node


def test_the_kl_and_its_integrand_are_the_closed_form():
    q, p = torch.distributions.Normal(1.3, 0.6), torch.distributions.Normal(-0.4, 2.1)
    x = torch.linspace(-12, 12, 4801, dtype=torch.float64)
    names = {"gaussian_explorer": "integrand, klOfGaussians"}
    code = (
        "answer({ kl: klOfGaussians(given.q, given.p),"
        " parts: given.x.map((x) => integrand(x, given.q, given.p)) });"
    )
    given = {"q": {"mean": 1.3, "std": 0.6}, "p": {"mean": -0.4, "std": 2.1}}
    found = run(code, names, x=x.tolist(), **given)
    exact = float(torch.distributions.kl_divergence(q, p))
    assert found["kl"] == pytest.approx(exact, rel=1e-5)
    assert sum(found["parts"]) * 0.005 == pytest.approx(exact, rel=1e-5)


def test_shares_of_prior_samples_are_bayes_rule():
    z = torch.randn(50, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    mean, std = torch.tensor([0.7, -0.3], dtype=torch.float64), 0.3
    noise = std / math.sqrt(1 - std**2)
    x = mean * (1 + noise**2)
    log_p = torch.distributions.Normal(z, noise).log_prob(x).sum(1)
    found = run(
        "answer(sharesOf(given.z, given.mean, given.std));",
        {"prior_explorer": "sharesOf"},
        z=z.tolist(),
        mean=mean.tolist(),
        std=std,
    )
    share = log_p.softmax(0)
    assert found["share"] == pytest.approx(share.tolist(), abs=1e-12)
    assert found["effective"] == pytest.approx(float(1 / (share**2).sum()))
    assert found["estimate"] == pytest.approx(float(log_p.logsumexp(0)) - math.log(50))
    exact = torch.distributions.Normal(0, math.sqrt(1 + noise**2)).log_prob(x).sum()
    assert found["exact"] == pytest.approx(float(exact))


def test_pathwise_gradients_are_autograds():
    noise = torch.randn(30, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    mean = torch.tensor(1.2, dtype=torch.float64, requires_grad=True)
    std = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    loss = ((mean + std * noise) ** 2).mean()
    loss.backward()
    found = run(
        "answer(pathwise(given, given.noise));",
        {"paths_explorer": "pathwise"},
        mean=1.2,
        std=0.4,
        noise=noise.tolist(),
    )
    exact = (loss.item(), float(mean.grad), float(std.grad))
    assert (found["loss"], found["ofMean"], found["ofStd"]) == pytest.approx(exact)


@pytest.mark.parametrize("mask", MASKS)
def test_masks_hide_what_pythons_hide(mask):
    offset = torch.arange(6) - torch.arange(6)[:, None]
    visible = MASKS[mask](offset)
    code = (
        "const p = unpack(given.model.shapes, bytes(given.model.numbers));"
        "answer(transformer(p, lettersOf('letter'), { mask: given.mask }).attention);"
    )
    names = {"tensors": "unpack", "translators": "transformer, lettersOf"}
    model = tensors.of_module(load_translator("transformer"))
    found = run(code, names, model=model, mask=mask)
    past = MASKS["past and present"](offset)
    for kind, seen in (("source", visible), ("written", visible & past), ("cross", visible)):
        weights = torch.tensor(found[kind]["weights"])
        assert (weights[:, ~seen] == 0).all()
        assert (weights[:, seen] > 0).all()


def test_where_nothing_is_seen_no_weight_is_given():
    code = "answer(softmaxOf([-Infinity, -Infinity]));"
    assert run(code, {"tensors": "softmaxOf"}) == [0, 0]


def test_a_stroke_is_soft_at_its_edge_and_ends_there():
    code = "answer(stroked(new Array(784).fill(0), [10, 4], 15));"
    image = torch.tensor(run(code, {"bound_explorer": "stroked"})).view(28, 28)
    assert image[10, 4] == 15
    beside = image[[9, 10, 10, 11], [4, 3, 5, 4]]
    assert ((beside > 0) & (beside < 15)).all()
    assert (image[9:12, 3:6] > 0).sum() == (image > 0).sum()


def test_a_round_frame_holds_its_box_and_has_one_scale():
    code = "answer(given.boxes.map(([low, high]) => roundFrame(low, high)));"
    boxes = [[[-3, -3], [3, 3]], [[0, 1], [10, 2]], [[0.99, -2], [1.01, 5]]]
    found = run(code, {"plot": "roundFrame"}, boxes=boxes)
    for (low, high), frame in zip(boxes, found, strict=True):
        x, y = frame["x"], frame["y"]
        assert (x[1] - x[0]) / (y[1] - y[0]) == pytest.approx(348 / 212)  # the plot's inside
        for d, (begin, end) in enumerate((x, y)):
            assert begin <= low[d] + 1e-12
            assert end >= high[d] - 1e-12


def test_ticks_are_round_few_and_inside():
    code = "answer(given.ranges.map(([low, high]) => ticksBetween(low, high)));"
    ranges = [[-3, 3], [0, 1], [-1.7131, -1.4922], [0.034, 0.0391], [-250, 812], [2.999, 3.0011]]
    found = run(code, {"plot": "ticksBetween"}, ranges=ranges)
    for (low, high), ticks in zip(ranges, found, strict=True):
        assert 3 <= len(ticks) <= 7
        steps = [after - before for before, after in pairwise(ticks)]
        assert steps == pytest.approx([steps[0]] * len(steps))
        assert low <= ticks[0] <= ticks[-1] <= high
        assert all(len(str(abs(tick)).replace(".", "").strip("0")) <= 5 for tick in ticks)


def test_the_posteriors_explorer_reads_points_as_svg_writes_them():
    code = "answer(pointsIn(given.text));"
    found = run(code, {"posterior_explorer": "pointsIn"}, text="-1.5,2e-05 0.25,3")
    assert found == [[-1.5, 2e-05], [0.25, 3]]
