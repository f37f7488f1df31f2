from . import walk as walk
from .attention import attention_explorer as attention_explorer
from .film import film_explorer as film_explorer
from .gaussians import kl_explorer as kl_explorer
from .latents import in_kernel as in_kernel
from .latents import in_page as in_page
from .live_curve import LiveCurve as LiveCurve
from .own_controls import bound_explorer as bound_explorer
from .own_controls import paths_explorer as paths_explorer
from .posterior import posterior_explorer as posterior_explorer
from .prior_samples import prior_samples_explorer as prior_samples_explorer
from .text_box import text_explorer as text_explorer

__all__ = [
    "LiveCurve",
    "attention_explorer",
    "bound_explorer",
    "film_explorer",
    "in_kernel",
    "in_page",
    "kl_explorer",
    "paths_explorer",
    "posterior_explorer",
    "prior_samples_explorer",
    "text_explorer",
    "walk",
]
