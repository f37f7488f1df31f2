"""How good a VAE is: its ELBO, and importance-weighted bounds on log p(x)."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from tqdm.auto import tqdm

from ..core import progress
from ..core.chance import generator_for
from ..data.levels import check_images
from ..errors import InputError
from .networks import VAE
from .objective import KLD, cross_entropy, elbo_to_bpd, sample_reparameterize


def log_normal(z: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """Return log N(z | mean, diag(std^2)) in nats: `[n,D]` -> `[n]`."""
    distance = (z - mean) / log_std.exp()  # in standard deviations, [n,D]
    constant = z.shape[-1] / 2 * math.log(2 * math.pi)
    return -0.5 * distance.square().sum(-1) - log_std.sum() - constant


def log_prior(z: Tensor) -> Tensor:
    """Return log N(z | 0, 1) in nats: `[n,D]` -> `[n]`."""
    zero = torch.zeros(z.shape[-1])
    return log_normal(z, zero, zero)


@torch.no_grad()
def evaluate(model: VAE, images: Tensor, seed: int = 42, batch_size: int = 500) -> dict[str, float]:
    """Score levels `[N,1,28,28]` by the one-sample ELBO, averaged over images.

    Returns `bpd`, in bits per dimension, and its two parts `recon` and `kl` in nats per image;
    `bpd_se` is the standard error of the average, NaN for a single image. The noise comes from a
    CPU generator with `seed`, so the score repeats; on another machine it agrees to rounding error.
    Raises InputError for no images, for those that are not levels, and for empty batches.
    """
    recon, kl = losses(model, images, seed, batch_size)
    scores = mean_scores(recon.mean(), kl.mean(), images.shape)
    scores["bpd_se"] = float(_standard_error(elbo_to_bpd(recon + kl, images.shape)))
    return scores


@torch.no_grad()
def losses(
    model: VAE, images: Tensor, seed: int = 42, batch_size: int = 500
) -> tuple[Tensor, Tensor]:
    """Return what `evaluate` averages: one-sample `(recon, kl)` of each image in nats.

    Levels `[N,1,28,28]` give two of `[N]`, float64, on the CPU. Raises InputError as `evaluate`.
    """
    check_images(images)
    if batch_size < 1:
        raise InputError(f"batch_size must be 1 or more, got {batch_size}")
    eps = _scored_noise(model, images, seed)
    recons, kls = [], []
    # TF32 keeps ten bits of a number and would change the score.
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        for imgs, noise in zip(images.split(batch_size), eps.split(batch_size), strict=True):
            recon, kl = model.losses(imgs.to(model.device), noise.to(model.device))
            recons.append(recon)
            kls.append(kl)
    return torch.cat(recons).cpu().double(), torch.cat(kls).cpu().double()


def _scored_noise(model: VAE, images: Tensor, seed: int) -> Tensor:
    """Return the noise `[N,D]` that chooses the z by which images are scored."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(len(images), model.z_dim, generator=generator)


def refined(
    model: VAE,
    images: Tensor,
    steps: int = 100,
    lr: float = 0.05,
    seed: int = 42,
    batch_size: int = 500,
) -> tuple[Tensor, Tensor]:
    """Fit q to each image by gradient, starting from the encoder's; return `(recon, kl)`.

    Each is `[N]`, float64, in nats: the one-sample loss of each image under its own Gaussian q.
    Their sum is a bound on -log p(x) as that of `evaluate` is, and a code of that length can be
    built: who reads it has decoded the image, and repeats the fit to get back the bits that chose
    z. But it is not the encoder's score: it tells how much of a score the encoder loses (Cremer et
    al. 2018, arXiv:1801.03558). `steps` of Adam take two draws each, mean +- std eps, at a rate
    that falls from `lr` to 0; the last draw, which is scored, is that of `evaluate`.
    Raises InputError for images that are not levels.
    """
    check_images(images)
    scored = _scored_noise(model, images, seed)
    generator = generator_for(seed, 1)  # other draws than those that are scored
    recons, kls = [], []
    for imgs, eps in zip(images.split(batch_size), scored.split(batch_size), strict=True):
        levels = imgs.to(model.device)
        mean, log_std = _fitted(model, levels, steps, lr, generator)
        with torch.no_grad():
            z = sample_reparameterize(mean, log_std.exp(), eps.to(model.device))
            recons.append(cross_entropy(model.decoder(z), levels))
            kls.append(KLD(mean, log_std))
    return torch.cat(recons).cpu().double(), torch.cat(kls).cpu().double()


def _fitted(
    model: VAE, levels: Tensor, steps: int, lr: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return mean and log std of q for each image, `[B,D]`, after steps against its own loss."""
    with torch.no_grad():
        mean, log_std = model.encoder(levels)
        q = torch.stack([mean, log_std])  # [2,B,D]
    q.requires_grad_()
    adam = torch.optim.Adam([q], lr)
    schedule = torch.optim.lr_scheduler.LinearLR(adam, 1, 0, steps)
    twice = levels.repeat(2, 1, 1, 1)
    for _ in range(steps):
        mean, log_std = q
        eps = torch.randn(mean.shape, generator=generator).to(mean.device)
        z = sample_reparameterize(
            mean.repeat(2, 1), log_std.exp().repeat(2, 1), torch.cat([eps, -eps])
        )
        loss = cross_entropy(model.decoder(z), twice).sum() / 2 + KLD(mean, log_std).sum()
        (q.grad,) = torch.autograd.grad(loss, [q])  # the weights get none
        adam.step()
        schedule.step()
    mean, log_std = q.detach()
    return mean, log_std


def _standard_error(values: Tensor) -> Tensor:
    """Return the standard error of the mean of values `[N]`; NaN for one, which shows no spread."""
    if len(values) == 1:
        return torch.tensor(math.nan)
    return values.std() / math.sqrt(len(values))


def mean_scores(recon: Tensor, kl: Tensor, img_shape: tuple[int, ...]) -> dict[str, float]:
    """Return `bpd`, `recon` and `kl` as floats, given the averages of the last two in nats."""
    bpd = elbo_to_bpd(recon + kl, img_shape)
    return {"bpd": float(bpd), "recon": float(recon), "kl": float(kl)}


@torch.no_grad()
def log_likelihood(model: VAE, images: Tensor, z: Tensor, batch_size: int = 250) -> Tensor:
    """Return log p(x|z) in nats of each image at each latent: float64 `[N,n]`.

    `images` are levels `[N,1,28,28]`, `z` is `[n,D]`; raises InputError for others.
    """
    check_images(images)
    check_latents(model, z)
    levels = images.long().to(model.device)
    per_batch = []
    for batch in z.split(batch_size):
        logits = model.decoder(batch.float().to(model.device))
        log_probs = logits.log_softmax(1)  # [b,16,28,28], b latents in the batch
        per_image = []
        for image in levels:
            chosen = log_probs.gather(1, image.expand(len(batch), 1, -1, -1))  # [b,1,28,28]
            per_image.append(chosen.flatten(1).double().sum(1))
        per_batch.append(torch.stack(per_image).cpu())  # [N,b]
    return torch.cat(per_batch, dim=1)


def check_latents(model: VAE, z: Tensor) -> None:
    """Raise InputError unless `z` are latents `[n,D]` of the model."""
    if z.dim() != 2 or z.shape[1] != model.z_dim:
        raise InputError(
            f"latents must be [n,{model.z_dim}] for a model with z_dim={model.z_dim}, "
            f"got {list(z.shape)}"
        )


@torch.no_grad()
def importance_weights(model: VAE, images: Tensor, draws: int, seed: int = 42) -> Tensor:
    """Return log p(x|z) + log p(z) - log q(z|x) in nats at `draws` samples of q: `[N,draws]`.

    `images` are levels `[N,1,28,28]`, the result is float64. Its mean over z is the ELBO, the
    logarithm of its mean exponential is the bound of Burda, Grosse & Salakhutdinov 2016, Eq. 8.
    The noise of image i depends on `seed` and i alone, so the first images of a set get the same
    numbers as in the whole set. Memory hardly grows with `draws`; with N only the result grows.
    Raises InputError for images that are not levels and for less than one draw.
    """
    check_images(images)
    if draws < 1:
        raise InputError(f"draws must be at least 1, got {draws}")
    log_weights = torch.empty(len(images), draws, dtype=torch.float64)
    quiet = len(images) < 50 or not progress.is_watched()
    for i, image in enumerate(tqdm(images.split(1), "images", leave=False, disable=quiet)):
        means, log_stds = model.encoder(image.to(model.device))
        mean, log_std = means[0].cpu(), log_stds[0].cpu()  # each [D]
        eps = torch.randn(draws, model.z_dim, generator=generator_for(seed, i))
        z = mean + log_std.exp() * eps  # [draws,D]
        log_weights[i] = (
            log_likelihood(model, image, z)[0] + log_prior(z) - log_normal(z, mean, log_std)
        )
    return log_weights


def importance_bounds(log_weights: Tensor, sizes: Sequence[int]) -> Tensor:
    """Return the importance-weighted bound on log p(x) in nats for each number K in `sizes`.

    `[N,n]` log weights give `[N,len(sizes)]`. The n weights form n // K groups; the bound is the
    average over groups of log((1/K) sum exp). So 12 weights and K = 5 give two groups, and the last
    two weights are left out. K = 1 is the ELBO. Raises InputError if a size is not between 1 and n.
    """
    count = log_weights.shape[1]
    if not all(1 <= size <= count for size in sizes):
        raise InputError(f"sizes must lie between 1 and the {count} weights, got {list(sizes)}")
    bounds = []
    for size in sizes:
        in_whole_groups = log_weights[:, : count // size * size]
        groups = in_whole_groups.unflatten(1, (-1, size))  # [N,n//K,K]
        of_groups = groups.logsumexp(2) - math.log(size)
        bounds.append(of_groups.mean(1))
    return torch.stack(bounds, 1)
