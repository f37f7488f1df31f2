"""A training step, and its launch as a CUDA graph, of which a stand-in shows here what is copied, run and replayed."""

import contextlib

import torch

from vaehelpers.model import seeded_vae
from vaehelpers.step import Graph, Step, set_rate


def test_a_step_is_that_of_autograd_and_leaves_no_gradients():
    one, two = (seeded_vae(0, 4, 2) for _ in range(2))
    imgs, eps = torch.randint(16, (8, 1, 28, 28), dtype=torch.uint8), torch.randn(8, 2)
    recon, kl = Step(one.per_image, [torch.optim.SGD(one.parameters(), 0.1)], beta=3.0)(imgs, eps)
    L_rec, L_reg = (part.mean() for part in two.per_image(imgs, eps))
    assert [recon, kl] == [L_rec, L_reg]
    gradients = torch.autograd.grad(L_rec + 3 * L_reg, list(two.parameters()))
    for stepped, start, gradient in zip(one.parameters(), two.parameters(), gradients, strict=True):
        torch.testing.assert_close(stepped, start - 0.1 * gradient)
        assert stepped.grad is None


def test_a_rate_changes_where_a_graph_would_look():
    in_place, plain = {"lr": torch.tensor(1.0)}, {"lr": 1.0}
    seen = in_place["lr"]
    for group in (in_place, plain):
        set_rate(group, 0.25)
        assert group["lr"] == 0.25
    assert in_place["lr"] is seen


def test_a_graph_runs_three_times_records_once_and_replays(monkeypatch):
    done = []

    def double(x):
        done.append("run")
        return 2 * x

    class Recording:
        def replay(self):
            done.append("replay")
            graph.output.copy_(2 * graph.inputs[0])

        def wait_stream(self, other):
            """Stand in for a stream, too."""

    for name, stand_in in {
        "CUDAGraph": Recording,
        "Stream": Recording,
        "current_stream": Recording,
        "graph": contextlib.nullcontext,
        "stream": contextlib.nullcontext,
    }.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    graph = Graph(double)
    values = [torch.tensor([float(value)]) for value in range(6)]
    assert [float(graph(value)) for value in values] == [0, 2, 4, 6, 8, 10]
    assert done == ["run"] * 4 + ["replay"] * 3
    assert [float(value) for value in values] == [0, 1, 2, 3, 4, 5]
