"""FashionMNIST as 4-bit level tensors, checked against known hashes, from wherever it can be had.

Read in this order: `constants`, `levels` and `dataset` (what everybody works with), `places` (where
the files are looked for), `fashion_mnist` (how they are read), `download` (where they come from),
`drawn` (the stand-in for tests and for machines that reach nothing), `sources` (`load_data`, which
chooses).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
