"""The maths of the VAE objective: reparameterisation, Gaussian KL, cross-entropy in nats, bits per dimension.

Every log-quantity is in nats per image, shape `(B,)`, summed over pixels or latents, never averaged.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def sample_reparameterize(mean: Tensor, std: Tensor, eps: Tensor | None = None) -> Tensor:
    """Draw `z = mean + std * eps`, so that gradients reach `mean` and `std` (Kingma & Welling 2014, Sec. 2.4).

    `mean`, `std` and the standard normal noise `eps` share one shape, usually `(B, D)`; without `eps`,
    fresh noise is drawn. `std` is a standard deviation, not a variance; raises ValueError if any is negative
    (on the CPU: to look at a GPU's numbers, every training step would have to wait for it).
    """
    if std.device.type == "cpu" and not torch.compiler.is_compiling() and (std < 0).any():
        raise ValueError(
            "std must be non-negative: it is a standard deviation (did you pass log_std?)"
        )
    return mean + std * (torch.randn_like(std) if eps is None else eps)


def KLD(mean: Tensor, log_std: Tensor) -> Tensor:
    """Return KL(N(mean, std^2) || N(0, 1)) in nats, summed over the last axis: `(B, D) -> (B,)`.

    `log_std` is the natural logarithm of the standard deviation. Practical, Eq. 16;
    Kingma & Welling 2014, Appendix B.
    """
    return 0.5 * (mean**2 + (2 * log_std).exp() - 1 - 2 * log_std).sum(dim=-1)


def reconstruction(logits: Tensor, levels: Tensor) -> Tensor:
    """Return -log p(x|z) in nats, summed over pixels: logits `[B,K,H,W]`, levels `[B,1,H,W]` -> `(B,)`.

    `levels` holds integers 0..K-1. This is the L=1 cross-entropy of the practical's section 2.5 *without*
    its stray 1/M: a sum over pixels, because the likelihood is a product over pixels.
    """
    return F.cross_entropy(logits, levels.squeeze(1).long(), reduction="none").flatten(1).sum(dim=1)


def elbo_to_bpd(elbo: Tensor, img_shape: tuple[int, ...]) -> Tensor:
    """Convert a negative ELBO in nats per image to bits per dimension; any shape, kept.

    `img_shape` is `[B,C,H,W]`: the batch size is ignored, the rest multiplied. As in the practical's
    template, `elbo` is the *loss* L_rec + L_reg, a positive number of nats, so that fewer bits are better.
    """
    return elbo * math.log2(math.e) / math.prod(img_shape[1:])
