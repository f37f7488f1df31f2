"""The training loop: `fit` yields one record per epoch; notebooks, commands and tests share it."""

import hashlib
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from torch import Tensor
from tqdm.auto import tqdm

from ..core import progress, provenance
from ..core.chance import generator_for
from ..core.device import choose_device, keep_freed_memory, to_device
from ..core.files import try_folder
from ..core.paths import expanded
from ..data.dataset import Dataset, mirror
from ..data.levels import check_images
from ..errors import CheckpointError, InputError, TrainingError
from ..vae.likelihood import evaluate, mean_scores
from ..vae.networks import VAE, seeded_vae
from ..vae.objective import elbo_to_bpd
from . import checkpoint
from .config import TrainConfig
from .history import DEFAULTS_OF_OLD_RUNS, EpochRecord
from .optimizers import build_optimizers, set_rate, turn_axes
from .step import is_in_graph, training_step

OnBatch = Callable[[float, float], None]  # called with (epochs so far, bpd of the batch)


def fit(
    data: Dataset,
    config: TrainConfig = TrainConfig(),  # noqa: B008 (it is frozen)
    *,
    folder: str | Path | None = None,
    keep: tuple[int, ...] = (10,),
    on_batch: OnBatch | None = None,
) -> Iterator[tuple[EpochRecord, VAE]]:
    """Train a VAE; yield `(record, model)` for epochs 0, 1, ..., `config.epochs`.

    Whatever the loss, the records' bpd is that of the plain ELBO, computed in 32 bits. The same
    seed on the same CPU with the same thread count repeats every number.

    - `folder`: a checkpoint is written there after each epoch. If it holds one already, the run is
      resumed: its records are yielded first (with the newest weights), then training goes on
      exactly as if it had never stopped. If the recipe's rates fall towards the last epoch, only
      a run of the same number of epochs can be resumed.
    - `keep`: the epochs whose weights stay in the folder; other older ones are deleted.
    - `on_batch`: called at every fifth step with the epochs so far and the bpd of the batch; it
      takes the place of a progress bar.

    Raises InputError for images that are not levels 0..15, SettingError for a device that this
    machine lacks, CheckpointError if the folder's run had other settings or more epochs,
    TrainingError if the loss is no longer finite, OutputError where a checkpoint cannot be written;
    the one before is then whole.
    """
    _check_arguments(data, config)
    place = expanded(folder) if folder else None
    with _alone_in(place, config.epochs):
        run = _Run(data, config, place, on_batch)
        if len(run.history) > config.epochs + 1:
            raise CheckpointError(
                f"{folder} holds a run of {len(run.history) - 1} epochs, more than "
                f"{config.epochs}; ask for at least as many, or give another folder"
            )
        for row in run.history:
            yield EpochRecord(**row), run.model
        while len(run.history) <= config.epochs:
            record = run.next_epoch()
            run.save(record, keep)
            yield record, run.model


@contextmanager
def _alone_in(folder: Path | None, epochs: int) -> Iterator[None]:
    """Let one training at a time write to a folder; raise CheckpointError for a second one.

    A run that is finished is only read, by as many as like.
    """
    newest = checkpoint.latest_checkpoint(folder) if folder else None
    if not folder or (newest and checkpoint.epoch_of(newest) >= epochs):
        yield
        return
    try_folder(folder)
    try:
        held = FileLock(folder / ".lock").acquire(timeout=0)
    except Timeout:
        raise CheckpointError(
            f"another training is writing to {folder}; wait for its end, or give another folder"
        ) from None
    with held:
        yield


def _check_arguments(data: Dataset, config: TrainConfig) -> None:
    """Raise InputError unless there are a data set of levels and settings, in this order."""
    if not isinstance(data, Dataset) or not isinstance(config, TrainConfig):
        given = f"{type(data).__name__}, {type(config).__name__}"
        raise InputError(
            f"fit takes a Dataset and a TrainConfig, got {given}; "
            "write, for example, fit(load_data(), TrainConfig(epochs=3))"
        )
    for part in (data.train, data.val):
        check_images(part.images)


def _hash_images(data: Dataset) -> str:
    """Return a hash of what a run trains and validates on, which may be a part of the data set."""
    digest = hashlib.sha256()
    for part in (data.train, data.val):
        digest.update(part.images.to("cpu", torch.uint8).contiguous().numpy().tobytes())
        digest.update(part.labels.to("cpu", torch.uint8).contiguous().numpy().tobytes())
    return digest.hexdigest()


class _Run:
    """One training run: data on the device, model, optimizers and history.

    A run in the folder is continued.
    """

    def __init__(
        self, data: Dataset, config: TrainConfig, folder: Path | None, on_batch: OnBatch | None
    ):
        # Settings.
        self.config = config
        self.recipe = config.chosen_recipe
        self.remembered = {
            **config.remembered(),
            "data": data.name,
            "data_sha256": data.sha256,
        }
        if folder:
            self.remembered["images_sha256"] = _hash_images(data)
        self.folder = folder
        self.on_batch = on_batch

        # Data.
        self.device = choose_device(config.device)
        self.train_images = data.train.images.to(self.device)
        self.train_labels = data.train.labels
        self.val_images = data.val.images

        # Model, and what an earlier session left of this run.
        if self.device.type == "cpu":
            keep_freed_memory()
        previous = checkpoint.latest_checkpoint(folder) if folder else None
        self.history: list[dict] = []
        if previous:
            model, self.history = self._restore(previous)
        else:
            model = self._build()
        self.model = to_device(model, self.device)

        # Optimizers, and the step that uses them.
        self.optimizers = build_optimizers(
            self.recipe, self.model, config.used_lr, is_in_graph(self.device)
        )
        self.peak_rates = [float(group["lr"]) for group in self._groups()]
        if previous:
            checkpoint.load_optimizers(previous, self.optimizers)
        self.train_on_batch = training_step(self.model, self.optimizers, config)

    def next_epoch(self) -> EpochRecord:
        """Train one epoch (epoch 0 only measures) and append its record to the history."""
        started = time.perf_counter()
        epoch = len(self.history)
        if epoch == 0:
            train = self._score(self.train_images[: len(self.val_images)])
        else:
            train = self._train_epoch(epoch)
        val = self._score(self.val_images)
        if not (math.isfinite(train["bpd"]) and math.isfinite(val["bpd"])):
            self._refuse_divergence(epoch)
        record = EpochRecord(
            epoch=epoch,
            train_bpd=train["bpd"],
            val_bpd=val["bpd"],
            train_recon=train["recon"],
            train_kl=train["kl"],
            val_recon=val["recon"],
            val_kl=val["kl"],
            seconds=round(time.perf_counter() - started, 2),
        )
        self.history.append(asdict(record))
        return record

    def _train_epoch(self, epoch: int) -> dict[str, float]:
        """Train on every batch of an epoch; return the averages of what the batches scored."""
        self.model.train()
        batches = self._batches(epoch)
        total = torch.zeros(2, device=self.device)
        has_bar = progress.is_watched() and not self.on_batch  # else the caller shows how far it is
        bar = tqdm(batches, f"epoch {epoch}", leave=False, disable=not has_bar)
        for i, (imgs, eps) in enumerate(bar):
            steps_so_far = (epoch - 1) * len(batches) + i
            self._set_rates(steps_so_far, len(batches))
            turn_axes(self.optimizers, steps_so_far)
            # Forward, backward and update: class Step in step.py.
            recon_and_kl = self.train_on_batch(imgs, eps)
            total += recon_and_kl
            if self.on_batch and i % 5 == 0:
                epochs_so_far = epoch - 1 + i / len(batches)
                bpd = elbo_to_bpd(recon_and_kl.sum(), imgs.shape)
                self.on_batch(epochs_so_far, float(bpd))
        recon, kl = total.cpu().double() / len(batches)
        return mean_scores(recon, kl, self.train_images.shape)

    def _batches(self, epoch: int) -> list[tuple[Tensor, Tensor]]:
        """Shuffle images and draw their noise; drop the last batch where it is not full.

        The template keeps that one: of 54,000 images 112, in batches of 128. Without it all steps
        have one shape, which a graph and a compiled step need.

        Order and noise depend on seed and epoch alone. That is why a resumed run needs no saved
        random state, and why all devices see the same draws.
        """
        count = len(self.train_images)
        size = min(self.config.used_batch_size, count)
        used = count // size * size
        generator = generator_for(self.config.seed, epoch)
        order = torch.randperm(count, generator=generator).to(self.device)
        eps = torch.randn(count, self.model.z_dim, generator=generator).to(self.device)
        if not self.config.noise:
            eps = torch.zeros_like(eps)
        images = self._images(epoch, generator)[order]
        pairs = zip(images[:used].split(size), eps[:used].split(size), strict=True)
        return list(pairs)

    def _images(self, epoch: int, generator: torch.Generator) -> Tensor:
        """Return the training images, mirrored at random if the recipe says so for this epoch."""
        last_mirrored = self.recipe.mirrored_share * self.config.epochs
        if epoch > last_mirrored:
            return self.train_images
        return mirror(self.train_images, self.train_labels, generator)

    def _set_rates(self, steps_so_far: int, steps_per_epoch: int) -> None:
        """Set each group's learning rate to its peak times the recipe's factor for this step."""
        factor = self.recipe.rate_factor(steps_so_far, steps_per_epoch * self.config.epochs)
        for group, peak in zip(self._groups(), self.peak_rates, strict=True):
            set_rate(group, peak * factor)

    def _groups(self) -> list[dict]:
        """Return the optimizers' groups of weights, each with a rate of its own."""
        return [group for optimizer in self.optimizers for group in optimizer.param_groups]

    def _score(self, images: Tensor) -> dict[str, float]:
        return evaluate(self.model.eval(), images, self.config.seed)

    def save(self, record: EpochRecord, keep: tuple[int, ...]) -> None:
        """Write this epoch's checkpoint, and what this session ran on; drop what it supersedes."""
        if not self.folder:
            return
        meta = {
            "config": self.remembered,
            "history": self.history,
            "versions": provenance.versions(),
            "hardware": provenance.hardware(self.device),
        }
        checkpoint.save_checkpoint(self.folder, record.epoch, self.model, self.optimizers, meta)
        checkpoint.drop_superseded(self.folder, keep)

    def _build(self) -> VAE:
        """Return a new model for the run's settings."""
        config = self.config
        model = seeded_vae(config.seed, config.num_filters, config.z_dim, config.used_lr)
        if not config.noise:  # the loss does not depend on std; std = 1 keeps the ELBO finite
            torch.nn.init.zeros_(model.encoder.log_std.weight)
            torch.nn.init.zeros_(model.encoder.log_std.bias)
        return model

    def _restore(self, path: Path) -> tuple[VAE, list[dict]]:
        """Return model and history of a checkpoint; CheckpointError if it is of another run."""
        model, meta = checkpoint.load_checkpoint(path)
        # Runs of older versions did not write down which of a data set's images they were given.
        not_known = {"images_sha256": self.remembered["images_sha256"]}
        before = {**DEFAULTS_OF_OLD_RUNS, **not_known, **meta["config"]}
        for key, value in self.remembered.items():
            old = before.get(key)
            if old != value:
                why = " (the rates fall towards it)" if key == "epochs" else ""
                raise CheckpointError(
                    f"{path.parent} holds a run with {key}={old!r}, not {value!r}{why}; "
                    "give the same settings to resume it, or another folder"
                )
        return model, meta["history"]

    def _refuse_divergence(self, epoch: int) -> None:
        advice = f"use a smaller lr than {self.config.used_lr}"
        if self.folder:
            advice += ", earlier checkpoints are kept"
        raise TrainingError(f"the loss of epoch {epoch} is not a finite number; {advice}")
