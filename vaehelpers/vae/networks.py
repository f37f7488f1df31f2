"""The practical's networks: CNN encoder, CNN decoder with 16 logits a pixel, the VAE of both."""

import torch
from torch import Tensor, nn

from ..core.chance import seeded
from ..core.settings import check_typed
from ..data.constants import LEVELS
from ..data.levels import check_images, check_levels
from ..errors import InputError
from .objective import KLD, cross_entropy, elbo_to_bpd, sample_reparameterize
from .sizes import SIZES


class CNNEncoder(nn.Module):
    """Map images to the mean and log standard deviation of q(z|x) (practical, Eq. 20)."""

    def __init__(self, num_input_channels: int = 1, num_filters: int = 32, z_dim: int = 20):
        super().__init__()
        self.num_input_channels = num_input_channels
        c = num_filters
        flat = 2 * c * 4 * 4  # channels x height x width after the last convolution
        self.net = nn.Sequential(
            nn.Conv2d(num_input_channels, c, 3, padding=1, stride=2),  # 28 -> 14
            nn.GELU(),
            nn.Conv2d(c, c, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(c, 2 * c, 3, padding=1, stride=2),  # 14 -> 7
            nn.GELU(),
            nn.Conv2d(2 * c, 2 * c, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(2 * c, 2 * c, 3, padding=1, stride=2),  # 7 -> 4
            nn.GELU(),
            nn.Flatten(),  # [B,flat]
        )
        self.mean = nn.Linear(flat, z_dim)
        self.log_std = nn.Linear(flat, z_dim)

    def forward(self, x: Tensor, check: bool = True) -> tuple[Tensor, Tensor]:
        """Take levels 0..15 of any dtype, `[B,1,28,28]`; return `(mean, log_std)`, `[B,z_dim]`.

        Raises InputError for other values, unless `check` is False: for what was checked before.
        """
        if check and self.num_input_channels == 1:
            check_images(x)
        elif check:
            check_levels(x)
        levels = x.to(next(self.parameters()).dtype)
        scaled = levels / (LEVELS - 1) * 2 - 1  # levels -> [-1, 1]
        features = self.net(scaled)  # [B,flat]
        return _in_32_bits(self.mean(features)), _in_32_bits(self.log_std(features))

    @property
    def device(self) -> torch.device:
        """Where the parameters live."""
        return next(self.parameters()).device


class CNNDecoder(nn.Module):
    """Map latents to the 16 logits of each pixel's categorical distribution (practical, Eq. 8).

    `num_input_channels`, the name in the practical's template, is how many channels it writes.
    """

    def __init__(self, num_input_channels: int = LEVELS, num_filters: int = 32, z_dim: int = 20):
        super().__init__()
        self.z_dim = z_dim
        c = num_filters
        flat = 2 * c * 4 * 4  # channels x height x width before the first convolution
        self.linear = nn.Sequential(
            nn.Linear(z_dim, flat),
            nn.GELU(),
        )
        self.net = nn.Sequential(
            nn.Unflatten(1, (2 * c, 4, 4)),
            nn.ConvTranspose2d(2 * c, 2 * c, 3, padding=1, stride=2),  # 4 -> 7
            nn.GELU(),
            nn.Conv2d(2 * c, 2 * c, 3, padding=1),
            nn.GELU(),
            nn.ConvTranspose2d(2 * c, c, 3, padding=1, output_padding=1, stride=2),  # 7 -> 14
            nn.GELU(),
            nn.Conv2d(c, c, 3, padding=1),
            nn.GELU(),
            nn.ConvTranspose2d(
                c, num_input_channels, 3, padding=1, output_padding=1, stride=2
            ),  # 14 -> 28
        )

    def forward(self, z: Tensor) -> Tensor:
        """Take latents `[B,z_dim]`; return logits `[B,16,28,28]`. The loss applies the softmax."""
        features = self.linear(z.to(next(self.parameters()).dtype))  # [B,flat]
        return _in_32_bits(self.net(features))

    @property
    def device(self) -> torch.device:
        """Where the parameters live."""
        return next(self.parameters()).device


class VAE(nn.Module):
    """The variational autoencoder of Q2.8.

    `lr` is only kept, in `config`, as in the practical's template: `training.fit` takes its own.
    Raises SettingError for sizes that are not whole numbers from 1 to 1,024.
    """

    def __init__(self, num_filters: int = 32, z_dim: int = 20, lr: float = 1e-3):
        super().__init__()
        num_filters = check_typed("num_filters", num_filters, SIZES)
        z_dim = check_typed("z_dim", z_dim, SIZES)
        self.config = {"num_filters": num_filters, "z_dim": z_dim, "lr": lr}
        self.encoder = CNNEncoder(1, num_filters, z_dim)
        self.decoder = CNNDecoder(LEVELS, num_filters, z_dim)

    def per_image(self, imgs: Tensor, eps: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return one-sample reconstruction loss and KL in nats, each `[B]`.

        Their sum is the negative ELBO. `imgs` are levels 0..15, `[B,1,28,28]`, InputError is raised
        for others; `eps` is the noise of the sample, `[B,z_dim]`.
        """
        check_images(imgs)
        return self.losses(imgs, eps)

    def losses(self, imgs: Tensor, eps: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Do as `per_image` does, without its checks: for images that were checked before."""
        mean, log_std = self.encoder(imgs, check=False)  # each [B,z_dim]
        z = sample_reparameterize(mean, log_std.exp(), eps)  # [B,z_dim]
        logits = self.decoder(z)  # [B,16,28,28]
        return cross_entropy(logits, imgs), KLD(mean, log_std)

    def forward(self, imgs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return `(L_rec, L_reg, bpd)`: batch means, in nats, nats and bits per dimension.

        `imgs` are levels 0..15, `[B,1,28,28]`; raises InputError for others.
        """
        recon, kl = self.per_image(imgs)
        bpd = elbo_to_bpd(recon + kl, imgs.shape)
        return recon.mean(), kl.mean(), bpd.mean()

    @torch.no_grad()
    def sample(self, batch_size: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw z from the prior, then each pixel: levels 0..15, int64 `[B,1,28,28]`.

        `generator`, if given, is a CPU generator: both draws happen on the CPU, so that one seed
        gives one picture on every device.
        """
        z = torch.randn(batch_size, self.z_dim, generator=generator)
        logits = self.decoder(z.to(self.device))
        return draw_levels(logits, generator)

    @property
    def z_dim(self) -> int:
        """Number of latent dimensions D."""
        return int(self.config["z_dim"])

    @property
    def device(self) -> torch.device:
        """Where the parameters live."""
        return next(self.parameters()).device


def _in_32_bits(x: Tensor) -> Tensor:
    """Convert 16-bit numbers to 32 bits: they are too coarse for the loss, a sum of hundreds."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def draw_levels(logits: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Draw every pixel from its categorical: logits `[B,16,H,W]` -> int64 levels `[B,1,H,W]`.

    The draw happens on the CPU, and the levels stay there. Raises InputError for other shapes.
    """
    _check_logits(logits)
    batch, levels, height, width = logits.shape
    probs = logits.softmax(dim=1).permute(0, 2, 3, 1)  # [B,H,W,K]
    pixels = probs.reshape(-1, levels).cpu()  # [B*H*W,K]
    drawn = torch.multinomial(pixels, 1, generator=generator)
    return drawn.view(batch, 1, height, width)


def mean_levels(logits: Tensor) -> Tensor:
    """Return each pixel's expected level: logits `[B,16,H,W]` -> floats 0..15, `[B,1,H,W]`.

    Raises InputError for other shapes.
    """
    _check_logits(logits)
    levels = torch.arange(logits.shape[1], dtype=logits.dtype, device=logits.device)
    weighted = logits.softmax(dim=1) * levels.view(1, -1, 1, 1)
    return weighted.sum(dim=1, keepdim=True)


def _check_logits(logits: Tensor) -> None:
    """Raise InputError unless there are 16 logits for each pixel, on the second axis."""
    if logits.dim() != 4 or logits.shape[1] != LEVELS:
        raise InputError(
            f"logits must be of shape [B,{LEVELS},H,W], got {list(logits.shape)}; "
            "give what the decoder returns"
        )


def seeded_vae(seed: int, num_filters: int = 32, z_dim: int = 20, lr: float = 1e-3) -> VAE:
    """Build a VAE whose initial weights depend on `seed` alone.

    The global random state is left as it was.
    """
    with seeded(seed):
        return VAE(num_filters, z_dim, lr)
