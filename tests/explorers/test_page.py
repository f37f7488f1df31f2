"""What page.js gets: a decoder in layers, with weights that give the decoder's logits.

They are read here as page.js reads them. That it computes the same pictures is tested in a browser
(tests/browser).
"""

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from vaehelpers.explorers import page
from vaehelpers.vae import seeded_vae


def by_the_description(described, weights, z):
    """Evaluate a description with PyTorch's functions, from 16-bit weights.

    It is done at one z `(D,)`, and gives logits `[16,28,28]`.
    """
    numbers = torch.from_numpy(np.frombuffer(weights, np.float16).astype(np.float32))
    x = z.view(1, -1, 1, 1)
    for layer in described:
        kernel, side = layer["kernel"], layer["sizeIn"]
        inputs, outputs = layer["channelsIn"], layer["channelsOut"]
        channels_innermost = x.permute(0, 2, 3, 1)
        x = channels_innermost.reshape(1, side, side, inputs).permute(0, 3, 1, 2)

        lengths = [kernel * kernel * inputs * outputs, outputs]
        blocks, bias, numbers = numbers.split([*lengths, len(numbers) - sum(lengths)])
        blocks = blocks.view(outputs // 8, kernel, kernel, inputs, 8)
        weight = blocks.permute(0, 4, 3, 1, 2).reshape(outputs, inputs, kernel, kernel)

        stride, padding, more = layer["stride"], layer["padding"], layer["outputPadding"]
        if layer["transposed"]:
            x = F.conv_transpose2d(x, weight.transpose(0, 1), bias, stride, padding, more)
        else:
            x = F.conv2d(x, weight, bias, stride, padding)
        assert x.shape[-1] == layer["sizeOut"]
        if layer["activated"]:
            x = F.gelu(x)
    assert len(numbers) == 0, "every number is used"
    return x[0]


@pytest.mark.parametrize("z_dim", [2, 5])
def test_the_description_is_the_decoder(z_dim):
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


def test_the_page_exports_render_as_anywidget_asks_for_it():
    """Of a module that also exports `render` by name, anywidget warns in the browser's console."""
    source = (page.HERE / "page.js").read_text()
    by_name = re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", source, re.MULTILINE)
    assert "decoder" in by_name
    assert "render" not in by_name
    assert re.search(r"^export default \{ render \};$", source, re.MULTILINE)
