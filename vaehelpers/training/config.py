"""How a VAE is trained: every setting of a run, with its default, its range and its meaning.

The command line's options, the notebooks' parameters and what a checkpoint remembers all derive
from `TrainConfig`. Nothing here imports torch, so that the command line's help is quick.
"""

from dataclasses import dataclass, field, fields
from typing import Any, Literal

from ..core.settings import DEVICES, Choice, Flag, Real, Setting, Whole, check, check_typed
from ..vae.sizes import NUM_FILTERS, Z_DIM

PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class Recipe:
    """Which optimizers find the weights, at which rates: networks and loss stay the same.

    `lr` and `batch_size` are Adam's learning rate and the images of a step. The optimizer `hidden`
    steps the weights between hidden units at `hidden_lr_factor` times Adam's rate.
    `row_normalise_decay` and `weight_decay` are Muon's, see there. The rates rise from 0 over the
    share `warmup` of all steps, then fall to 0, both in a straight line; without a warm-up they
    stay constant. In the first `mirrored_share` of the epochs, garments that look the same mirrored
    are flipped at random; the remaining epochs use the original images.
    """

    lr: float
    batch_size: int
    hidden: Literal["Adam", "Muon", "Soap"] = "Adam"
    hidden_lr_factor: float = 1.0
    warmup: float = 0.0
    mirrored_share: float = 0.0
    row_normalise_decay: float = 0.0
    weight_decay: float = 0.0

    def rate_factor(self, step: int, steps: int) -> float:
        """Return what the rates of step 0, 1, ..., `steps` - 1 are multiplied by."""
        if not self.warmup:
            return 1.0
        rising = self.warmup * steps
        if step < rising:
            return (step + 1) / (rising + 1)
        return (steps - step) / (steps - rising)


RECIPES = {
    # As the practical asks for (Q2.8).
    "practical": Recipe(lr=1e-3, batch_size=128),
    # For 6 epochs, see benchmarks/quality.py.
    "fast": Recipe(lr=0.024, batch_size=64, hidden="Soap", hidden_lr_factor=2 / 3, warmup=0.05),
    # For 80 epochs.
    "best": Recipe(
        lr=0.01,
        batch_size=64,
        hidden="Muon",
        hidden_lr_factor=0.625,
        warmup=0.05,
        mirrored_share=0.9,
        row_normalise_decay=0.95,
        weight_decay=0.015,
    ),
}


def _field(default: Any, setting: Setting) -> Any:
    """Return a field of `TrainConfig`: its default, and its range and meaning."""
    return field(default=default, metadata={"setting": setting})


@dataclass(frozen=True)
class TrainConfig:
    """All settings of a training run. Raises SettingError for an unknown or unallowed one.

    `lr` and `batch_size` replace those of the recipe where they are given. The loss is
    recon + `beta` KL; without `noise` the decoder gets the encoder's mean itself, which for
    `beta=0` is a plain autoencoder (its std stays 1). `compiled` and `precision` (see
    `step.training_step`) are for speed, and change numbers by rounding.
    """

    recipe: str = _field("best", Choice("how to train", tuple(RECIPES)))
    z_dim: int = _field(20, Z_DIM)
    epochs: int = _field(80, Whole("epochs to train", 1, 9_999))
    num_filters: int = _field(32, NUM_FILTERS)
    lr: float | None = _field(None, Real("Adam's learning rate, or its peak", 1e-8, 1.0))
    batch_size: int | None = _field(None, Whole("images per training step", 1, 10_000))
    precision: str = _field("float32", Choice("the networks' numbers in training", PRECISIONS))
    beta: float = _field(1.0, Real("weight of the KL in the loss", 0, 10_000))
    seed: int = _field(42, Whole("seed of every random draw", 0, 2**31 - 1))
    device: str = _field("auto", Choice("where to compute", DEVICES))
    noise: bool = _field(True, Flag("whether the decoder gets samples of q, and not its mean"))
    compiled: bool = _field(False, Flag("whether torch.compile makes the step"))

    def __new__(cls, *_: Any, **given: Any) -> "TrainConfig":
        """Refuse an unknown setting in one line with a hint, before Python does without."""
        for name, value in given.items():
            if name not in cls.defaults():
                check(name, value, cls.settings())
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for name in self.settings():
            given = getattr(self, name)
            if given is None and name in ("lr", "batch_size"):
                continue
            parsed = check_typed(name, given, self.settings())
            object.__setattr__(self, name, parsed)  # for example, 1 becomes 1.0

    @classmethod
    def settings(cls) -> dict[str, Setting]:
        """Return each field's range and meaning by its name."""
        return {each.name: each.metadata["setting"] for each in fields(cls)}

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Return each field's default by its name."""
        return {each.name: each.default for each in fields(cls)}

    @property
    def chosen_recipe(self) -> Recipe:
        """The recipe that `recipe` names."""
        return RECIPES[self.recipe]

    @property
    def used_lr(self) -> float:
        """The learning rate that was given, or else the recipe's."""
        return self.chosen_recipe.lr if self.lr is None else self.lr

    @property
    def used_batch_size(self) -> int:
        """The batch size that was given, or else the recipe's."""
        return self.chosen_recipe.batch_size if self.batch_size is None else self.batch_size

    def remembered(self) -> dict[str, Any]:
        """Return the settings that a checkpoint stores and that a resumed run must repeat.

        The number of epochs is one of them if the rates fall towards the last epoch; the device is
        not.
        """
        kept = {
            "recipe": self.recipe,
            "z_dim": self.z_dim,
            "num_filters": self.num_filters,
            "lr": self.used_lr,
            "batch_size": self.used_batch_size,
            "seed": self.seed,
            "compiled": self.compiled,
            "precision": self.precision,
            "beta": self.beta,
            "noise": self.noise,
        }
        if self.chosen_recipe.warmup:
            kept["epochs"] = self.epochs
        return kept
