"""Right answers to the exercises of notebook 03, and usual wrong ones by a part of their hint."""

import math

import torch
import torch.nn.functional as F

from vaehelpers import KLD, draw_levels, elbo_to_bpd, mean_levels, quantise, reconstruction


def loss(logits, levels, mean, log_std):
    return reconstruction(logits, levels) + KLD(mean, log_std)


def train_step(model, optimizer, images, eps):
    recon, kl = model.per_image(images, eps)
    optimizer.zero_grad()
    (recon + kl).mean().backward()
    optimizer.step()
    return (recon + kl).mean()


RIGHT = {
    "Q2.8 levels": [quantise, lambda pixels: (pixels.float() / 16).floor()],
    "Q2.8 loss": [loss],
    "Q2.8 bpd": [elbo_to_bpd, lambda nats, shape: nats / math.log(2) / math.prod(shape[1:])],
    "Q2.8 step": [train_step],
    "Q2.9 draw": [draw_levels],
}


def nats_of(logits, levels, **options):
    """Return the cross-entropy of each pixel, or what else options make of it."""
    return F.cross_entropy(logits, levels[:, 0].long(), reduction="none", **options)


def kl_with(variance):
    """Return a loss whose KL takes the variance that is given by a function of log_std."""

    def wrong(logits, levels, mean, log_std):
        v = variance(log_std)
        return reconstruction(logits, levels) + 0.5 * (mean**2 + v - 1 - v.log()).sum(1)

    return wrong


def step_with(change):
    """Return a training step in which `change(model, optimizer, loss)` does what follows it."""

    def wrong(model, optimizer, images, eps):
        recon, kl = model.per_image(images, eps)
        change(model, optimizer, (recon + kl).mean())
        return (recon + kl).mean()

    return wrong


def go(optimizer, value, times=1):
    optimizer.zero_grad()
    (times * value).backward()
    optimizer.step()


def after_the_step(model, optimizer, images, eps):
    train_step(model, optimizer, images, eps)
    recon, kl = model.per_image(images, eps)
    return (recon + kl).mean()


def no_zero_grad(model, optimizer, loss):
    loss.backward()
    optimizer.step()


def pixels_of(logits):
    return logits.softmax(1).permute(0, 2, 3, 1).reshape(-1, 16)


WRONG = {
    "Q2.8 levels": {
        "there are fractions among the levels": lambda p: p / 16,
        "It gives 16, and the largest level is 15": lambda p: (p.float() / 255 * 16).floor(),
        "Do you round to the nearest level": lambda p: (p.float() / 16).round(),
        "Are there 15 steps in your formula": lambda p: (p.float() * 15 / 255).round(),
        "Do you keep the lower four bits": lambda p: p % 16,
        "Are these 32 levels": lambda p: p >> 3,
        "the grey value 32 has level 9, expected 2": lambda p: torch.where(p == 32, 9, p >> 4),
        "has the shape [16, 16], expected [1, 1, 16, 16]": lambda p: (p >> 4).squeeze(),
        "is of type list": lambda p: (p >> 4).tolist(),
    },
    "Q2.8 loss": {
        "squared distances of mean levels": lambda logits, levels, mean, log_std: (
            ((mean_levels(logits) - levels.float()) ** 2).sum((1, 2, 3)) + KLD(mean, log_std)
        ),
        "Did you average over the pixels": lambda logits, x, m, s: (
            nats_of(logits, x).mean((1, 2)) + KLD(m, s)
        ),
        "Is the softmax taken twice": lambda logits, *rest: loss(logits.softmax(1), *rest),
        "Is the sign turned round": lambda logits, x, m, s: KLD(m, s) - reconstruction(logits, x),
        "Are these bits": lambda *given: loss(*given) / math.log(2),
        "Did you average over the batch": lambda *given: loss(*given).mean().expand(2),
        "Is the reconstruction missing": lambda logits, x, m, s: KLD(m, s),
        "Is the KL missing": lambda logits, x, m, s: reconstruction(logits, x),
        "Is the KL subtracted": lambda logits, x, m, s: reconstruction(logits, x) - KLD(m, s),
        "Is the KL's factor 1/2 missing": lambda logits, x, m, s: (
            reconstruction(logits, x) + 2 * KLD(m, s)
        ),
        "Did you average over the latents": lambda logits, x, m, s: (
            reconstruction(logits, x) + KLD(m, s) / m.shape[1]
        ),
        "Is log_std taken for the log of the variance": kl_with(torch.exp),
        "Is log_std taken for std": kl_with(torch.square),
        "Is the KL's -1 for each latent missing": lambda logits, x, m, s: (
            reconstruction(logits, x) + 0.5 * (m**2 + (2 * s).exp() - 2 * s - 1).sum(1) + 1.5
        ),
        "has the shape [], expected [2]": lambda *given: loss(*given).mean(),
        "where do you convert the levels to int64": lambda logits, x, m, s: (
            F.cross_entropy(logits, x[:, 0], reduction="none").sum((1, 2)) + KLD(m, s)
        ),
        "stopped with IndexError": lambda logits, *rest: logits[7],
    },
    "Q2.8 bpd": {
        "Is it divided by the number of pixels": lambda nats, shape: nats / math.log(2),
        "Are these nats per pixel": lambda nats, shape: nats / math.prod(shape[1:]),
        "Did you multiply by ln 2": lambda nats, shape: nats * math.log(2) / math.prod(shape[1:]),
        "Did you divide by one side": lambda nats, shape: nats / math.log(2) / shape[-1],
        "Is the sign turned round": lambda nats, shape: -elbo_to_bpd(nats, shape),
        "Did you divide by the size of the batch": lambda nats, shape: (
            nats / math.log(2) / math.prod(shape)
        ),
        "Is the 4 of the 2x2 image in your code": lambda nats, shape: nats / math.log(2) / 4,
        "Are the colour channels missing": lambda nats, shape: (
            nats / math.log(2) / math.prod(shape[2:])
        ),
        "has the shape [], expected [3]": lambda nats, shape: (
            elbo_to_bpd(nats, shape) if len(nats) == 1 else elbo_to_bpd(nats, shape).mean()
        ),
    },
    "Q2.8 step": {
        "Did you add up the images' losses": lambda model, optimizer, *batch: (
            3 * train_step(model, optimizer, *batch)
        ),
        "Is the KL missing": lambda model, optimizer, *batch: model.per_image(*batch)[0].mean(),
        "Is the reconstruction missing": lambda model, optimizer, *batch: model.per_image(*batch)[
            1
        ].mean(),
        "Is the KL subtracted": lambda model, optimizer, *batch: (
            model.per_image(*batch)[0].mean() - model.per_image(*batch)[1].mean()
        ),
        "Is it the loss after the step": after_the_step,
        "no weight has moved": step_with(lambda model, optimizer, loss: loss.backward()),
        "is the sign of the loss turned round": step_with(
            lambda model, optimizer, loss: go(optimizer, -loss)
        ),
        "have moved 3.00 times as far": step_with(
            lambda model, optimizer, loss: go(optimizer, loss, times=3)
        ),
        "Where is optimizer.zero_grad()": step_with(no_zero_grad),
        "is of type tuple": lambda model, optimizer, *batch: model.per_image(*batch),
    },
    "Q2.9 draw": {
        "has the shape [3, 4, 5], expected [3, 1, 4, 5]": lambda x: draw_levels(x)[:, 0],
        "there are fractions among the levels": lambda x: 15 * torch.rand(len(x), 1, *x.shape[2:]),
        "the levels go from": lambda x: draw_levels(x) + 1,
        "all pixels have the same level": lambda x: torch.full((len(x), 1, *x.shape[2:]), 5),
        "lie along axis 1": lambda x: torch.multinomial(x.softmax(1).reshape(-1, 16), 1).view(
            len(x), 1, *x.shape[2:]
        ),
        "Is the likeliest level taken": lambda x: x.argmax(1, keepdim=True),
        "pixels share a draw": lambda x: draw_levels(x[:1]).expand(len(x), -1, -1, -1),
        "stopped with RuntimeError": lambda x: torch.multinomial(x, 1),
    },
}
