"""The maths of the VAE's objective, from the reparameterised sample to bits per dimension.

Every log-quantity is in nats per image, shape `[B]`, summed over pixels or latents, never averaged.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..core.tensors import check_same_shape, is_seen
from ..data.levels import check_levels
from ..errors import InputError


def sample_reparameterize(mean: Tensor, std: Tensor, eps: Tensor | None = None) -> Tensor:
    """Draw `z = mean + std * eps`, so that gradients reach `mean` and `std`.

    `mean`, `std` and the standard normal noise `eps` share one shape, usually `[B,D]`; without
    `eps`, fresh noise is drawn. `std` is a standard deviation, not a variance. Raises InputError
    for unequal shapes and, on the CPU, for a negative std. Kingma & Welling 2014, Sec. 2.4.
    """
    if eps is None:
        eps = torch.randn_like(std)
    check_same_shape(mean=mean, std=std, eps=eps)
    # On a GPU this check would make every training step wait for the device.
    if std.device.type == "cpu" and is_seen((std < 0).any()):
        raise InputError(
            "std must be non-negative: it is a standard deviation (did you pass log_std?)"
        )
    return mean + std * eps


def KLD(mean: Tensor, log_std: Tensor) -> Tensor:
    """Return KL(N(mean, std^2) || N(0, 1)) in nats, summed over the last axis: `[B,D] -> [B]`.

    `log_std` is the natural logarithm of the standard deviation. Never negative. Raises InputError
    for unequal shapes. Practical, Eq. 16; Kingma & Welling 2014, Appendix B.
    """
    check_same_shape(mean=mean, log_std=log_std)
    log_variance = 2 * log_std
    # variance - 1 - log variance; near std = 1 its terms cancel, and expm1 keeps their digits.
    of_the_spread = torch.expm1(log_variance) - log_variance  # [B,D]
    return 0.5 * (mean**2 + of_the_spread).sum(dim=-1)


def reconstruction(logits: Tensor, levels: Tensor) -> Tensor:
    """Return -log p(x|z) in nats, summed over pixels: logits `[B,K,H,W]`, levels -> `[B]`.

    `levels` `[B,1,H,W]` holds whole numbers 0..K-1, of any type; raises InputError for others. This
    is the L=1 cross-entropy of the practical's section 2.5 *without* its stray 1/M: a sum over
    pixels, because the likelihood is a product.
    """
    batch, count, *size = logits.shape
    if list(levels.shape) != [batch, 1, *size]:
        raise InputError(
            f"levels of shape {list(levels.shape)} do not fit logits of shape "
            f"{list(logits.shape)}; they must be {[batch, 1, *size]}"
        )
    check_levels(levels, count)
    return cross_entropy(logits, levels)


def cross_entropy(logits: Tensor, levels: Tensor) -> Tensor:
    """Do as `reconstruction` does, without its checks: for images that were checked before."""
    targets = levels.squeeze(1).long()  # [B,H,W]
    nats = F.cross_entropy(logits, targets, reduction="none")  # [B,H,W]
    return nats.flatten(1).sum(dim=1)


def elbo_to_bpd(elbo: Tensor, img_shape: Sequence[int]) -> Tensor:
    """Convert a negative ELBO in nats per image to bits per dimension; any shape, kept.

    `img_shape` is `[B,C,H,W]`: the batch size is ignored, the rest multiplied; raises InputError
    for another number of axes, and for axes without a place. As in the practical's template, `elbo`
    is the *loss* L_rec + L_reg, a positive number of nats, so that fewer bits are better.
    """
    if len(img_shape) != 4 or min(img_shape[1:]) < 1:
        raise InputError(
            f"img_shape must be [B,C,H,W], with the batch first, got {list(img_shape)}; "
            "give imgs.shape"
        )
    bits = elbo * math.log2(math.e)
    return bits / math.prod(img_shape[1:])
