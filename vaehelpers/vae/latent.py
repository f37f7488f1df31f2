"""The latent space: percentile grids, the manifold of Q2.10, codes of images, what lives where."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..data.constants import CLASSES, LEVELS
from ..data.levels import check_images
from ..errors import InputError
from .networks import VAE, mean_levels


def percentiles(grid_size: int) -> Tensor:
    """Return the mid-percentiles (i + 0.5) / n for i = 0..n-1, floats in (0, 1), shape `(n,)`."""
    if grid_size < 1:
        raise InputError(f"grid_size must be at least 1, got {grid_size}")
    return (torch.arange(grid_size, dtype=torch.float64) + 0.5) / grid_size


def ppf(percentile: Tensor) -> Tensor:
    """Return the standard normal's percent point function (inverse CDF): any shape, float32."""
    return torch.special.ndtri(percentile.double()).float()


def manifold_latents(grid_size: int) -> Tensor:
    """Return the grid of 2-D latents, `[n*n,2]`, in reading order.

    z1 grows rightwards, z2 grows *upwards*.
    """
    z = ppf(percentiles(grid_size))
    z2, z1 = torch.meshgrid(z.flip(0), z, indexing="ij")
    return torch.stack([z1, z2], dim=-1).view(-1, 2)


@torch.no_grad()
def visualize_manifold(decoder: nn.Module, grid_size: int = 20) -> Tensor:
    """Decode the percentile grid of a 2-D latent space: one image `[1,n*28,n*28]`, 0..1.

    Each cell is the decoder's *mean*, the expected level over 15, not a sample; z1 grows rightwards
    and z2 upwards. Every cell stands for the same prior mass. Raises InputError unless the decoder
    maps two latents to logits. Practical, Q2.10; Kingma & Welling 2014, Fig. 4b.
    """
    if isinstance(decoder, VAE):
        raise InputError("visualize_manifold takes a decoder; give model.decoder")
    z_dim = getattr(decoder, "z_dim", 2)
    if z_dim != 2:
        raise InputError(
            f"a manifold is drawn over two latents, and this decoder has {z_dim}; "
            "give one with z_dim=2, such as load_published(2, 80)[0].decoder"
        )
    device = next(decoder.parameters()).device
    logits = decoder(manifold_latents(grid_size).to(device))
    pictures = mean_levels(logits).cpu() / (LEVELS - 1)
    return tile(pictures, grid_size)


def tile(images: Tensor, columns: int, padding: int = 0) -> Tensor:
    """Tile grey images `[N,1,H,W]` row by row into one `[1,rows*H,columns*W]`.

    Missing ones are black; `padding` black pixels follow each image to the right and below.
    (torchvision's `make_grid` does the same, but importing torchvision takes seconds.)
    """
    rows = -(-len(images) // columns)
    missing = rows * columns - len(images)
    images = F.pad(images, (0, padding, 0, padding, 0, 0, 0, missing))
    height, width = images.shape[2:]
    grid = images.view(rows, columns, height, width).transpose(1, 2)  # [rows,H,columns,W]
    return grid.reshape(1, rows * height, columns * width)


@torch.no_grad()
def encode(model: VAE, images: Tensor, batch_size: int = 1000) -> tuple[Tensor, Tensor]:
    """Return mean and log standard deviation of q(z|x), each `[N,D]`, on the CPU.

    `images` are levels `[N,1,28,28]`; raises InputError for others.
    """
    check_images(images)
    parts = [model.encoder(batch.to(model.device)) for batch in images.split(batch_size)]
    means, log_stds = zip(*parts, strict=True)
    return torch.cat(means).cpu(), torch.cat(log_stds).cpu()


def cells(codes: Tensor, grid_size: int) -> tuple[Tensor, Tensor]:
    """Return the row and column of the manifold cell in which each 2-D code lies.

    Codes `[N,2]` give two int64 `(N,)`. Cells are laid out as in `visualize_manifold`: row 0 is the
    top, the largest z2. Raises InputError for codes of more latents.
    """
    if codes.dim() != 2 or codes.shape[1] != 2:
        raise InputError(f"codes must be [N,2], of a model with z_dim=2, got {list(codes.shape)}")
    percentile = torch.special.ndtr(codes.double())
    place = (percentile * grid_size).long().clamp(0, grid_size - 1)
    column, row_from_below = place[:, 0], place[:, 1]
    return grid_size - 1 - row_from_below, column


def class_counts(codes: Tensor, labels: Tensor, grid_size: int) -> Tensor:
    """Count the codes of each class in each manifold cell: `[N,2]`, `[N]` -> int64 `[n,n,10]`."""
    row, column = cells(codes, grid_size)
    counter = (row * grid_size + column) * len(CLASSES) + labels
    counts = torch.bincount(counter, minlength=grid_size**2 * len(CLASSES))
    return counts.view(grid_size, grid_size, -1)
