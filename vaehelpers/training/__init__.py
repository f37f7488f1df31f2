"""How a VAE is trained: settings, one step, the loop over epochs, and what is kept on disk.

Read in this order: `config` (every setting of a run), `loop` (`fit`, an epoch at a time), `step`
(one batch, compiled or not), `optimizers`, `muon` and `soap` (which optimizer updates which
weight), `checkpoint` (weights, configuration and history on disk), `history` (what of that is JSON,
and how it is checked), `tensorboard` (for programs that watch).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
