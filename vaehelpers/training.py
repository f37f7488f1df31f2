"""The training loop: `fit` yields one record per epoch, so notebooks, command line and tests share it."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor
from tqdm.auto import tqdm

from . import checkpoint, progress, provenance
from .data import Dataset, mirrored
from .device import choose_device, place
from .errors import CheckpointError, TrainingError
from .model import VAE, seeded_vae
from .objective import elbo_to_bpd
from .recipe import RECIPES
from .step import in_graph, set_rate, training_step

# Settings that runs of older versions did not write down:
LATER = {"beta": 1.0, "noise": True, "recipe": "practical", "precision": "float32"}


@dataclass(frozen=True)
class EpochRecord:
    """Scores after one epoch: bpd in bits per dimension, recon and kl in nats per image.

    Training values are averages over the epoch's batches while the weights moved, as the practical's
    template logs them; validation values are one-sample ELBOs at the end of the epoch; seconds cover both.
    Epoch 0 is the untrained network, its training values measured on as many images as validation has.
    """

    epoch: int
    train_bpd: float
    val_bpd: float
    train_recon: float
    train_kl: float
    val_recon: float
    val_kl: float
    seconds: float


def fit(
    data: Dataset,
    epochs: int,
    *,
    recipe: str = "best",
    z_dim: int = 20,
    num_filters: int = 32,
    lr: float | None = None,
    batch_size: int | None = None,
    seed: int = 42,
    device: str = "auto",
    folder: str | Path | None = None,
    keep: tuple[int, ...] = (10,),
    compiled: bool = False,
    precision: str = "float32",
    beta: float = 1.0,
    noise: bool = True,
    watch: Callable[[float, float], None] | None = None,
) -> Iterator[tuple[EpochRecord, VAE]]:
    """Train a VAE by a recipe of `recipe.RECIPES`; yield `(record, model)` for epochs 0, 1, ..., `epochs`.

    `lr` and `batch_size` replace those of the recipe. Where its rates fall towards the last epoch, a run is resumed
    with the same `epochs` only. The loss is recon + `beta` KL; with `noise=False` the decoder gets the encoder's mean
    itself, which for `beta=0` is a plain autoencoder (its std stays 1). Whatever the loss, the records' bpd is that
    of the plain ELBO. `compiled` and `precision`, "float32" or "bfloat16" (see `step.training_step`), are for speed
    and change numbers by rounding; scores are computed in 32 bits whatever they are.

    With `folder`, a checkpoint is written after each epoch (older ones go, except those in `keep`), and
    a folder that holds one is resumed: its records are yielded first (with the newest weights), then training
    goes on exactly as if it had never stopped. The same seed on the same CPU with the same thread count repeats
    every number. `watch(epochs so far, bpd of a batch)` is called at every fifth step. Raises SettingError for a device
    that is not there, CheckpointError if the folder's run had other settings or more epochs, TrainingError if the loss
    is no longer finite.
    """
    chosen = RECIPES[recipe]
    config = dict(
        recipe=recipe,
        z_dim=z_dim,
        num_filters=num_filters,
        lr=lr or chosen.lr,
        batch_size=batch_size or chosen.batch_size,
        seed=seed,
        compiled=compiled,
        precision=precision,
        beta=beta,
        noise=noise,
    )
    run = _Run(
        data,
        config | {"epochs": epochs} if chosen.warmup else config,
        choose_device(device),
        folder,
        watch,
    )
    if len(run.history) > epochs + 1:
        raise CheckpointError(
            f"{folder} holds a run of {len(run.history) - 1} epochs, more than {epochs}; "
            "ask for at least as many, or give another folder"
        )
    yield from ((EpochRecord(**row), run.model) for row in run.history)
    while len(run.history) <= epochs:
        record = run.epoch()
        run.save(record, keep)
        yield record, run.model


@torch.no_grad()
def evaluate(model: VAE, images: Tensor, seed: int = 42, batch_size: int = 500) -> dict[str, float]:
    """Score levels `[N,1,28,28]` by the one-sample ELBO: averages `bpd`, and `recon` and `kl` in nats per image.

    `bpd_se` is the standard error of the average over images. The noise comes from a CPU generator with
    `seed`, so the score repeats; on another machine it agrees to rounding error.
    """
    eps = torch.randn(len(images), model.z_dim, generator=torch.Generator().manual_seed(seed))
    pairs = zip(images.split(batch_size), eps.split(batch_size), strict=True)
    with torch.backends.cudnn.flags(
        enabled=True, allow_tf32=False
    ):  # 10-bit mantissas would show in the score
        parts = [model.per_image(imgs.to(model.device), e.to(model.device)) for imgs, e in pairs]
    recon, kl = (torch.cat(part).cpu().double() for part in zip(*parts, strict=True))
    spread = elbo_to_bpd((recon + kl).std(), images.shape)
    return {
        **_scores(recon.mean(), kl.mean(), images.shape),
        "bpd_se": float(spread) / math.sqrt(len(images)),
    }


class _Run:
    """One training run: data on the device, model, optimizer and history, restored where a folder has them."""

    def __init__(
        self,
        data: Dataset,
        config: dict,
        device: torch.device,
        folder: str | Path | None,
        watch: Callable[[float, float], None] | None = None,
    ):
        self.config = {**config, "data": data.name, "data_sha256": data.sha256}
        self.train, self.val, self.device = data.train.images.to(device), data.val, device
        self.labels = data.train.labels
        self.folder = Path(folder) if folder else None
        self.history, self.watch = [], watch
        previous = checkpoint.latest(Path(folder)) if folder else None
        self.model = self._restore(previous) if previous else self._build()
        place(self.model, device)
        self.recipe = RECIPES[config["recipe"]]
        self.optimizers = self.recipe.optimizers(
            self.model, config["lr"], in_graph(config["compiled"], device)
        )
        self.peaks = [
            float(group["lr"]) for optimizer in self.optimizers for group in optimizer.param_groups
        ]
        if previous:
            checkpoint.load_optimizers(previous, self.optimizers)
        self.step = training_step(
            self.model, self.optimizers, *(config[k] for k in ("beta", "compiled", "precision"))
        )

    def _build(self) -> VAE:
        model = seeded_vae(
            self.config["seed"], *(self.config[k] for k in ("num_filters", "z_dim", "lr"))
        )
        if not self.config[
            "noise"
        ]:  # nothing would train the std: fix it at 1, so that the ELBO stays defined
            torch.nn.init.zeros_(model.encoder.log_std.weight)
            torch.nn.init.zeros_(model.encoder.log_std.bias)
        return model

    def _restore(self, path: Path) -> VAE:
        model, meta = checkpoint.load(path)
        for key, value in self.config.items():
            if (before := {**LATER, **meta["config"]}.get(key)) != value:
                raise CheckpointError(
                    f"{path.parent} holds a run with {key}={before!r}, not {value!r}; "
                    "give the same settings to resume it, or another folder"
                )
        self.history = meta["history"]
        return model

    def epoch(self) -> EpochRecord:
        """Train one epoch (epoch 0 only measures) and append its record to the history."""
        started, number = time.perf_counter(), len(self.history)
        train = self._train_epoch(number) if number else self._score(self.train[: len(self.val)])
        val = self._score(self.val.images)
        if not math.isfinite(train["bpd"] + val["bpd"]):
            raise TrainingError(
                f"the loss of epoch {number} is not a finite number; use a smaller lr than "
                f"{self.config['lr']}" + ", earlier checkpoints are kept" * bool(self.folder)
            )
        record = EpochRecord(
            number,
            train["bpd"],
            val["bpd"],
            train["recon"],
            train["kl"],
            val["recon"],
            val["kl"],
            round(time.perf_counter() - started, 2),
        )
        self.history.append(asdict(record))
        return record

    def _train_epoch(self, number: int) -> dict[str, float]:
        self.model.train()
        batches = self._batches(number)
        total = torch.zeros(2, device=self.device)
        for i, (imgs, eps) in enumerate(
            tqdm(batches, f"epoch {number}", leave=False, disable=not progress.watched())
        ):
            self._set_rates((number - 1) * len(batches) + i, len(batches))
            parts = self.step(imgs, eps)
            total += parts
            if self.watch and i % 5 == 0:
                self.watch(
                    number - 1 + i / len(batches), float(elbo_to_bpd(parts.sum(), imgs.shape))
                )
        return _scores(*(total.cpu().double() / len(batches)), self.train.shape)

    def _set_rates(self, step: int, steps_per_epoch: int) -> None:
        factor = self.recipe.factor(step, steps_per_epoch * self.config.get("epochs", 0))
        groups = [group for optimizer in self.optimizers for group in optimizer.param_groups]
        for group, peak in zip(groups, self.peaks, strict=True):
            set_rate(group, peak * factor)

    def _batches(self, number: int) -> list[tuple[Tensor, Tensor]]:
        """Shuffle; like the template, drop the last incomplete batch. Order and noise depend on (seed, epoch).

        That is why a resumed run needs no saved random state, and why all devices see the same draws.
        """
        size = min(self.config["batch_size"], len(self.train))
        order = torch.Generator().manual_seed(self.config["seed"] * 1_000_003 + number)
        perm = torch.randperm(len(self.train), generator=order).to(self.device)
        eps = (
            torch.randn(len(self.train), self.model.z_dim, generator=order).to(self.device)
            * self.config["noise"]
        )
        pairs = zip(self._images(number, order)[perm].split(size), eps.split(size), strict=True)
        return [(imgs, noise) for imgs, noise in pairs if len(imgs) == size]

    def _images(self, number: int, order: torch.Generator) -> Tensor:
        """Return the training images, for most epochs of some recipes with garments mirrored at random."""
        turning = number <= self.recipe.mirrored * self.config.get("epochs", 0)
        return mirrored(self.train, self.labels, order) if turning else self.train

    def _score(self, images: Tensor) -> dict[str, float]:
        return evaluate(self.model.eval(), images, self.config["seed"])

    def save(self, record: EpochRecord, keep: tuple[int, ...]) -> None:
        """Write this epoch's checkpoint, with the versions and hardware of this session; drop what it supersedes."""
        if not self.folder:
            return
        meta = {
            "config": self.config,
            "history": self.history,
            "versions": provenance.versions(),
            "hardware": provenance.hardware(self.device),
        }
        checkpoint.save(self.folder, record.epoch, self.model, self.optimizers, meta)
        for path in checkpoint.found(self.folder)[:-1]:
            checkpoint.drop(path, weights_too=checkpoint.epoch_of(path) not in keep)


def _scores(recon: Tensor, kl: Tensor, img_shape: tuple[int, ...]) -> dict[str, float]:
    return {
        "bpd": float(elbo_to_bpd(recon + kl, img_shape)),
        "recon": float(recon),
        "kl": float(kl),
    }
