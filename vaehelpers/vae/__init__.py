"""The variational autoencoder: its objective, its networks, its latent space, its likelihood.

Read in this order: `objective` (the loss, from reparameterisation to bits per dimension),
`networks` (the practical's encoder and decoder), `sizes` (how large they may be), `latent` (the
manifold and what lives where),
`likelihood` (how good the model is: the ELBO and tighter bounds), `quadrature` (log p(x) itself).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
