"""Figures as pure functions, most of them `(data, ..., ax=None) -> Axes`.

`series.show` displays them; `plt.style.use(["default", "vaehelpers.figures.style"])` sets their
look, whatever a reader's own settings are. Read in this order: `style.mplstyle` and `colours` (the
look of all), `grid` (pictures pixel for pixel), `gaussian` (a density), `vae` (training, latent
space), `attention` (maps of weights), `drawing` (boxes and arrows), `diagrams` (what is made of
them), and the diagrams of each notebook: `transformer_diagrams`, `theory_diagrams`, `pipeline`,
`plane_diagrams`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
