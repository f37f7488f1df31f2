"""Which optimizer updates which weight: Adam all, or Muon or Soap those between hidden units."""

import torch
from torch.optim import Optimizer

from ..vae.networks import VAE
from .config import Recipe
from .muon import Muon
from .soap import Soap

TURN_EVERY = 40  # steps; every 20 score no better and take longer


def build_optimizers(
    recipe: Recipe, model: VAE, lr: float, in_graph: bool = False
) -> list[Optimizer]:
    """Return the optimizers of all the model's weights.

    Muon or Soap takes the matrices and kernels between hidden units; Adam takes the first and the
    last convolution and all biases. With `in_graph` a CUDA graph can record them: rates are tensors
    then, because numbers would stay as they were when it was recorded.
    """
    hidden, others = _hidden_and_others(model)
    if recipe.hidden == "Adam":
        hidden, others = [], list(model.parameters())
    adam = torch.optim.Adam(
        others,
        _rate(lr, model, in_graph),
        fused=model.device.type in ("cpu", "cuda"),  # one pass over all weights, not a dozen
        capturable=in_graph,
    )
    if not hidden:
        return [adam]
    rate = _rate(lr * recipe.hidden_lr_factor, model, in_graph)
    if recipe.hidden == "Soap":
        return [adam, Soap(hidden, rate)]
    muon = Muon(
        hidden,
        rate,
        row_normalise_decay=recipe.row_normalise_decay,
        weight_decay=recipe.weight_decay,
    )
    return [adam, muon]


def turn_axes(optimizers: list[Optimizer], step: int) -> None:
    """Have Soap turn its axes before step 0 and every `TURN_EVERY` steps; no graph can do that."""
    for optimizer in optimizers:
        if isinstance(optimizer, Soap) and step % TURN_EVERY == 0:
            optimizer.turn()


def set_rate(group: dict, rate: float) -> None:
    """Set the learning rate of an optimizer's group of weights, where it is a tensor in place."""
    if isinstance(group["lr"], torch.Tensor):
        group["lr"].fill_(rate)
    else:
        group["lr"] = rate


def _rate(value: float, model: VAE, in_graph: bool) -> float | torch.Tensor:
    return torch.tensor(value, device=model.device) if in_graph else value


def _hidden_and_others(model: VAE) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Divide the weights into those between hidden units and the others."""
    outer = {id(model.encoder.net[0].weight), id(model.decoder.net[-1].weight)}
    hidden, others = [], []
    for weight in model.parameters():
        is_hidden = weight.ndim > 1 and id(weight) not in outer
        (hidden if is_hidden else others).append(weight)
    return hidden, others
