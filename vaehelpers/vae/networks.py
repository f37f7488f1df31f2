"""The practical's networks: a CNN encoder, a CNN decoder with 16 logits per pixel, and the VAE of both."""

import torch
from torch import Tensor, nn

from .data import LEVELS
from .objective import KLD, elbo_to_bpd, reconstruction, sample_reparameterize


class CNNEncoder(nn.Module):
    """Map images to the mean and log standard deviation of q(z|x) (practical, Eq. 20)."""

    def __init__(self, num_input_channels: int = 1, num_filters: int = 32, z_dim: int = 20):
        super().__init__()
        c = num_filters
        self.net = nn.Sequential(
            nn.Conv2d(num_input_channels, c, 3, padding=1, stride=2),
            nn.GELU(),  # 28 -> 14
            nn.Conv2d(c, c, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(c, 2 * c, 3, padding=1, stride=2),
            nn.GELU(),  # 14 -> 7
            nn.Conv2d(2 * c, 2 * c, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(2 * c, 2 * c, 3, padding=1, stride=2),
            nn.GELU(),  # 7 -> 4
            nn.Flatten(),  # [B, 2c*4*4]
        )
        self.mean = nn.Linear(2 * c * 16, z_dim)
        self.log_std = nn.Linear(2 * c * 16, z_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Take levels 0..15 of any dtype, `[B,1,28,28]`; return `(mean, log_std)`, each `[B,z_dim]`."""
        features = self.net(x.float() / (LEVELS - 1) * 2 - 1)  # levels -> [-1, 1]
        return self.mean(features), self.log_std(features)


class CNNDecoder(nn.Module):
    """Map latents to the 16 logits of each pixel's categorical distribution (practical, Eq. 8)."""

    def __init__(self, num_input_channels: int = 16, num_filters: int = 32, z_dim: int = 20):
        super().__init__()
        c = num_filters
        self.linear = nn.Sequential(nn.Linear(z_dim, 2 * c * 16), nn.GELU())
        self.net = nn.Sequential(
            nn.Unflatten(1, (2 * c, 4, 4)),
            nn.ConvTranspose2d(2 * c, 2 * c, 3, padding=1, stride=2),
            nn.GELU(),  # 4 -> 7
            nn.Conv2d(2 * c, 2 * c, 3, padding=1),
            nn.GELU(),
            nn.ConvTranspose2d(2 * c, c, 3, padding=1, output_padding=1, stride=2),
            nn.GELU(),  # 7 -> 14
            nn.Conv2d(c, c, 3, padding=1),
            nn.GELU(),
            nn.ConvTranspose2d(
                c, num_input_channels, 3, padding=1, output_padding=1, stride=2
            ),  # 14 -> 28
        )

    def forward(self, z: Tensor) -> Tensor:
        """Take latents `[B,z_dim]`; return logits `[B,16,28,28]`: unbounded, no softmax, no Tanh."""
        return self.net(self.linear(z))


class VAE(nn.Module):
    """The variational autoencoder of Q2.8; `lr` is the learning rate that `training.fit` uses."""

    def __init__(self, num_filters: int = 32, z_dim: int = 20, lr: float = 1e-3):
        super().__init__()
        self.config = {"num_filters": num_filters, "z_dim": z_dim, "lr": lr}
        self.encoder = CNNEncoder(1, num_filters, z_dim)
        self.decoder = CNNDecoder(LEVELS, num_filters, z_dim)

    @property
    def z_dim(self) -> int:
        """Number of latent dimensions D."""
        return self.config["z_dim"]

    @property
    def device(self) -> torch.device:
        """Where the parameters live."""
        return next(self.parameters()).device

    def per_image(self, imgs: Tensor, eps: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return one-sample reconstruction loss and KL in nats, each `(B,)`; their sum is the negative ELBO.

        `imgs` are levels 0..15, `[B,1,28,28]`; `eps` is the noise of the sample, `[B,z_dim]`.
        """
        mean, log_std = (_in_32_bits(part) for part in self.encoder(imgs))
        z = sample_reparameterize(mean, log_std.exp(), eps)
        return reconstruction(_in_32_bits(self.decoder(z)), imgs), KLD(mean, log_std)

    def forward(self, imgs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return `(L_rec, L_reg, bpd)`: batch means, in nats, nats and bits per dimension."""
        recon, kl = self.per_image(imgs)
        return recon.mean(), kl.mean(), elbo_to_bpd(recon + kl, imgs.shape).mean()

    @torch.no_grad()
    def sample(self, batch_size: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw z from the prior, then each pixel from its categorical: levels 0..15, int64 `[B,1,28,28]`.

        `generator`, if given, is a CPU generator: both draws happen on the CPU, so that one seed
        gives one picture on every device.
        """
        z = torch.randn(batch_size, self.z_dim, generator=generator)
        return draw_levels(self.decoder(z.to(self.device)), generator)


def _in_32_bits(x: Tensor) -> Tensor:
    """Widen what networks return that compute in 16 bits: sums of hundreds of terms would not survive there."""
    return x.float() if x.dtype == torch.bfloat16 else x


def draw_levels(logits: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Draw every pixel from its categorical: logits `[B,K,H,W]` -> int64 levels `[B,1,H,W]`, on the CPU."""
    batch, levels, height, width = logits.shape
    probs = logits.softmax(dim=1).permute(0, 2, 3, 1).reshape(-1, levels).cpu()  # [B*H*W, K]
    return torch.multinomial(probs, 1, generator=generator).view(batch, 1, height, width)


def mean_levels(logits: Tensor) -> Tensor:
    """Return each pixel's expected level: logits `[B,K,H,W]` -> floats 0..K-1, `[B,1,H,W]`."""
    levels = torch.arange(logits.shape[1], dtype=logits.dtype, device=logits.device)
    return (logits.softmax(dim=1) * levels.view(1, -1, 1, 1)).sum(dim=1, keepdim=True)


def seeded_vae(seed: int, num_filters: int = 32, z_dim: int = 20, lr: float = 1e-3) -> VAE:
    """Build a VAE whose initial weights depend on `seed` alone; the global random state is untouched."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed the GPUs too
        return VAE(num_filters, z_dim, lr)
