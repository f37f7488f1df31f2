"""What every other room stands on: settings, device, chance, files, provenance, progress.

Read in this order: `settings` (one number a person can give, and its range), `paths` (as a person
writes them), `tensors` (what holds for those that a function takes), `compilers` (what
torch.compile needs), `device` (where to compute), `chance` (seeds), `files` (read up to a limit,
written whole or not at all), `weights` (those of a network, in a file), `provenance` (what a run
ran on), `progress` (how a person follows a long run and stops it).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
