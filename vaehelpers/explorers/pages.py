"""Explorers for a page without a kernel: what each of them needs, as JSON."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import torch

from ..data.constants import CLASSES
from ..data.dataset import Dataset
from ..published import load_film, load_published, load_record, load_translator
from ..published.evidence import EXACT_NAME
from ..published.evidence import NAME as EVIDENCE
from . import frames, layers, tensors, walk
from .bundle import WEB, bundle

IMAGES = 20  # test images to choose from
Given = dict[str, Any]


def script() -> str:
    """Return the script that defines `modules`; `modules.mounts.mount` starts explorers."""
    return bundle("mounts")


def style() -> str:
    """Return the explorers' look."""
    return (WEB / "explorers.css").read_text(encoding="utf-8")


def walk_page(path: walk.Walk) -> Given:
    """Return what the explorer of a walk needs; `mount` calls it "walk"."""
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
        **({"chart": png_address(chart)} if chart else {}),
    }


def bound_page(dataset: Dataset) -> Given:
    """Return what the explorer of an image's cost needs, for two latents and the first images.

    `mount` calls it "bound".
    """
    model, _ = load_published(2, 80)
    known = [] if dataset.is_stand_in else load_record(EVIDENCE)["results"][EXACT_NAME]["log_p"]
    images = []
    for i in range(IMAGES):
        image = {
            "name": f"test image {i}: {CLASSES[int(dataset.test.labels[i])]}",
            "levels": dataset.test.images[i].flatten().tolist(),
        }
        images.append({**image, **({"logP": known[i]} if known else {})})
    generator = torch.Generator().manual_seed(0)
    return {
        "encoder": {**layers.of_encoder(model.encoder), "latents": model.z_dim},
        "decoder": layers.of_decoder(model.decoder),
        "chart": png_address(frames.chart_png(walk.over_prior(model))),
        "noise": _noise(),
        "zNoise": torch.randn(model.z_dim, generator=generator).tolist(),
        "images": images,
    }


def attention_page() -> Given:
    """Return what the explorer of attention needs; `mount` calls it "attention"."""
    kinds = ("transformer", "additive")
    return {kind: tensors.of_module(load_translator(kind)) for kind in kinds}


def prior_page(count: int = 2000) -> Given:
    """Return what the explorer of prior samples needs; `mount` calls it "prior"."""
    z = torch.randn(count, 2, generator=torch.Generator().manual_seed(42))
    return {"samples": [[round(value, 3) for value in each] for each in z.tolist()]}


def _active_page(dataset: Dataset) -> Given:
    model, _ = load_published(20, 80)
    return walk_page(walk.over_active(model, dataset.test.images[:2000]))


def _between_page(dataset: Dataset) -> Given:
    model, _ = load_published(2, 80)
    return walk_page(walk.between(model, dataset.test.images[0], dataset.test.images[2]))


def png_address(png: bytes) -> str:
    """Return an address under which a page finds a PNG in itself."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


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


def _noise() -> list[float]:
    """Return the random number of each pixel, as short as a page needs it."""
    return [round(value, 4) for value in frames.noise().flatten().tolist()]


def film_page(z_dim: int, alt: str) -> Given:
    """Return what the explorer of a training's film needs; `mount` calls it "film"."""
    film = load_film(z_dim)
    captions = [
        f"epoch {epoch}: {bpd:.3f} bits per pixel on validation images"
        for epoch, bpd in zip(film.epochs, film.val_bpd, strict=True)
    ]
    strip = film.frames.reshape(-1, film.frames.shape[-1])
    return {"strip": png_address(frames.levels_png(strip)), "captions": captions, "alt": alt}


# For each explorer of the site: the name by which `mount` knows its kind, and what makes its data.
PAGES: dict[str, tuple[str, Callable[[Dataset], Given]]] = {
    "walk": ("walk", lambda _: walk_page(walk.over_prior(load_published(2, 80)[0]))),
    "bound": ("bound", bound_page),
    "active": ("walk", _active_page),
    "between": ("walk", _between_page),
    "attention": ("attention", lambda _: attention_page()),
    "prior": ("prior", lambda _: prior_page()),
    "gaussians": ("gaussians", lambda _: {}),
    "paths": ("paths", lambda _: {}),
    "film-z20": ("film", lambda _: film_page(20, "Ten test images redrawn, and ten made up")),
    "film-z02": ("film", lambda _: film_page(2, "The manifold of ten by ten pictures")),
}
