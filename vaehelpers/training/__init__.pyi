from . import checkpoint as checkpoint
from . import optimizers as optimizers
from . import step as step
from .checkpoint import load_checkpoint as load_checkpoint
from .config import RECIPES as RECIPES
from .config import Recipe as Recipe
from .config import TrainConfig as TrainConfig
from .history import EpochRecord as EpochRecord
from .loop import fit as fit
from .muon import Muon as Muon
from .soap import Soap as Soap

__all__ = [
    "RECIPES",
    "EpochRecord",
    "Muon",
    "Recipe",
    "Soap",
    "TrainConfig",
    "checkpoint",
    "fit",
    "load_checkpoint",
    "optimizers",
    "step",
]
