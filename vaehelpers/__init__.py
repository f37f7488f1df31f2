"""Helpers for a series of notebooks on Transformers and variational autoencoders.

The most used names can be imported from the package itself: `from vaehelpers import VAE`. They are
loaded when they are first used, so that `import vaehelpers` is quick and does not import torch.
The rooms behind them, each named after its subject: `core`, `data`, `vae`, `training`,
`attention`, `figures`, `explorers`, `published`, `exercises`, `series`.
"""

import lazy_loader

__version__ = "0.2.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
