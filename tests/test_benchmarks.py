"""The benchmarks: both pipelines train on the same levels, operations are counted as derived, exponents as fitted."""

import importlib.util
import json
from pathlib import Path

import pytest
import torch

from vaehelpers import data

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(autouse=True)
def beside_one_another(monkeypatch):
    """Let the benchmarks import one another, as they do when run as scripts."""
    monkeypatch.syspath_prepend(FOLDER)


def script(name):
    """Import one of the benchmarks."""
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_textbook_pipeline_has_the_same_levels(tmp_path):
    if data.locate() is None:
        pytest.skip("FashionMNIST is not here")
    training = script("training")
    training.as_torchvision_has_them(tmp_path)
    images = training.torchvision_images(tmp_path)
    theirs = torch.stack([images[i][0] for i in range(20)])
    raw, *_ = data._read_folder(data.locate())
    assert torch.equal(theirs, data.quantise(raw[:20]).long())


def test_operations_are_those_of_the_layers():
    def conv(places, inputs, outputs):
        return 2 * places * 9 * inputs * outputs

    encoder = [
        conv(196, 1, 32),
        conv(196, 32, 32),
        conv(49, 32, 64),
        conv(49, 64, 64),
        conv(16, 64, 64),
    ]
    decoder = [
        conv(16, 64, 64),
        conv(49, 64, 64),
        conv(49, 64, 32),
        conv(196, 32, 32),
        conv(196, 32, 16),
    ]
    linear = 2 * 1024 * 20 * 3
    forward = sum(encoder + decoder) + linear
    by_hand = (
        3 * forward - encoder[0]
    )  # backward costs twice as much, but no gradient goes to the pixels
    assert script("training").flop_per_image() == pytest.approx(by_hand, rel=1e-6)


def test_exponents_are_those_of_a_power_law():
    points = {x: {"seconds": 3 * x**1.5, "bytes": 5e6} for x in (1, 2, 4, 8, 16)}
    scaling = script("scaling")
    assert scaling.exponent(points, "seconds") == pytest.approx(1.5)
    assert scaling.exponent(points, "bytes") == pytest.approx(0, abs=1e-9)


def test_targets_are_judged_by_what_was_recorded(tmp_path, monkeypatch):
    targets = script("targets")
    monkeypatch.setattr(targets, "RESULTS", tmp_path)
    rates = {
        "textbook, 0 workers": 90.0,
        "textbook, 2 workers": 100.0,
        "vaehelpers, practical, compiled": 120.0,
        "vaehelpers, practical, bfloat16": 150.0,
        "vaehelpers, fast, compiled": 110.0,
    }
    limits = {"float32": 2.5, "bfloat16": 5.0}
    cpu = targets.throughput(rates, "cpu", 3, "cpu", limits)
    assert cpu.reached == (
        "1.50 times in bfloat16 (this machine's whole arithmetic: 5.0 times); "
        "1.20 times in float32 (this machine's whole arithmetic: 2.5 times)"
    )
    assert cpu.met is False
    assert targets.throughput(
        rates | {"vaehelpers, practical, bfloat16": 300.0}, "cpu", 3, "cpu", limits
    ).met
    assert targets.throughput(rates, "cuda", 50, "cpu", limits)[1:3] == (
        "not measured in this run",
        None,
    )
    assert targets.time_to_quality(rates)[1:3] == ("benchmarks/quality.py has not run", None)
    for curves, *said in (
        ([[4, 2, 1], [4, 1, 1]], "1/44.0 to 1/88.0, 2 seeds", True),
        ([[4, 2, 1.5], [4, 1, 1]], "not reached in 2 epochs by 1 of 2 seeds", False),
    ):
        found = {"epochs": 2, "practical_80": [4, 1.2], "recipes": {"fast": {"val_bpd": curves}}}
        (tmp_path / "quality.json").write_text(json.dumps(found))
        assert targets.time_to_quality(rates)[1:3] == tuple(said)
    few = {
        name: rates[name]
        for name in rates
        if name == "textbook, 2 workers" or name.endswith("bfloat16")
    }  # --quick
    assert targets.time_to_quality(few)[1:3] == ("not measured in this run", None)
    assert targets.throughput(few, "cpu", 3, "cpu", limits).reached == cpu.reached.split("; ")[0]
    table = targets.table(rates, "cpu", limits)
    assert [line for line in table.splitlines() if "3 times" in line and " missed " in line]
    assert targets.tried("CPU") in table
    assert len(targets.tried("in batch")) > 100
    assert len(targets.tried("CPU")) > 500 < len(targets.tried("1.20"))


def test_operations_are_sorted_by_their_names():
    kind_of = script("breakdown").kind_of
    assert kind_of("aten::convolution_backward") == "convolutions, backward"
    assert kind_of("aten::mkldnn_convolution") == "convolutions, forward"
    assert kind_of("graph_0_cpp_fused__log_softmax_backward_data_1") == "loss"
    assert kind_of("graph_0_cpp_fused_gelu_gelu_backward_1") == "GELU"
    assert kind_of("aten::_fused_adam_") == kind_of("Optimizer.step#Adam.step") == "Adam"
    assert kind_of("aten::copy_") == "all else"


@pytest.mark.parametrize(
    ("way", "peak"),
    [
        ("textbook, 0 workers", "float32"),
        ("vaehelpers, fast, compiled", "float32"),
        ("vaehelpers, practical, bfloat16", "bfloat16"),
    ],
)
def test_each_way_has_the_limit_of_its_numbers(way, peak):
    assert script("training").peak_of(way) == peak
