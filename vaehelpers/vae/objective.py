"""The maths of the VAE's objective, from the reparameterised sample to bits per dimension.

Every log-quantity is in nats per image, shape `[B]`, summed over pixels or latents, never averaged.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def sample_reparameterize(mean: Tensor, std: Tensor, eps: Tensor | None = None) -> Tensor:
    """Draw `z = mean + std * eps`, so that gradients reach `mean` and `std`.

    `mean`, `std` and the standard normal noise `eps` share one shape, usually `[B,D]`; without
    `eps`, fresh noise is drawn. `std` is a standard deviation, not a variance; raises ValueError if
    one on the CPU is negative. Kingma & Welling 2014, Sec. 2.4.
    """
    # On a GPU this check would make every training step wait for the device.
    can_check = std.device.type == "cpu" and not torch.compiler.is_compiling()
    if can_check and (std < 0).any():
        raise ValueError(
            "std must be non-negative: it is a standard deviation (did you pass log_std?)"
        )
    if eps is None:
        eps = torch.randn_like(std)
    return mean + std * eps


def KLD(mean: Tensor, log_std: Tensor) -> Tensor:
    """Return KL(N(mean, std^2) || N(0, 1)) in nats, summed over the last axis: `[B,D] -> [B]`.

    `log_std` is the natural logarithm of the standard deviation. Practical, Eq. 16;
    Kingma & Welling 2014, Appendix B.
    """
    variance = (2 * log_std).exp()
    twice_per_latent = mean**2 + variance - 1 - 2 * log_std  # [B,D]
    return 0.5 * twice_per_latent.sum(dim=-1)


def reconstruction(logits: Tensor, levels: Tensor) -> Tensor:
    """Return -log p(x|z) in nats, summed over pixels: logits `[B,K,H,W]`, levels -> `[B]`.

    `levels` `[B,1,H,W]` holds integers 0..K-1. This is the L=1 cross-entropy of the practical's
    section 2.5 *without* its stray 1/M: a sum over pixels, because the likelihood is a product.
    """
    targets = levels.squeeze(1).long()  # [B,H,W]
    nats = F.cross_entropy(logits, targets, reduction="none")  # [B,H,W]
    return nats.flatten(1).sum(dim=1)


def elbo_to_bpd(elbo: Tensor, img_shape: tuple[int, ...]) -> Tensor:
    """Convert a negative ELBO in nats per image to bits per dimension; any shape, kept.

    `img_shape` is `[B,C,H,W]`: the batch size is ignored, the rest multiplied. As in the
    practical's template, `elbo` is the *loss* L_rec + L_reg, a positive number of nats, so that
    fewer bits are better.
    """
    bits = elbo * math.log2(math.e)
    return bits / math.prod(img_shape[1:])
