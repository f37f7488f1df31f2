"""A training step, and a step as a CUDA graph, with a stand-in for what records and replays it."""

import contextlib
from types import SimpleNamespace

import pytest
import torch
from conftest import lively

from vaehelpers import TrainConfig
from vaehelpers.training import step as step_module
from vaehelpers.training.step import CudaGraphed, Step, is_in_graph, training_step
from vaehelpers.vae import seeded_vae


def batch():
    """Return eight random images and their noise."""
    return torch.randint(16, (8, 1, 28, 28), dtype=torch.uint8), torch.randn(8, 2)


def test_a_step_is_that_of_autograd_and_leaves_no_gradients():
    stepped, start = (seeded_vae(0, 4, 2) for _ in range(2))
    imgs, eps = batch()
    step = Step(stepped.losses, [torch.optim.SGD(stepped.parameters(), 0.1)], beta=3.0)
    recon, kl = step(imgs, eps)
    L_rec, L_reg = (part.mean() for part in start.per_image(imgs, eps))
    assert [recon, kl] == [L_rec, L_reg]
    gradients = torch.autograd.grad(L_rec + 3 * L_reg, list(start.parameters()))
    for after, before, gradient in zip(
        stepped.parameters(), start.parameters(), gradients, strict=True
    ):
        torch.testing.assert_close(after, before - 0.1 * gradient)
        assert after.grad is None


@pytest.fixture
def bfloat16_here(monkeypatch):
    """Have every processor count as one with instructions for bfloat16."""
    monkeypatch.setattr(step_module, "multiplies_bfloat16", lambda device: True)


def test_without_instructions_for_bfloat16_training_says_so_and_computes_in_32_bits(monkeypatch):
    monkeypatch.setattr(step_module, "multiplies_bfloat16", lambda device: False)
    model = lively(2)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with pytest.warns(UserWarning, match="training in float32: this processor has no") as said:
        step = training_step(model, [optimizer], TrainConfig(precision="bfloat16"))
    assert len(said) == 1
    imgs, eps = batch()
    exact = torch.stack([part.mean() for part in lively(2).losses(imgs, eps)])
    assert torch.equal(step(imgs, eps), exact)


@pytest.mark.usefixtures("bfloat16_here")
def test_the_configuration_says_what_a_step_is():
    imgs, eps = batch()
    losses = {}
    for precision in ("float32", "bfloat16"):
        model = lively(2)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        step = training_step(model, [optimizer], TrainConfig(beta=7, precision=precision))
        assert isinstance(step, Step)
        assert step.beta == 7
        losses[precision] = step(imgs, eps)
        assert losses[precision].dtype == torch.float32
    exact = torch.stack([part.mean() for part in lively(2).losses(imgs, eps)])
    assert torch.equal(losses["float32"], exact)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = torch.stack([part.mean() for part in lively(2).losses(imgs, eps)])
    assert torch.equal(losses["bfloat16"], rounded)
    assert not torch.equal(rounded, exact)
    torch.testing.assert_close(rounded, exact, rtol=2e-2, atol=1e-3)


@pytest.mark.parametrize("device", ["cpu", "cuda", "mps"])
def test_only_steps_on_a_cuda_device_are_a_graph(device):
    assert is_in_graph(torch.device(device)) == (device == "cuda")


@pytest.mark.usefixtures("bfloat16_here")
@pytest.mark.parametrize(
    ("device", "precision", "is_compiled"),
    [
        ("cpu", "float32", True),
        ("cpu", "bfloat16", True),
        ("cuda", "float32", True),
        ("cuda", "bfloat16", False),
    ],
)
def test_torch_compiles_what_it_has_right_gradients_of(monkeypatch, device, precision, is_compiled):
    compiled = []

    def note(function, device):
        compiled.append((function, device))
        return function

    monkeypatch.setattr(step_module, "compile_if_possible", note)
    monkeypatch.setattr(torch.cuda, "Stream", object)
    model = SimpleNamespace(device=torch.device(device), losses=object())
    training_step(model, [], TrainConfig(precision=precision))
    assert not compiled
    step = training_step(model, [], TrainConfig(precision=precision, compiled=True))
    assert len(compiled) == is_compiled
    assert type(step) is (CudaGraphed if device == "cuda" else Step)
    inner = step.function if device == "cuda" else step
    if precision == "float32":
        assert compiled == [(model.losses, model.device)]
        assert inner.loss is model.losses


def test_a_graph_runs_three_times_records_once_and_replays(monkeypatch):
    done = []

    def double(x):
        done.append("run")
        return 2 * x

    class Recording:
        """Stand in for a graph and for a stream."""

        def replay(self):
            done.append("replay")
            graph.output.copy_(2 * graph.inputs[0])

        def wait_stream(self, other):
            pass

    stand_ins = {
        "CUDAGraph": Recording,
        "Stream": Recording,
        "current_stream": Recording,
        "graph": lambda graph, stream: contextlib.nullcontext(streams.append(stream)),
        "stream": contextlib.nullcontext,
    }
    for name, stand_in in stand_ins.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    streams = []
    graph = CudaGraphed(double)
    values = [torch.tensor([float(value)]) for value in range(6)]
    assert [float(graph(value)) for value in values] == [0, 2, 4, 6, 8, 10]
    assert done == ["run"] * 4 + ["replay"] * 3
    assert streams == [graph.stream]
    assert [float(value) for value in values] == [0, 1, 2, 3, 4, 5]
