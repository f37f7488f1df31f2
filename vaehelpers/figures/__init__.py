"""Figures as pure functions, most of them `(data, ..., ax=None) -> Axes`.

`series.show` displays them; `plt.style.use("vaehelpers.figures.style")` sets their look. Read in
this order: `style.mplstyle` and `colours` (the look of all), `grid` (pictures pixel for pixel),
`vae` (training, latent space), `attention` (maps of weights), `drawing` (boxes and arrows),
`diagrams` (what is made of them), `pipeline` (a VAE with real pictures in it).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
