"""The benchmarks: same levels in both pipelines, operations as derived, exponents as fitted."""

import importlib
import json
import pkgutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from public_names import is_public, used_names

import vaehelpers
from vaehelpers import load_checkpoint, quantise
from vaehelpers.data import fashion_mnist
from vaehelpers.errors import SettingError
from vaehelpers.training import RECIPES

FOLDER = Path(__file__).parents[1] / "benchmarks"
FILES = sorted(FOLDER.glob("*.py"))
NO_SCRIPTS = ("common", "targets", "textbook")
NEEDED = {"explorer": ["playwright"], "peers": ["lightning", "pythae"]}
# What is not installed with the package itself.
JUPYTER = ("IPython", "ipykernel", "ipywidgets", "jupyterlab", "nbformat", "papermill", "traitlets")
RATES = {
    "textbook, 0 workers": 90.0,
    "textbook, 2 workers": 100.0,
    "images in memory": 110.0,
    "vaehelpers, practical, compiled": 120.0,
    "vaehelpers, practical, bfloat16": 150.0,
    "vaehelpers, fast, compiled": 110.0,
}
LIMITS = {way: 500.0 if way.endswith("bfloat16") else 160.0 for way in RATES}


@pytest.fixture(autouse=True)
def beside_one_another(monkeypatch):
    """Let the benchmarks import one another, as they do when run as scripts."""
    monkeypatch.syspath_prepend(FOLDER)


@pytest.fixture
def targets(tmp_path, monkeypatch):
    """The module, with an empty folder of results."""
    monkeypatch.setattr(script("common"), "RESULTS", tmp_path)
    return script("targets")


def script(name):
    """Import one of the benchmarks."""
    return importlib.import_module(name)


def test_no_benchmark_is_called_like_a_module_of_the_package():
    found = pkgutil.walk_packages(vaehelpers.__path__, "vaehelpers.")
    modules = {module.name.rpartition(".")[2] for module in found}
    assert {"core", "training", "step"} <= modules
    assert {file.stem for file in FILES} & modules == set()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_benchmarks_use_public_names_only(file):
    private = [used for used in used_names(file.read_text()) if not is_public(*used)]
    assert private == []


def test_the_notebook_with_the_explorers_uses_public_names_only():
    pytest.importorskip("playwright")
    explorer = script("explorer")
    source = "\n".join([explorer.SETUP, *explorer.CELLS.values()])
    used = set(used_names(source))
    assert ("vaehelpers.explorers.walk", "over_prior") in used
    assert [name for name in used if not is_public(*name)] == []


@pytest.mark.parametrize(
    ("module", "name", "expected"),
    [
        ("vaehelpers", "VAE", True),
        ("vaehelpers", "training", True),
        ("vaehelpers", "cli", False),  # not listed
        ("vaehelpers.data", "load_data", True),
        ("vaehelpers.data", "drawn", False),  # a module that its room does not list
        ("vaehelpers.data.drawn", "draw_dataset", False),
        ("vaehelpers.training.step", "Step", True),  # of a module that its room lists
        ("vaehelpers.training.step", "Tensor", False),  # imported there
        ("vaehelpers.training.step", "nothing", False),
        ("vaehelpers.explorers.walk", "VIEWS", True),
        ("vaehelpers.training.checkpoint", "_places", False),
        ("torch", "nn", False),
    ],
)
def test_public_is_what_a_stub_lists_and_what_a_listed_module_defines(module, name, expected):
    assert is_public(module, name) is expected


def test_used_names_are_imports_and_attributes_of_imported_modules():
    source = """
import torch, vaehelpers.core
from vaehelpers import data, vae as model
from vaehelpers.training import checkpoint

def count(data):
    return data.images  # an argument, no module

vaehelpers.core.progress.measure(torch.nn)
model.VAE().train()
checkpoint._places
"""
    assert set(used_names(source)) == {
        ("vaehelpers", "core"),
        ("vaehelpers", "data"),
        ("vaehelpers", "vae"),
        ("vaehelpers.training", "checkpoint"),
        ("vaehelpers.core", "progress"),
        ("vaehelpers.core.progress", "measure"),
        ("vaehelpers.vae", "VAE"),
        ("vaehelpers.training.checkpoint", "_places"),
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_benchmark_imports_and_says_in_one_line_what_it_is(file):
    for package in NEEDED.get(file.stem, ()):
        pytest.importorskip(package)
    module = script(file.stem)
    assert len(module.__doc__.split("\n")[0]) <= 100
    assert hasattr(module, "main") is (file.stem not in NO_SCRIPTS)


def test_the_gpu_benchmark_needs_no_jupyter():
    program = f"""
import runpy, sys
sys.modules.update(dict.fromkeys({JUPYTER}))
sys.argv = ["gpu.py", "--help"]
runpy.run_path({str(FOLDER / "gpu.py")!r}, run_name="__main__")
"""
    environment = {"PYTHONPATH": str(FOLDER), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "folder of gpu.json" in done.stdout


def test_results_and_their_provenance_are_read_as_they_were_written(tmp_path):
    common = script("common")
    assert common.read_result("mine.json", tmp_path) is None
    result = {"seconds": 1.5, **common.ran_on(torch.device("cpu"), "torchvision")}
    common.write_result("mine.json", result, tmp_path)
    found = common.read_result("mine.json", tmp_path)
    assert found == result
    assert found["versions"]["torchvision"]
    assert found["hardware"]["device"] == "cpu"


def test_the_textbook_pipeline_has_the_same_levels(tmp_path):
    if fashion_mnist.locate() is None:
        pytest.skip("FashionMNIST is not here")
    textbook = script("textbook")
    textbook.as_torchvision_has_them(tmp_path)
    images = textbook.torchvision_images(tmp_path)
    theirs = torch.stack([images[i][0] for i in range(20)])
    raw, *_ = fashion_mnist.read_pixels(fashion_mnist.locate())
    assert torch.equal(theirs, quantise(raw[:20]).long())


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
    # Backward costs twice as much, but no gradient goes to the pixels.
    by_hand = 3 * forward - encoder[0]
    assert script("throughput").flop_per_image() == pytest.approx(by_hand, rel=1e-6)


def test_exponents_are_those_of_a_power_law():
    points = {x: {"seconds": 3 * x**1.5, "bytes": 5e6} for x in (1, 2, 4, 8, 16)}
    scaling = script("scaling")
    assert scaling.exponent(points, "seconds") == pytest.approx(1.5)
    assert scaling.exponent(points, "bytes") == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("knob", "value"),
    [("batch_size", 8), ("z_dim", 2), ("num_filters", 8), ("samples", 10), ("images", 4)],
)
def test_every_size_can_be_measured(monkeypatch, knob, value):
    scaling = script("scaling")
    monkeypatch.setattr(scaling, "SECONDS", 0)
    found = scaling.point(knob, value, torch.device("cpu"))
    assert found["seconds"] > 0
    assert found["bytes"] >= 0


@pytest.mark.parametrize(
    ("rates", "device", "reached", "met"),
    [
        (
            RATES,
            "cpu",
            "75% (vaehelpers, practical, compiled: 1.20 times the textbook's images per second)",
            True,
        ),
        (
            {"textbook, 2 workers": 50.0, "vaehelpers, practical": 100.0},  # --quick
            "cpu",
            "62% (vaehelpers, practical: 2.00 times the textbook's images per second)",
            False,
        ),
        ({"vaehelpers, practical, bfloat16": 400.0}, "cpu", "not measured in this run", None),
        (RATES, "cuda", "not measured in this run", None),
    ],
)
def test_a_cpu_is_judged_by_its_share_of_the_arithmetic_in_32_bits(
    targets, rates, device, reached, met
):
    limits = dict.fromkeys(rates, 160.0)
    row = targets.share_of_arithmetic(rates, limits, device)
    assert row.reached == reached
    assert row.met is met


def test_what_of_the_gain_is_the_loaders_and_what_the_steps():
    said = script("throughput").gains(RATES)
    assert said.startswith("images in memory: 1.10 times the textbook's; beside that 1.09 (vaeh")


def test_a_run_on_a_gpu_is_judged_by_its_fastest_whole_run(targets, tmp_path):
    assert targets.on_a_gpu().reached == "benchmarks/gpu.py has not run"
    runs = [("practical", 80, 43.2), ("practical", 2, 3.0), ("best", 80, 20.0)]
    keys = ("recipe", "epochs", "seconds")
    rows = [dict(zip(keys, run, strict=True)) for run in runs]
    machine = {"hardware": {"device": "cuda", "name": "a card"}}
    (tmp_path / "gpu.json").write_text(json.dumps({"time": rows, **machine}))
    row = targets.on_a_gpu()
    assert row.reached == "43 s on a card, recorded"
    assert row.met is False
    stages = {"practical": rows[0] | {"seconds": 28.4}, "practical compiled": {"error": "why"}}
    (tmp_path / "gpu.json").write_text(json.dumps({**stages, **machine}))
    row = targets.on_a_gpu()
    assert row.reached == "28 s on a card, recorded"
    assert row.met is True


@pytest.mark.parametrize(
    ("curves", "reached", "met"),
    [
        (
            [[4, 2, 1], [4, 1, 1]],
            "1/44.0 to 1/88.0, 2 seeds (vaehelpers, fast, compiled)",
            True,
        ),
        ([[4, 2, 1.5], [4, 1, 1]], "not reached by 1 of 2 seeds", False),
    ],
)
def test_time_to_quality_is_judged_by_what_was_recorded(targets, tmp_path, curves, reached, met):
    unknown = targets.time_to_quality(RATES)
    assert unknown.reached == "benchmarks/quality.py has not run"
    assert unknown.met is None
    found = {"practical_80": [4, 1.2], "recipes": {"fast": {"val_bpd": curves}}}
    (tmp_path / "quality.json").write_text(json.dumps(found))
    row = targets.time_to_quality(RATES)
    assert row.reached == reached
    assert row.met is met
    quick = {"textbook, 2 workers": 100.0, "vaehelpers, practical": 150.0}
    assert targets.time_to_quality(quick).reached == "not measured in this run"


def test_other_trainers_are_compared_after_the_same_time(targets, tmp_path):
    assert targets.beside_peers().reached == "benchmarks/peers.py has not run"
    scores = {"vaehelpers, fast": {"val_bpd": 1.25}, "another": {"val_bpd": 1.4}}
    (tmp_path / "peers.json").write_text(json.dumps({"after_equal_seconds": scores}))
    row = targets.beside_peers()
    assert row.reached == "validation 1.250 against 1.400 (another), recorded"
    assert row.met is True


def test_below_the_table_stands_what_was_tried_for_missed_targets(targets):
    slow = RATES | {"vaehelpers, practical, compiled": 101.0}
    table = targets.table(slow, LIMITS, "cpu")
    assert [line for line in table.splitlines() if "65%" in line and " missed " in line]
    assert targets.tried("CPU") in table
    for heading in ("in batch", "1.203", "CUDA", "Time to quality"):
        assert len(targets.tried(heading)) > 100, heading


def test_every_stage_for_a_gpu_is_rehearsed_on_the_cpu(tmp_path):
    if fashion_mnist.locate() is None:
        pytest.skip("FashionMNIST is not here")
    program = [sys.executable, str(FOLDER / "gpu.py"), "--rehearse", "--results", str(tmp_path)]
    options = ["--seconds", "100000"]
    done = subprocess.run([*program, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "gpu.json").read_text())
    stages = script("gpu").STAGES
    assert found.keys() == stages.keys() | {"versions", "hardware"}
    assert [name for name in stages if "error" in found[name]] == []
    assert found["hardware"]["device"] == "cpu"  # so that nobody takes it for a GPU's
    assert found["agree"]["largest_distance_to_cpu_bpd"]["graph, compiled"] < 1e-5
    assert found["tests"]["status"] == 0


def test_stages_that_end_too_late_are_skipped_and_those_that_fail_are_recorded(
    tmp_path, monkeypatch, capsys
):
    gpu = script("gpu")
    stages = {
        "fails": gpu.Stage(lambda sizes: 1 / 0, 10),
        "long": gpu.Stage(lambda sizes: 1, 100),
        "short": gpu.Stage(lambda sizes: 2, 20),
    }
    monkeypatch.setattr(gpu, "STAGES", stages)
    options = ["--rehearse", "--seconds", "50", "--results", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["gpu.py", *options])
    gpu.main()
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert found["fails"] == {"error": "ZeroDivisionError: division by zero"}
    assert found["short"] == 2
    assert "long" not in found
    assert "long                 skipped: 50 s are left, it takes 100" in capsys.readouterr().out


def test_a_rehearsal_does_not_overwrite_what_was_measured(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--rehearse"])
    with pytest.raises(SystemExit):
        script("gpu").main()
    assert "give --results another folder" in capsys.readouterr().err


def test_quality_trains_by_recipes_that_the_package_does_not_have(drawn, tmp_path, monkeypatch):
    monkeypatch.setattr(script("common"), "ROOT", tmp_path)
    quality = script("quality")
    name = "Muon for hidden weights"
    few = replace(drawn, train=drawn.train.head(256), val=drawn.val.head(50))
    monkeypatch.setitem(quality.STEPS, name, quality.STEPS[name]._replace(epochs=1))
    scores = quality.curve(few, name, seed=42, device="cpu")
    assert len(scores) == 2
    [folder] = (tmp_path / "runs" / "quality").iterdir()
    remembered = load_checkpoint(folder)[1]["config"]
    assert remembered["recipe"] == name
    assert remembered["lr"] == 0.004
    assert remembered["epochs"] == 1  # as for all recipes whose rates fall
    assert quality.curve(few, name, seed=42, device="cpu") == scores  # from the folder
    assert name not in RECIPES


def test_quality_checks_all_settings_but_the_recipe():
    with pytest.raises(SettingError, match="epochs=0 is not allowed"):
        script("quality").StepConfig(recipe="Adam's rate times four", epochs=0)


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
    assert script("throughput").peak_of(way) == peak
