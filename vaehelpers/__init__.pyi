from . import attention as attention
from . import core as core
from . import data as data
from . import errors as errors
from . import exercises as exercises
from . import explorers as explorers
from . import figures as figures
from . import published as published
from . import series as series
from . import training as training
from . import vae as vae
from .core import choose_device as choose_device
from .core import until_interrupted as until_interrupted
from .data import CLASSES as CLASSES
from .data import LEVELS as LEVELS
from .data import Dataset as Dataset
from .data import Split as Split
from .data import level_counts as level_counts
from .data import load_data as load_data
from .data import quantise as quantise
from .published import load_published as load_published
from .training import TrainConfig as TrainConfig
from .training import fit as fit
from .training import load_checkpoint as load_checkpoint
from .vae import VAE as VAE
from .vae import evaluate as evaluate
from .vae import seeded_vae as seeded_vae
from .vae.latent import visualize_manifold as visualize_manifold
from .vae.networks import CNNDecoder as CNNDecoder
from .vae.networks import CNNEncoder as CNNEncoder
from .vae.networks import draw_levels as draw_levels
from .vae.networks import mean_levels as mean_levels
from .vae.objective import KLD as KLD
from .vae.objective import elbo_to_bpd as elbo_to_bpd
from .vae.objective import reconstruction as reconstruction
from .vae.objective import sample_reparameterize as sample_reparameterize

__version__: str
__all__ = [
    "CLASSES",
    "KLD",
    "LEVELS",
    "VAE",
    "CNNDecoder",
    "CNNEncoder",
    "Dataset",
    "Split",
    "TrainConfig",
    "attention",
    "choose_device",
    "core",
    "data",
    "draw_levels",
    "elbo_to_bpd",
    "errors",
    "evaluate",
    "exercises",
    "explorers",
    "figures",
    "fit",
    "level_counts",
    "load_checkpoint",
    "load_data",
    "load_published",
    "mean_levels",
    "published",
    "quantise",
    "reconstruction",
    "sample_reparameterize",
    "seeded_vae",
    "series",
    "training",
    "until_interrupted",
    "vae",
    "visualize_manifold",
]
