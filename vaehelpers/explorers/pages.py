"""What explorers need in a page, as data, and how a page without a kernel gets it."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..figures import grid
from ..vae.networks import VAE
from . import frames, layers, tensors, walk
from .bundle import WEB, bundle

Given = dict[str, Any]


def script() -> str:
    """Return the script that defines `modules`; `modules.mounts.mount` starts explorers."""
    return bundle("mounts")


def style() -> str:
    """Return the explorers' look."""
    return (WEB / "explorers.css").read_text(encoding="utf-8")


def of_walk(path: walk.Walk) -> Given:
    """Return what the explorer "walk" needs."""
    chart = frames.chart_png(path)
    return {
        **layers.of_decoder(path.model.decoder),
        "walk": {
            "origin": path.origin.tolist(),
            "directions": path.directions.tolist(),
            "percent": path.axis.percent,
            "low": path.axis.low,
            "high": path.axis.high,
            "step": path.axis.step,
        },
        "labels": list(path.labels),
        "start": {"values": list(path.start), "origin": path.origin.tolist()},
        "noise": _noise(),
        **({"chart": _address(chart)} if chart else {}),
    }


def of_bound(
    model: VAE, images: Tensor, names: Sequence[str], log_p: Sequence[float] | None = None
) -> Given:
    """Return what the explorer "bound" needs, for a model of two latents.

    `images` are levels `[N,1,28,28]` to choose from, `log_p` their log p(x) in nats, if known.
    """
    described = []
    for i, name in enumerate(names):
        image: Given = {"name": name, "levels": images[i].flatten().tolist()}
        if log_p is not None:
            image["logP"] = log_p[i]
        described.append(image)
    generator = torch.Generator().manual_seed(0)
    return {
        "encoder": {**layers.of_encoder(model.encoder), "latents": model.z_dim},
        "decoder": layers.of_decoder(model.decoder),
        "chart": _address(frames.chart_png(walk.over_prior(model))),
        "noise": _noise(),
        "zNoise": torch.randn(model.z_dim, generator=generator).tolist(),
        "images": described,
    }


def of_attention(transformer: nn.Module, additive: nn.Module) -> Given:
    """Return what the explorer "attention" needs: two translators that were trained."""
    return {
        "transformer": tensors.of_module(transformer),
        "additive": tensors.of_module(additive),
    }


def of_spam(weights: Mapping[str, Tensor], about: Mapping[str, Any], text: str) -> Given:
    """Return what the explorer "spam" needs: notebook 01's filter, and a text to begin with.

    `about` has the filter's `words`, `heads` and `layers`, and the `threshold` above which it calls
    a mail spam.
    """
    return {**tensors.of_tensors(weights), **about, "text": text}


def of_prior(z: Tensor) -> Given:
    """Return what the explorer "prior" needs: samples z `[L,2]`."""
    return {"samples": [[round(value, 3) for value in each] for each in z.tolist()]}


def of_posterior(
    found: Sequence[Mapping[str, Any]], samples: Tensor, names: Sequence[str]
) -> Given:
    """Return what the explorer "posterior" needs: what `posteriors` found of images with names.

    `samples` are the z of the prior `[L,2]` that it was given.
    """
    images = [{"name": name, **each} for name, each in zip(names, found, strict=True)]
    return {**of_prior(samples), "images": images}


def of_film(film: np.ndarray, captions: Sequence[str], alt: str) -> Given:
    """Return what the explorer "film" needs: frames of levels `[F,H,W]`, with a caption each."""
    strip = _address(grid.levels_png(film.reshape(-1, film.shape[-1])))
    return {"strip": strip, "captions": list(captions), "alt": alt}


def as_javascript(given: Mapping[str, Any]) -> str:
    """Return what an explorer needs as a JavaScript expression; bytes become DataViews."""
    return _expression(given)


def _expression(value: Any) -> str:
    if isinstance(value, bytes):
        return f'modules.mounts.bytesIn("{base64.b64encode(value).decode()}")'
    if isinstance(value, Mapping):
        fields = [f"{json.dumps(name)}: {_expression(each)}" for name, each in value.items()]
        return "{" + ", ".join(fields) + "}"
    if isinstance(value, list) and any(isinstance(each, Mapping | bytes) for each in value):
        return "[" + ", ".join(_expression(each) for each in value) + "]"
    return json.dumps(value)


def _address(png: bytes) -> str:
    """Return an address under which a page finds a PNG in itself."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _noise() -> list[float]:
    """Return the random number of each pixel, as short as a page needs it."""
    return [round(value, 4) for value in frames.noise().flatten().tolist()]
