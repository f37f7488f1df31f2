"""Sliders over a trained decoder: thin ipywidgets shells around a pure function from latents to PNG bytes."""

import io

import ipywidgets as widgets
import torch
from PIL import Image
from scipy.stats import norm

from .data import LEVELS
from .model import VAE, mean_levels


@torch.no_grad()
def picture(model: VAE, z: list[float], scale: int = 10) -> bytes:
    """Decode one latent of D floats and return the mean picture as PNG bytes, each pixel `scale` wide."""
    levels = mean_levels(model.decoder(torch.tensor([z], device=model.device)))[0, 0]
    grey = Image.fromarray((levels / (LEVELS - 1) * 255).round().byte().cpu().numpy())
    buffer = io.BytesIO()
    grey.resize((28 * scale, 28 * scale), Image.Resampling.NEAREST).save(buffer, "png")
    return buffer.getvalue()


def latent_explorer(model: VAE) -> widgets.Widget:
    """Return sliders in percentiles for a 2-D latent, its coordinates, and the decoded mean, redrawn as they move.

    The picture is an `Image` widget fed with bytes, not an Output widget: it neither flickers nor piles up.
    Raises ValueError unless `model.z_dim` is 2.
    """
    if model.z_dim != 2:
        raise ValueError(f"latent_explorer needs a model with z_dim=2, got z_dim={model.z_dim}")
    sliders = [widgets.FloatSlider(50, min=1, max=99, step=1, description=f"z{i} [%]", readout_format=".0f",
                                   tooltip=f"percentile of latent {i} under the prior") for i in (1, 2)]
    for slider, side in zip(sliders, ("horizontal", "vertical"), strict=True):
        slider.add_class(f"latent-{side}")
    canvas, where = widgets.Image(format="png", width=280, height=280), widgets.Label()

    def redraw(_=None):
        z = [float(norm.ppf(slider.value / 100)) for slider in sliders]
        canvas.value = picture(model, z)
        where.value = f"z = ({z[0]:+.2f}, {z[1]:+.2f})"

    for slider in sliders:
        slider.observe(redraw, "value")
    redraw()
    return widgets.HBox([canvas, widgets.VBox([*sliders, where])])
