"""The four notebooks as one thing: what they show, what they can be given, how they are run.

Read in this order: `notebooks` (their names, where they are found), `outputs` (figures with alt
text, named numbers, claims), `parameters` (what a person can set), `presets` (of them), `run` (all
of them in batch), `execution` (one, or several side by side), `comparison` (what differs when they
are executed again), `fingerprint` (what their outputs are of), `tour` (the page of all answers),
`pages` (the explorers of a page without a kernel).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
