"""Exercises: what a reader writes in a notebook is tried, and what came out said in sentences.

Read in this order: `checking` (how a function is tried, step by step), then the exercises of the
four notebooks, `transformers`, `theory`, `building`, `plane`, then `catalogue` (all of them by
name, and `check`).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
