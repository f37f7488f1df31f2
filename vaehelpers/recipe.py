"""How networks are trained, by name: optimizer, rates, batch size."""

from dataclasses import dataclass

import torch
from torch.optim import Optimizer

from .model import VAE
from .muon import Muon


@dataclass(frozen=True)
class Recipe:
    """Adam's learning rate and the batch size; Muon's rate as a multiple of Adam's, or 0 where Adam does all.

    `evened` and `weight_decay` are those of Muon.
    The rates rise from 0 over the share `warmup` of all steps, then fall to 0, both in a straight line; without a
    warm-up they stay constant. Over the share `mirrored` of the epochs, garments without a left and a right are seen
    either way round; the rest of the epochs are for the images as they are.
    """

    lr: float
    batch_size: int
    muon: float = 0.0
    warmup: float = 0.0
    mirrored: float = 0.0
    evened: float = 0.0
    weight_decay: float = 0.0

    def optimizers(self, model: VAE, lr: float, in_graph: bool = False) -> list[Optimizer]:
        """Return the optimizers of all the model's weights; `in_graph` those that a CUDA graph can hold.

        Muon takes the matrices and kernels between hidden units; Adam what reads pixels or writes logits, and biases.
        In a graph, rates are tensors, for it to see them change.
        """
        rate = (lambda value: torch.tensor(value, device=model.device)) if in_graph else float
        outer = {id(model.encoder.net[0].weight), id(model.decoder.net[-1].weight)}
        hidden = {id(p) for p in model.parameters() if p.ndim > 1 and self.muon} - outer
        fused = model.device.type in ("cpu", "cuda")  # one pass over all weights, not a dozen
        optimizers = [
            torch.optim.Adam(
                [p for p in model.parameters() if id(p) not in hidden],
                rate(lr),
                fused=fused,
                capturable=in_graph,
            )
        ]
        if self.muon:
            optimizers.append(
                Muon(
                    [p for p in model.parameters() if id(p) in hidden],
                    rate(lr * self.muon),
                    evened=self.evened,
                    weight_decay=self.weight_decay,
                )
            )
        return optimizers

    def factor(self, step: int, steps: int) -> float:
        """Return what the rates of step 0, 1, ..., `steps` - 1 are multiplied by."""
        if not self.warmup:
            return 1.0
        rising = self.warmup * steps
        if step < rising:
            return (step + 1) / (rising + 1)
        return (steps - step) / (steps - rising)


RECIPES = {
    "practical": Recipe(lr=1e-3, batch_size=128),  # as the practical asks for (Q2.8)
    "fast": Recipe(
        lr=0.016, batch_size=64, muon=0.625, warmup=0.05
    ),  # for 9 epochs, see benchmarks/quality.py
    "best": Recipe(
        lr=0.01,
        batch_size=64,
        muon=0.625,
        warmup=0.05,
        mirrored=0.9,
        evened=0.95,
        weight_decay=0.015,
    ),  # for 80 epochs
}
