from . import latent as latent
from . import likelihood as likelihood
from . import networks as networks
from . import objective as objective
from . import quadrature as quadrature
from .likelihood import evaluate as evaluate
from .networks import VAE as VAE
from .networks import seeded_vae as seeded_vae

__all__ = [
    "VAE",
    "evaluate",
    "latent",
    "likelihood",
    "networks",
    "objective",
    "quadrature",
    "seeded_vae",
]
