"""The training loop: it learns, repeats, resumes exactly, and refuses what it cannot do."""

import math
import shutil

import pytest
import torch

from vaehelpers import checkpoint, training
from vaehelpers.data import SYMMETRIC, Dataset
from vaehelpers.errors import CheckpointError, SettingError, TrainingError
from vaehelpers.model import seeded_vae
from vaehelpers.objective import reconstruction
from vaehelpers.recipe import RECIPES

TINY = {
    "recipe": "practical",
    "z_dim": 2,
    "num_filters": 4,
    "lr": 3e-3,
    "batch_size": 64,
    "seed": 5,
    "device": "cpu",
}


@pytest.fixture(scope="module")
def few(drawn):
    """A data set small enough to train on in a second."""
    return Dataset("drawn", "few", drawn.train.head(300), drawn.val.head(100), drawn.test.head(100))


def records(*args, **options):
    """Run `fit` and return its records without their seconds."""
    return [{**vars(record), "seconds": 0} for record, _ in training.fit(*args, **options)]


def test_overfits_one_batch(few):
    model = seeded_vae(0, z_dim=8)
    imgs, optimizer = few.train.images[:8], torch.optim.Adam(model.parameters(), 3e-3)
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
    rows = records(few, 3, **TINY)
    assert [row["epoch"] for row in rows] == [0, 1, 2, 3]
    assert rows[0]["train_bpd"] == pytest.approx(4, abs=0.15)
    assert rows[3]["train_bpd"] < rows[1]["train_bpd"] < rows[0]["train_bpd"]
    for row in rows:
        nats = row["val_recon"] + row["val_kl"]
        assert row["val_bpd"] == pytest.approx(
            nats / 784 / torch.log(torch.tensor(2.0)).item(), rel=1e-5
        )


def test_the_same_seed_repeats_every_number(few):
    assert records(few, 2, **TINY) == records(few, 2, **TINY)
    assert records(few, 1, **TINY) != records(few, 1, **{**TINY, "seed": 6})


def test_training_leaves_the_global_random_state_alone(few):
    before = torch.random.get_rng_state()
    records(few, 1, **TINY)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize(
    "device",
    [
        "cpu",
        pytest.param(
            "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
        ),
    ],
)
def test_resumes_exactly(few, tmp_path, device, recipe):
    settings = {**TINY, "device": device, "recipe": recipe}
    whole = records(few, 4, folder=tmp_path / "whole", **settings)
    run = training.fit(few, 4, folder=tmp_path / "cut", **settings)
    for _ in range(3):
        next(run)  # epochs 0, 1, 2; then the process is gone
    run.close()
    assert checkpoint.latest(tmp_path / "cut").stem == "epoch_0002"
    exact = device == "cpu"
    again = records(few, 4, folder=tmp_path / "cut", **settings)
    assert again == whole if exact else again[4] == pytest.approx(whole[4], rel=1e-3)
    ends = [checkpoint.load(tmp_path / name)[0].state_dict() for name in ("whole", "cut")]
    assert (
        all(torch.equal(a, b) for a, b in zip(ends[0].values(), ends[1].values(), strict=True))
        or not exact
    )


def test_the_weight_of_the_kl_weighs_training_but_not_the_score(few):
    usual, heavy = (records(few, 3, **TINY, beta=beta) for beta in (1, 100))
    assert heavy[3]["train_kl"] < usual[3]["train_kl"] / 2
    assert heavy[0] == usual[0]
    assert heavy[3]["val_bpd"] == pytest.approx(
        (heavy[3]["val_recon"] + heavy[3]["val_kl"]) / 784 / math.log(2)
    )


def test_without_noise_and_kl_the_mean_alone_learns(few):
    *_, (_, end) = training.fit(few, 1, **TINY, beta=0, noise=False)
    assert not any(parameter.any() for parameter in end.encoder.log_std.parameters())
    assert not torch.equal(seeded_vae(5, 4, 2).encoder.mean.weight, end.encoder.mean.weight)
    first = few.train.images[:64]
    run = training._Run(
        few,
        {**TINY, **training.LATER, "compiled": False, "beta": 0, "noise": False},
        torch.device("cpu"),
        None,
    )
    assert not any(eps.any() for _, eps in run._batches(1))
    mean, _ = run.model.encoder(first)
    recon, _ = run.model.per_image(first, torch.zeros(64, 2))
    torch.testing.assert_close(recon, reconstruction(run.model.decoder(mean), first))


def test_symmetric_garments_are_mirrored_until_the_last_epochs(few):
    config = {**training.LATER, **TINY, "compiled": False, "epochs": 10}
    run = training._Run(few, config | {"recipe": "best"}, torch.device("cpu"), None)
    seen = run._images(8, torch.Generator().manual_seed(0))
    same, turned = (
        (seen == imgs).flatten(1).all(1) for imgs in (few.train.images, few.train.images.flip(-1))
    )
    symmetric = torch.isin(few.train.labels, torch.tensor(SYMMETRIC))
    assert (same | turned).all()
    assert same[~symmetric].all()
    assert 0.4 < (turned & ~same)[symmetric].float().mean() < 0.6
    assert run._images(10, torch.Generator()) is few.train.images
    practical = training._Run(few, config, torch.device("cpu"), None)
    assert practical._images(1, torch.Generator()) is few.train.images


def test_a_run_from_before_these_settings_resumes(few, tmp_path):
    whole = records(few, 2, folder=tmp_path / "whole", **TINY)
    records(few, 1, folder=tmp_path / "old", **TINY)
    path = checkpoint.latest(tmp_path / "old")
    meta = checkpoint.read_meta(path)
    for key in training.LATER:
        del meta["config"][key]
    checkpoint.write_meta(path, meta)
    assert records(few, 2, folder=tmp_path / "old", **TINY) == whole


def test_a_finished_run_is_only_read(few, tmp_path):
    first = records(few, 2, folder=tmp_path, **TINY)
    stamp = checkpoint.latest(tmp_path).stat().st_mtime_ns
    assert records(few, 2, folder=tmp_path, **TINY) == first
    with pytest.raises(CheckpointError, match="holds a run of 2 epochs, more than 1"):
        records(few, 1, folder=tmp_path, **TINY)
    assert checkpoint.latest(tmp_path).stat().st_mtime_ns == stamp


def test_divergence_is_an_error_and_keeps_the_last_good_checkpoint(few, tmp_path):
    with pytest.raises(TrainingError, match="is not a finite number; use a smaller lr than 1000"):
        records(few, 30, folder=tmp_path, **{**TINY, "lr": 1e3})
    _, meta = checkpoint.load(tmp_path)
    assert all(math.isfinite(value) for row in meta["history"] for value in row.values())


def test_leftovers_of_a_crash_are_cleared(few, tmp_path):
    run = training.fit(few, 3, folder=tmp_path, **TINY)
    next(run)
    kept = {path: path.read_bytes() for path in tmp_path.iterdir()}
    next(run)
    for path, content in kept.items():
        path.write_bytes(content)  # as if the process had died before it dropped epoch 0
    next(run)
    assert sorted(path.name for path in tmp_path.glob("*.json")) == ["epoch_0002.json"]


def test_keeps_the_named_epochs_and_the_newest(few, tmp_path):
    records(few, 4, folder=tmp_path, keep=(1, 3), **TINY)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        "epoch_0001.json",
        "epoch_0001.safetensors",
        "epoch_0003.json",
        "epoch_0003.safetensors",
        "epoch_0004.json",
        "epoch_0004.optimizer.safetensors",
        "epoch_0004.safetensors",
    ]


@pytest.mark.parametrize(
    ("name", "value"), [("lr", 1e-3), ("z_dim", 3), ("batch_size", 32), ("seed", 6)]
)
def test_other_settings_do_not_resume(few, tmp_path, name, value):
    records(few, 0, folder=tmp_path, **TINY)
    with pytest.raises(CheckpointError, match=rf"{name}={TINY[name]}, not {value}"):
        records(few, 1, folder=tmp_path, **{**TINY, name: value})


def test_rates_that_fall_towards_the_last_epoch_do_not_resume_to_another(few, tmp_path):
    settings = {**TINY, "recipe": "fast"}
    run = training.fit(few, 3, folder=tmp_path, **settings)
    next(run)
    with pytest.raises(
        CheckpointError, match="epochs=3, not 4; give the same settings to resume it"
    ):
        records(few, 4, folder=tmp_path, **settings)


def test_other_data_do_not_resume(few, drawn, tmp_path):
    records(few, 0, folder=tmp_path, **TINY)
    with pytest.raises(CheckpointError, match="data_sha256"):
        records(drawn, 1, folder=tmp_path, **TINY)


def test_each_image_is_seen_once_an_epoch_in_another_order(few):
    run = training._Run(
        few, {**TINY, **training.LATER, "compiled": False}, torch.device("cpu"), None
    )
    first, second = (torch.cat([imgs for imgs, _ in run._batches(number)]) for number in (1, 2))
    assert len(first) == 256  # the last incomplete batch is dropped, as the template does
    assert not torch.equal(first, second)
    assert len(torch.unique(first.flatten(1), dim=0)) == 256


def test_fewer_images_than_a_batch_still_train(few):
    assert records(few, 1, **{**TINY, "batch_size": 1000})[1]["train_bpd"] > 0


def test_evaluation_does_not_depend_on_the_batch_size(few):
    model = seeded_vae(0, num_filters=4)
    one, two = (training.evaluate(model, few.test.images, batch_size=size) for size in (7, 100))
    assert one == pytest.approx(two, rel=1e-6)
    assert one["bpd"] == pytest.approx((one["recon"] + one["kl"]) / 784 / 0.6931471805599453)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_gpu_agrees_with_cpu(few):
    cpu, gpu = (records(few, 2, **{**TINY, "device": device}) for device in ("cpu", "cuda"))
    for one, two in zip(cpu, gpu, strict=True):
        assert one == pytest.approx(two, rel=2e-3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.filterwarnings("default")  # torch.compile imports modules that warn about one another
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_graph_agrees_with_single_launches(few, recipe):
    settings = {**TINY, "device": "cuda", "recipe": recipe}
    single, graph = (records(few, 3, compiled=compiled, **settings) for compiled in (False, True))
    for one, two in zip(single, graph, strict=True):
        assert one == pytest.approx(two, rel=2e-3)


@pytest.mark.skipif(not shutil.which("g++"), reason="no C++ compiler here")
@pytest.mark.filterwarnings("default")  # torch.compile imports modules that warn about one another
@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 2e-4), ("bfloat16", 5e-3)])
def test_compiled_agrees_with_eager_for_a_hundred_steps(few, precision, tolerance):
    eager, fast = ([], [])
    for losses, options in ((eager, {}), (fast, {"compiled": True, "precision": precision})):
        records(few, 25, watch=lambda when, bpd, seen=losses: seen.append(bpd), **options, **TINY)
    assert len(eager) == 25  # the first of every four steps
    assert fast == pytest.approx(eager, rel=tolerance)


def test_sixteen_bits_change_training_by_rounding_and_scores_not_at_all(few):
    wide, narrow = (
        records(few, 2, precision=precision, **TINY) for precision in ("float32", "bfloat16")
    )
    assert {**narrow[0], "seconds": 0} == wide[0]  # epoch 0 is a score
    assert narrow[2] != wide[2]
    assert narrow[2] == pytest.approx(wide[2], rel=2e-2)
    with pytest.raises(SettingError, match="precision=float16 is not one of float32, bfloat16"):
        records(few, 1, precision="float16", **TINY)


def test_without_a_compiler_training_says_so_once_and_goes_on(few, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.warns(
        UserWarning, match="not compiled: the C\\+\\+ compiler no-such-compiler is missing"
    ) as said:
        slow = records(few, 2, compiled=True, **TINY)
    assert len(said) == 1
    assert slow == records(few, 2, **TINY)


def test_watch_sees_the_batches(drawn):
    seen = []
    head = Dataset("drawn", "few", drawn.train.head(70), drawn.val.head(10), drawn.test)
    list(training.fit(head, 2, batch_size=10, watch=lambda when, bpd: seen.append((when, bpd))))
    assert [when for when, _ in seen] == pytest.approx([0, 5 / 7, 1, 1 + 5 / 7])
    assert all(3 < bpd < 5 for _, bpd in seen)
