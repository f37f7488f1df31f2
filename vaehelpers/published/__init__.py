"""What comes with the package: trained weights, and results that take too long for a notebook.

Read in this order: `registry` (the weights and their names), `records` (results kept with what
they ran on), `evidence` (the slow scores), `posteriors` (curves for the practical's Figure 3),
`films` (of trainings), `classifier` (which judges samples), `spam_filter` (notebook 01's, for pages
without a kernel).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
