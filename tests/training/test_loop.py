"""The training loop: it learns, repeats, resumes exactly, and refuses what it cannot do."""

import json
import math
import shutil
from dataclasses import asdict, replace
from types import SimpleNamespace

import pytest
import torch

from vaehelpers import Dataset, TrainConfig, fit, load_checkpoint, reconstruction
from vaehelpers.core import device as core_device
from vaehelpers.data.constants import SYMMETRIC
from vaehelpers.errors import CheckpointError, SettingError, TrainingError
from vaehelpers.training import RECIPES, checkpoint, loop, step
from vaehelpers.training.history import DEFAULTS_OF_OLD_RUNS
from vaehelpers.training.loop import _Run
from vaehelpers.vae import seeded_vae

TINY = {
    "recipe": "practical",
    "z_dim": 2,
    "num_filters": 4,
    "lr": 3e-3,
    "batch_size": 64,
    "seed": 5,
    "device": "cpu",
}
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")


@pytest.fixture(scope="module")
def few(drawn):
    """A data set small enough to train on in a second."""
    return Dataset("drawn", "few", drawn.train.head(300), drawn.val.head(100), drawn.test.head(100))


def tiny(epochs, **changes):
    """Return the settings of a run of seconds, with some of them changed."""
    return TrainConfig(epochs=epochs, **{**TINY, **changes})


def records(data, config, **options):
    """Run `fit` and return its records without their seconds."""
    return [{**asdict(record), "seconds": 0} for record, _ in fit(data, config, **options)]


def untouched_run(data, config):
    """Return a run that has not begun and writes nothing."""
    return _Run(data, config, folder=None, on_batch=None)


@pytest.mark.parametrize(("watched", "on_batch"), [(True, False), (True, True), (False, False)])
def test_a_bar_is_shown_where_nobody_else_shows_how_far_it_is(few, monkeypatch, watched, on_batch):
    def bar(batches, name, leave, disable):
        shown.append(not disable)
        return batches

    shown = []
    monkeypatch.setattr("vaehelpers.training.loop.tqdm", bar)
    monkeypatch.setattr("vaehelpers.core.progress.is_watched", lambda: watched)
    records(few, tiny(1), on_batch=(lambda when, bpd: None) if on_batch else None)
    assert shown == [watched and not on_batch]


def test_overfits_one_batch(few):
    model = seeded_vae(0, z_dim=8)
    imgs = few.train.images[:8]
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    torch.manual_seed(0)
    start = model(imgs)[2].item()
    for _ in range(300):
        L_rec, L_reg, bpd = model(imgs)
        optimizer.zero_grad()
        (L_rec + L_reg).backward()
        optimizer.step()
    assert start > 3.9
    assert bpd.item() < 0.7


def test_records_fall_and_are_consistent(few):
    rows = records(few, tiny(3))
    assert [row["epoch"] for row in rows] == [0, 1, 2, 3]
    assert rows[0]["train_bpd"] == pytest.approx(4, abs=0.15)
    assert rows[3]["train_bpd"] < rows[1]["train_bpd"] < rows[0]["train_bpd"]
    for row in rows:
        for part in ("train", "val"):
            nats = row[f"{part}_recon"] + row[f"{part}_kl"]
            assert row[f"{part}_bpd"] == pytest.approx(nats / 784 / math.log(2), rel=1e-5)


def test_the_same_seed_repeats_every_number(few):
    assert records(few, tiny(2)) == records(few, tiny(2))
    assert records(few, tiny(1)) != records(few, tiny(1, seed=6))


def test_training_leaves_the_global_random_state_alone(few):
    before = torch.random.get_rng_state()
    records(few, tiny(1))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_training_on_a_cpu_tunes_the_processs_allocator_once(few, monkeypatch):
    calls = []

    def mallopt(option, value):
        calls.append(option)

    library = SimpleNamespace(mallopt=mallopt)
    monkeypatch.setattr(core_device, "ctypes", SimpleNamespace(CDLL=lambda _: library))
    run = fit(few, tiny(1))
    assert calls == []
    next(run)
    assert calls == [core_device.M_MMAP_THRESHOLD, core_device.M_TRIM_THRESHOLD]
    list(run)
    assert len(calls) == 2


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_gpu)])
def test_resumes_exactly(few, tmp_path, device, recipe):
    config = tiny(4, device=device, recipe=recipe)
    whole = records(few, config, folder=tmp_path / "whole")
    run = fit(few, config, folder=tmp_path / "cut")
    for _ in range(3):
        next(run)  # epochs 0, 1, 2; then the process is gone
    run.close()
    assert checkpoint.latest_checkpoint(tmp_path / "cut").stem == "epoch_0002"
    again = records(few, config, folder=tmp_path / "cut")
    if device != "cpu":
        assert again[4] == pytest.approx(whole[4], rel=1e-3)
        return
    assert again == whole
    ends = [load_checkpoint(tmp_path / name)[0].parameters() for name in ("whole", "cut")]
    for one, two in zip(*ends, strict=True):
        assert torch.equal(one, two)


def test_what_is_written_down_is_what_was_yielded_and_is_yielded_again(few, tmp_path):
    first = [record for record, _ in fit(few, tiny(2), folder=tmp_path)]
    history = json.loads((tmp_path / "epoch_0002.json").read_text())["history"]
    assert history == [asdict(record) for record in first]
    assert [record for record, _ in fit(few, tiny(2), folder=tmp_path)] == first


def test_the_weight_of_the_kl_weighs_training_but_not_the_score(few):
    usual, heavy = (records(few, tiny(3, beta=beta)) for beta in (1, 100))
    assert heavy[3]["train_kl"] < usual[3]["train_kl"] / 2
    assert heavy[0] == usual[0]
    nats = heavy[3]["val_recon"] + heavy[3]["val_kl"]
    assert heavy[3]["val_bpd"] == pytest.approx(nats / 784 / math.log(2))


def test_without_noise_and_kl_the_mean_alone_learns(few):
    config = tiny(1, beta=0, noise=False)
    *_, (_, end) = fit(few, config)
    assert not any(parameter.any() for parameter in end.encoder.log_std.parameters())
    start = seeded_vae(5, 4, 2)
    assert not torch.equal(start.encoder.mean.weight, end.encoder.mean.weight)
    run = untouched_run(few, config)
    assert not any(eps.any() for _, eps in run._batches(1))
    first = few.train.images[:64]
    mean, _ = run.model.encoder(first)
    recon, _ = run.model.per_image(first, torch.zeros(64, 2))
    torch.testing.assert_close(recon, reconstruction(run.model.decoder(mean), first))


def test_symmetric_garments_are_mirrored_until_the_last_epochs(few):
    images = few.train.images
    run = untouched_run(few, tiny(10, recipe="best"))
    seen = run._images(8, torch.Generator().manual_seed(0))
    is_same = (seen == images).flatten(1).all(1)
    is_turned = (seen == images.flip(-1)).flatten(1).all(1)
    is_symmetric = torch.isin(few.train.labels, torch.tensor(SYMMETRIC))
    assert (is_same | is_turned).all()
    assert is_same[~is_symmetric].all()
    assert 0.4 < (is_turned & ~is_same)[is_symmetric].float().mean() < 0.6
    assert run._images(9, torch.Generator()) is not images
    assert run._images(10, torch.Generator()) is images
    practical = untouched_run(few, tiny(10))
    assert practical._images(1, torch.Generator()) is images


def test_a_run_from_before_these_settings_resumes(few, tmp_path):
    whole = records(few, tiny(2), folder=tmp_path / "whole")
    records(few, tiny(1), folder=tmp_path / "old")
    path = checkpoint.latest_checkpoint(tmp_path / "old")
    meta = checkpoint.read_meta(path)
    for key in DEFAULTS_OF_OLD_RUNS:
        del meta["config"][key]
    checkpoint.write_meta(path, meta)
    assert records(few, tiny(2), folder=tmp_path / "old") == whole


def test_a_finished_run_is_only_read(few, tmp_path):
    first = records(few, tiny(2), folder=tmp_path)
    stamp = checkpoint.latest_checkpoint(tmp_path).stat().st_mtime_ns
    assert records(few, tiny(2), folder=tmp_path) == first
    with pytest.raises(CheckpointError, match="holds a run of 2 epochs, more than 1"):
        records(few, tiny(1), folder=tmp_path)
    assert checkpoint.latest_checkpoint(tmp_path).stat().st_mtime_ns == stamp


def assert_all_is_finite(folder):
    """Check that the newest checkpoint's weights and history are numbers."""
    model, meta = load_checkpoint(folder)
    assert all(parameter.isfinite().all() for parameter in model.parameters())
    assert all(math.isfinite(value) for row in meta["history"] for value in row.values())


def test_divergence_is_an_error_and_keeps_the_last_good_checkpoint(few, tmp_path):
    expected = r"is not a finite number; use a smaller lr than 1\.0, earlier checkpoints are kept$"
    with pytest.raises(TrainingError, match=expected):
        records(few, tiny(30, lr=1.0), folder=tmp_path)
    assert_all_is_finite(tmp_path)


def test_divergence_after_a_good_epoch_keeps_that_epochs_checkpoint(few, tmp_path):
    run = fit(few, tiny(3), folder=tmp_path)
    next(run)
    _, model = next(run)
    model.decoder.net[-1].bias.data.fill_(math.inf)
    with pytest.raises(TrainingError, match="loss of epoch 2 is not a finite number"):
        next(run)
    assert checkpoint.latest_checkpoint(tmp_path).stem == "epoch_0001"
    assert_all_is_finite(tmp_path)


def test_divergence_without_a_folder_promises_no_checkpoints(few):
    run = fit(few, tiny(1))
    _, model = next(run)
    model.decoder.net[-1].bias.data.fill_(math.nan)
    with pytest.raises(TrainingError, match=r"use a smaller lr than 0\.003$"):
        next(run)


def test_leftovers_of_a_crash_are_cleared(few, tmp_path):
    run = fit(few, tiny(3), folder=tmp_path)
    next(run)
    kept = {path: path.read_bytes() for path in tmp_path.iterdir()}
    next(run)
    for path, content in kept.items():
        path.write_bytes(content)  # as if the process had died before it dropped epoch 0
    next(run)
    assert sorted(path.name for path in tmp_path.glob("*.json")) == ["epoch_0002.json"]


def test_a_history_with_a_missing_row_is_not_trained_on(few, tmp_path):
    records(few, tiny(3), folder=tmp_path / "run")
    path = checkpoint.latest_checkpoint(tmp_path / "run")
    meta = checkpoint.read_meta(path)
    del meta["history"][2]
    checkpoint.write_meta(path, meta)
    before = {file: file.read_bytes() for file in path.parent.iterdir()}
    for epochs in (2, 3, 4):
        with pytest.raises(CheckpointError, match=r"one row for each epoch 0\.\.3.*another folder"):
            records(few, tiny(epochs), folder=tmp_path / "run")
    assert {file: file.read_bytes() for file in path.parent.iterdir()} == before
    assert len(records(few, tiny(1), folder=tmp_path / "another")) == 2  # what the message advises


def test_keeps_the_named_epochs_and_the_newest(few, tmp_path):
    records(few, tiny(4), folder=tmp_path, keep=(1, 3))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        ".lock",
        "epoch_0001.json",
        "epoch_0001.safetensors",
        "epoch_0003.json",
        "epoch_0003.safetensors",
        "epoch_0004.json",
        "epoch_0004.optimizer.safetensors",
        "epoch_0004.safetensors",
    ]


def begin(data, config, folder):
    """Run epoch 0 alone, which only measures, and leave its checkpoint in a folder."""
    run = fit(data, config, folder=folder)
    next(run)
    run.close()
    assert checkpoint.latest_checkpoint(folder).stem == "epoch_0000"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lr", 1e-3),
        ("z_dim", 3),
        ("batch_size", 32),
        ("seed", 6),
        ("num_filters", 3),
        ("recipe", "fast"),
        ("beta", 2.0),
        ("noise", False),
        ("compiled", True),
        ("precision", "bfloat16"),
    ],
)
def test_other_settings_do_not_resume(few, tmp_path, name, value):
    begin(few, tiny(1), tmp_path)
    before = getattr(tiny(1), name)
    with pytest.raises(CheckpointError, match=rf"{name}={before!r}, not {value!r}; give the same"):
        records(few, tiny(1, **{name: value}), folder=tmp_path)


def test_a_run_with_constant_rates_resumes_to_more_epochs(few, tmp_path):
    begin(few, tiny(1, beta=1), tmp_path)
    more = tiny(3, beta=1.0)
    assert records(few, more, folder=tmp_path) == records(few, more)


def test_rates_that_fall_towards_the_last_epoch_do_not_resume_to_another(few, tmp_path):
    begin(few, tiny(3, recipe="fast"), tmp_path)
    expected = r"epochs=3, not 4 \(the rates fall towards it\); give the same settings"
    with pytest.raises(CheckpointError, match=expected):
        records(few, tiny(4, recipe="fast"), folder=tmp_path)


def test_other_data_do_not_resume(few, drawn, tmp_path):
    begin(few, tiny(1), tmp_path)
    with pytest.raises(CheckpointError, match="data_sha256"):
        records(drawn, tiny(1), folder=tmp_path)


@pytest.mark.parametrize("part", ["train", "val"])
def test_other_images_of_the_same_data_do_not_resume(few, tmp_path, part):
    begin(few, tiny(1), tmp_path)
    split = getattr(few, part)
    for other in (split.head(len(split) - 1), replace(split, images=15 - split.images)):
        with pytest.raises(CheckpointError, match="images_sha256"):
            records(replace(few, **{part: other}), tiny(2), folder=tmp_path)
    assert len(records(few, tiny(2), folder=tmp_path)) == 3


def test_a_run_from_before_the_images_were_written_down_resumes(few, tmp_path):
    begin(few, tiny(1), tmp_path)
    path = checkpoint.latest_checkpoint(tmp_path)
    meta = json.loads(path.read_text())
    del meta["config"]["images_sha256"]
    path.write_text(json.dumps(meta))
    assert len(records(few, tiny(2), folder=tmp_path)) == 3


def test_two_trainings_into_one_folder_exclude_each_other(few, tmp_path):
    first = fit(few, tiny(2), folder=tmp_path)
    next(first)
    with pytest.raises(
        CheckpointError, match=r"another training is writing to .*; wait for its end"
    ):
        next(fit(few, tiny(2, seed=6), folder=tmp_path))
    finished = [asdict(record) for record, _ in first]
    assert len(finished) == 2
    assert len(records(few, tiny(2), folder=tmp_path)) == 3  # its end was waited for


def test_a_finished_run_is_read_while_another_reads_it(few, tmp_path):
    records(few, tiny(1), folder=tmp_path)
    first = fit(few, tiny(1), folder=tmp_path)
    next(first)
    assert len(records(few, tiny(1), folder=tmp_path)) == 2


def test_a_folder_may_begin_with_a_tilde(few, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    records(few, tiny(1), folder="~/mine")
    assert load_checkpoint("~/mine")[1]["epoch"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_each_image_is_seen_once_an_epoch_in_another_order(few):
    run = untouched_run(few, tiny(2))
    first, second = (torch.cat([imgs for imgs, _ in run._batches(number)]) for number in (1, 2))
    assert len(first) == 256  # the last incomplete batch is dropped, as the template does
    assert not torch.equal(first, second)
    assert len(torch.unique(first.flatten(1), dim=0)) == 256


def test_rates_of_the_run_are_those_of_the_recipe(few):
    config = tiny(2, recipe="fast")
    run = untouched_run(few, config)
    seen = []
    step = run.train_on_batch

    def watched_step(imgs, eps):
        seen.append([group["lr"] for group in run._groups()])
        return step(imgs, eps)

    run.train_on_batch = watched_step
    for _ in range(3):
        run.next_epoch()
    fast = RECIPES["fast"]
    assert len(seen) == 2 * 4
    for i, (adam, *muon) in enumerate(seen):
        expected = config.used_lr * fast.rate_factor(i, len(seen))
        assert adam == pytest.approx(expected)
        assert muon == pytest.approx([expected * fast.hidden_lr_factor] * len(muon))


def test_fewer_images_than_a_batch_still_train(few):
    rows = records(few, tiny(1, batch_size=1000))
    assert rows[1]["train_bpd"] > 0


@needs_gpu
def test_gpu_agrees_with_cpu(few):
    cpu, gpu = (records(few, tiny(2, device=device)) for device in ("cpu", "cuda"))
    for one, two in zip(cpu, gpu, strict=True):
        assert one == pytest.approx(two, rel=2e-3)


@needs_gpu
@pytest.mark.filterwarnings("default")  # torch.compile imports modules that warn about one another
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_graph_agrees_with_single_launches(few, recipe, monkeypatch):
    graph = records(few, tiny(3, device="cuda", recipe=recipe))
    compiled = records(few, tiny(3, device="cuda", recipe=recipe, compiled=True))
    for module in (step, loop):
        monkeypatch.setattr(module, "is_in_graph", lambda device: False)
    single = records(few, tiny(3, device="cuda", recipe=recipe))
    for one, two, three in zip(single, graph, compiled, strict=True):
        assert one == pytest.approx(two, rel=2e-3)
        assert one == pytest.approx(three, rel=2e-3)


@pytest.mark.skipif(not shutil.which("g++"), reason="no C++ compiler here")
@pytest.mark.filterwarnings("default")  # torch.compile imports modules that warn about one another
@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 2e-4), ("bfloat16", 5e-3)])
def test_compiled_agrees_with_eager_for_a_hundred_steps(few, precision, tolerance):
    def losses(config):
        """Train, and return the bpd of the first of every four steps."""
        seen = []
        records(few, config, on_batch=lambda when, bpd: seen.append(bpd))
        return seen

    eager = losses(tiny(25))
    fast = losses(tiny(25, compiled=True, precision=precision))
    assert len(eager) == 25
    assert fast == pytest.approx(eager, rel=tolerance)


def test_sixteen_bits_change_training_by_rounding_and_scores_not_at_all(few, monkeypatch):
    monkeypatch.setattr(step, "multiplies_bfloat16", lambda device: True)
    wide, narrow = (
        records(few, tiny(2, precision=precision)) for precision in ("float32", "bfloat16")
    )
    assert narrow[0] == wide[0]  # epoch 0 is a score
    assert narrow[2] != wide[2]
    assert narrow[2] == pytest.approx(wide[2], rel=2e-2)


def test_a_device_that_is_not_there_is_refused(few, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SettingError, match="device=cuda is not available; allowed here: auto"):
        records(few, tiny(1, device="cuda"))


def test_without_a_compiler_training_says_so_once_and_goes_on(few, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    expected = r"not compiled: the C\+\+ compiler no-such-compiler is missing"
    with pytest.warns(UserWarning, match=expected) as said:
        slow = records(few, tiny(2, compiled=True))
    assert len(said) == 1
    assert slow == records(few, tiny(2))


def test_every_fifth_batch_is_reported(drawn):
    head = Dataset("drawn", "few", drawn.train.head(70), drawn.val.head(10), drawn.test)
    config = TrainConfig(epochs=2, batch_size=10, device="cpu")
    seen = []
    list(fit(head, config, on_batch=lambda when, bpd: seen.append((when, bpd))))
    assert [when for when, _ in seen] == pytest.approx([0, 5 / 7, 1, 1 + 5 / 7])
    assert all(3 < bpd < 5 for _, bpd in seen)
