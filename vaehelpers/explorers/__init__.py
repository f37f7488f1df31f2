"""Explorers: sliders and boxes over pictures that follow them, one module an explorer.

They are thin shells around pure functions from numbers or text to PNG bytes or text. Read in this
order: `controls` (what they share), then the small ones, `attention`, `gaussians`,
`prior_samples`, `picker`, `live_curve`, `film`, `text_box`; then the walk through latent space:
`walk` (where sliders lead), `frames` (what is seen there), `latents` (its controls, and pictures
drawn by the kernel or by the page), `page` (the decoder for the page).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
