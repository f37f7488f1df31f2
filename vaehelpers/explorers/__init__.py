"""Explorers: sliders and boxes over pictures that follow them.

Most are drawn by the page, with a network of its own: in Jupyter from ipywidgets, in a page without
a kernel from controls of its own. Their JavaScript is in `web/`; start with `registry.js` there. In
Python, read in this order: `controls` (what explorers share), `page` (one as a widget), `pages`
(what each needs as data), `layers` and `tensors` (networks for the page), `bundle` (the scripts in
one piece), then each: `gaussians`, `prior_samples`, `posterior`, `attention`, `film`,
`own_controls`. The kernel draws `live_curve`, and answers in `text_box`. Then the walk through
latent space: `walk` (where sliders lead), `frames` (what is seen there), `latents` (its controls,
and both ways to draw it).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
