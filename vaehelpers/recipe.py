"""How networks are trained, by name: optimizer, rates, batch size."""

from dataclasses import dataclass

import torch
from torch.optim import Optimizer

from .model import VAE
from .muon import Muon
from .soap import Soap


@dataclass(frozen=True)
class Recipe:
    """Adam's learning rate and the batch size; the rate of Muon or of Soap as a multiple of Adam's, 0 without them.

    `weight_decay` is that of Soap. The rates rise from 0 over the share `warmup` of all steps, then fall to 0, both in
    a straight line; without a warm-up they stay constant. Over the share `varied` of the epochs, images are varied at
    random: brighter or darker, garments without a left and a right turned either way round, and the encoder sees noise
    of the standard deviation `encoder_noise`, in levels, on all but black pixels. The other epochs, the last ones, are
    for the images as they are.
    """

    lr: float
    batch_size: int
    muon: float = 0.0
    warmup: float = 0.0
    varied: float = 0.0
    encoder_noise: float = 0.0
    soap: float = 0.0
    weight_decay: float = 0.0

    def optimizers(self, model: VAE, lr: float, in_graph: bool = False) -> list[Optimizer]:
        """Return the optimizers of all the model's weights; `in_graph` those that a CUDA graph can hold.

        Muon or Soap takes the matrices and kernels between hidden units; Adam what reads pixels or writes logits, and
        biases. In a graph, rates are tensors, for it to see them change.
        """
        rate = (lambda value: torch.tensor(value, device=model.device)) if in_graph else float
        outer = {id(model.encoder.net[0].weight), id(model.decoder.net[-1].weight)}
        hidden = {id(p) for p in model.parameters() if p.ndim > 1 and (self.muon or self.soap)} - outer
        fused = model.device.type in ("cpu", "cuda")  # one pass over all weights, not a dozen
        optimizers = [torch.optim.Adam([p for p in model.parameters() if id(p) not in hidden], rate(lr),
                                       fused=fused, capturable=in_graph)]
        inner = [p for p in model.parameters() if id(p) in hidden]
        if self.muon:
            optimizers.append(Muon(inner, rate(lr * self.muon)))
        if self.soap:
            optimizers.append(Soap(inner, rate(lr * self.soap), weight_decay=self.weight_decay))
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
    "fast": Recipe(lr=0.016, batch_size=64, muon=0.625, warmup=0.05),  # for 9 epochs, see benchmarks/quality.py
    "best": Recipe(lr=0.01, batch_size=64, soap=0.56, warmup=0.05, varied=0.9, encoder_noise=0.5,
                   weight_decay=0.015),  # for 80 epochs
}
