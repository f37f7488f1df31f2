"""What page.js gets: a decoder in layers, whose weights, read as page.js reads them, give the decoder's logits.

That page.js computes the same pictures is tested in a browser (tests/browser).
"""

import numpy as np
import torch
import torch.nn.functional as F

from vaehelpers import page
from vaehelpers.model import seeded_vae


def by_the_description(described, weights, z):
    """Evaluate a description with PyTorch's functions, from 16-bit weights, on `z` `(D,)`; logits `[16,28,28]`."""
    numbers = torch.from_numpy(np.frombuffer(weights, np.float16).astype(np.float32))
    x = z.view(1, -1, 1, 1)
    for layer in described:
        k, n, m = layer["kernel"], layer["channelsIn"], layer["channelsOut"]
        x = (
            x.permute(0, 2, 3, 1)
            .reshape(1, layer["sizeIn"], layer["sizeIn"], n)
            .permute(0, 3, 1, 2)
        )
        blocks, bias, numbers = (
            numbers[: k * k * n * m],
            numbers[k * k * n * m :][:m],
            numbers[k * k * n * m + m :],
        )
        weight = blocks.view(m // 8, k, k, n, 8).permute(0, 4, 3, 1, 2).reshape(m, n, k, k)
        if layer["transposed"]:
            x = F.conv_transpose2d(
                x,
                weight.transpose(0, 1),
                bias,
                layer["stride"],
                layer["padding"],
                layer["outputPadding"],
            )
        else:
            x = F.conv2d(x, weight, bias, layer["stride"], layer["padding"])
        assert x.shape[-1] == layer["sizeOut"]
        x = F.gelu(x) if layer["activated"] else x
    assert len(numbers) == 0, "every number is used"
    return x[0]


def test_the_description_is_the_decoder():
    for z_dim in (2, 5):
        model = seeded_vae(1, z_dim=z_dim)
        described, weights = page.layers(model.decoder)
        z = torch.randn(z_dim, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            exact = model.decoder(z[None])[0]
        found = by_the_description(described, weights, z)
        assert (found - exact).abs().max() < 2e-3 * exact.abs().max()


def test_weights_travel_as_16_bit_numbers():
    model = seeded_vae(0, z_dim=2)
    _, weights = page.layers(model.decoder)
    assert len(weights) == 2 * sum(p.numel() for p in model.decoder.parameters())
