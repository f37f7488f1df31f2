"""Beside other trainers: the practical's own way, with Lightning, and pythae's, on one network.

    pip install lightning pythae
    python benchmarks/peers.py [--images 12800] [--rounds 3]

Each peer trains the practical's networks by the practical's recipe (Adam at 0.001, batches of 128)
on torchvision's images, with its own loaders, trainer and log, on the CPU. First they and ours take
turns at one short epoch, validation included: images per second. Then ours trains by the recipe
`fast`; each peer gets as many seconds, and `evaluate` scores what it has. Writes peers.json.
"""

import logging
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import common
import lightning
import textbook
import torch
from lightning.pytorch.loggers import CSVLogger
from pythae.data.datasets import DatasetOutput
from pythae.models import VAE as PythaeVAE
from pythae.models import VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from pythae.trainers.training_callbacks import TrainingCallback
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset, random_split

from vaehelpers import VAE, TrainConfig, fit, load_data
from vaehelpers.published import published_checkpoint
from vaehelpers.training.checkpoint import read_meta
from vaehelpers.vae import evaluate, seeded_vae
from vaehelpers.vae.objective import KLD, reconstruction

SPLIT = (54_000, 6_000)
NO_LIMIT = 1e9  # seconds
FAST_EPOCHS = 6


@dataclass(frozen=True)
class Work:
    """What a peer trains on, in torchvision's way, and where it may write."""

    train: Dataset
    val: Dataset
    folder: str

    def head(self, count: int) -> "Work":
        """Return a part of it: `count` images, and a ninth as many to validate on."""
        return replace(
            self, train=first(self.train, count), val=first(self.val, max(1, count // 9))
        )


def main() -> None:
    """Measure, print the table, and write the result."""
    parser = common.argument_parser(__doc__, with_device=False)
    parser.add_argument("--images", type=int, default=12_800, help="images of a timed epoch")
    parser.add_argument("--rounds", type=int, default=3, help="how often each takes its turn")
    args = parser.parse_args()
    quieten()
    with tempfile.TemporaryDirectory() as folder:
        textbook.as_torchvision_has_them(Path(folder))
        images = textbook.torchvision_images(Path(folder))
        generator = torch.Generator().manual_seed(42)
        work = Work(*random_split(images, SPLIT, generator), folder)
        rates = images_per_second(work.head(args.images), args.images, args.rounds)
        scores = after_equal_seconds(work)
    result = {
        "images_per_second": rates,
        "after_equal_seconds": scores,
        "seconds_to_goal": seconds_to_goal(rates, scores),
        **common.ran_on(torch.device("cpu"), "lightning", "pythae", "torchvision"),
    }
    print(f"on {common.machine(result)}")
    for name, rate in rates.items():
        reached = scores.get(name, {})
        print(f"{name:28} {rate:6,.0f} images/s  {result['seconds_to_goal'].get(name, 0):7,.0f} s")
        print(f"{'':28} {reached}")
    common.write_result("peers.json", result)


def images_per_second(few: Work, count: int, rounds: int) -> dict[str, float]:
    """Return each way's images per second in an epoch with its validation, median over rounds."""
    ways: dict[str, Callable[[], object]] = {
        name: lambda peer=peer: peer(seeded_vae(42), few, 1, NO_LIMIT)
        for name, peer in PEERS.items()
    }
    for recipe in ("practical", "fast"):
        ways[f"vaehelpers, {recipe}"] = epochs_of_ours(recipe, count)
    for way in ways.values():
        way()  # not timed: kernels are compiled and chosen
    found = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(count / common.timed(way))
    return {name: statistics.median(rates) for name, rates in found.items()}


def epochs_of_ours(recipe: str, count: int) -> Callable[[], object]:
    """Return what trains one epoch of `count` images at each call, with its validation."""
    dataset = load_data()
    few = replace(
        dataset, train=dataset.train.head(count), val=dataset.val.head(max(1, count // 9))
    )
    run = fit(few, TrainConfig(recipe=recipe, epochs=9_999, device="cpu", compiled=True))
    next(run)
    return lambda: next(run)


def after_equal_seconds(work: Work) -> dict[str, dict[str, float]]:
    """Return what ours by `fast` scores, and what each peer does after as many seconds."""
    dataset = load_data()
    config = TrainConfig(recipe="fast", epochs=FAST_EPOCHS, device="cpu", compiled=True)
    model = None
    started = time.perf_counter()
    for _, model in fit(dataset, config):
        pass
    seconds = time.perf_counter() - started
    found = {"vaehelpers, fast": scored(model, seconds)}
    print(found, flush=True)
    for name, peer in PEERS.items():
        vae = seeded_vae(42)
        started = time.perf_counter()
        peer(vae, work, 80, seconds)
        found[name] = scored(vae, time.perf_counter() - started)
        print(name, found[name], flush=True)
    return found


def scored(vae: VAE, seconds: float) -> dict[str, float]:
    """Return the scores [bits/dim] of a model, with the seconds of its training."""
    dataset = load_data()
    parts = {"val_bpd": dataset.val.images, "test_bpd": dataset.test.images}
    scores = {name: evaluate(vae.eval(), images, 42)["bpd"] for name, images in parts.items()}
    return {"seconds": seconds, **scores}


def seconds_to_goal(rates: dict[str, float], scores: dict) -> dict[str, float]:
    """Return the seconds to what the practical's recipe scores after 80 epochs.

    Those of the peers follow from their images per second, because they train by that recipe; ours
    were measured, if its score is there.
    """
    goal = read_meta(published_checkpoint(20, 80))["history"][-1]["val_bpd"]
    found = {name: 80 * SPLIT[0] / rates[name] for name in PEERS}
    ours = scores["vaehelpers, fast"]
    if ours["val_bpd"] <= goal:
        found["vaehelpers, fast"] = ours["seconds"]
    return found


def first(images: Dataset, count: int) -> Dataset:
    """Return the first images of a data set."""
    return Subset(images, range(count))


def quieten() -> None:
    """Let the peers' trainers keep their advice to themselves."""
    warnings.filterwarnings("ignore")
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(("lightning", "pythae")):
            logging.getLogger(name).setLevel(logging.ERROR)


# Lightning, as the practical's template uses it.


class Module(lightning.LightningModule):
    """The practical's VAE as a LightningModule."""

    def __init__(self, vae: VAE):
        super().__init__()
        self.vae = vae

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        """Return the loss of a batch, and log what it is made of."""
        L_rec, L_reg, bpd = self.vae(batch[0])
        self.log("train_rec_loss", L_rec, on_step=False, on_epoch=True)
        self.log("train_reg_loss", L_reg, on_step=False, on_epoch=True)
        self.log("train_bpd", bpd, on_step=False, on_epoch=True)
        return L_rec + L_reg

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """Log the score of a batch."""
        self.log("val_bpd", self.vae(batch[0])[2])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam, as the practical asks for."""
        return torch.optim.Adam(self.vae.parameters(), lr=1e-3)


def with_lightning(vae: VAE, work: Work, epochs: int, seconds: float) -> None:
    """Train a VAE in place with Lightning's trainer."""
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        max_time=timedelta(seconds=min(seconds, 86_400)),
        logger=CSVLogger(work.folder),
        default_root_dir=work.folder,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    train = DataLoader(work.train, textbook.BATCH, shuffle=True)
    val = DataLoader(work.val, textbook.BATCH)
    trainer.fit(Module(vae), train, val)


# pythae, with the practical's networks in its classes.


class Encoder(BaseEncoder):
    """Ours, in pythae's words: the logarithm of the variance."""

    def __init__(self, vae: VAE):
        super().__init__()
        self.encoder = vae.encoder

    def forward(self, x: Tensor) -> ModelOutput:
        """Take levels `[B,1,28,28]`; return mean and log variance."""
        mean, log_std = self.encoder(x)
        return ModelOutput(embedding=mean, log_covariance=2 * log_std)


class Decoder(BaseDecoder):
    """Ours, in pythae's words."""

    def __init__(self, vae: VAE):
        super().__init__()
        self.decoder = vae.decoder

    def forward(self, z: Tensor) -> ModelOutput:
        """Take latents; return logits."""
        return ModelOutput(reconstruction=self.decoder(z))


class Model(PythaeVAE):
    """pythae's VAE with the practical's reconstruction loss, which it does not have."""

    def loss_function(
        self, recon_x: Tensor, x: Tensor, mu: Tensor, log_var: Tensor, z: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return loss, reconstruction and KL."""
        recon = reconstruction(recon_x, x).mean()
        kl = KLD(mu, log_var / 2).mean()
        return recon + kl, recon, kl


class Levels(Dataset):
    """Images as pythae wants them."""

    def __init__(self, images: Dataset):
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> DatasetOutput:
        image, label = self.images[i]
        return DatasetOutput(data=image, labels=torch.tensor(label))


class TimeIsUp(Exception):
    """Leave pythae's loop: it has no limit of its own."""


class Clock(TrainingCallback):
    """Stop after some seconds."""

    def __init__(self, seconds: float):
        self.end = time.perf_counter() + seconds

    def on_train_step_end(self, training_config: BaseTrainerConfig, **kwargs: object) -> None:
        """Look at the clock."""
        if time.perf_counter() > self.end:
            raise TimeIsUp


def with_pythae(vae: VAE, work: Work, epochs: int, seconds: float) -> None:
    """Train a VAE in place with pythae's trainer."""
    settings = BaseTrainerConfig(
        output_dir=work.folder,
        num_epochs=epochs,
        learning_rate=1e-3,
        per_device_train_batch_size=textbook.BATCH,
        per_device_eval_batch_size=textbook.BATCH,
        no_cuda=True,
    )
    config = VAEConfig(input_dim=(1, 28, 28), latent_dim=20)
    model = Model(config, encoder=Encoder(vae), decoder=Decoder(vae))
    trainer = BaseTrainer(
        model=model,
        train_dataset=Levels(work.train),
        eval_dataset=Levels(work.val),
        training_config=settings,
        callbacks=[Clock(seconds)],
    )
    with suppress(TimeIsUp):
        trainer.train()


PEERS = {"Lightning, practical": with_lightning, "pythae, practical": with_pythae}


if __name__ == "__main__":
    main()
