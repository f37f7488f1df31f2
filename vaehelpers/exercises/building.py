"""The exercises of notebook 03: grey levels, the loss, bits per dimension, a step, a draw."""

import math

import torch
from torch import Tensor

from ..data.constants import LEVELS
from ..vae.networks import VAE, mean_levels, seeded_vae
from ..vae.objective import KLD, cross_entropy
from .checking import Answer, Exercise, Mistake, call, compare, tensor_of

# Q2.8 levels: to_levels(pixels)


def _all_values() -> Tensor:
    return torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)


def _levels_have_the_shape_of_the_pixels(to_levels: Answer) -> str:
    levels = tensor_of(call(to_levels, _all_values()), (1, 1, 16, 16), "the result")
    return f"the result has the shape {list(levels.shape)}, as the pixels have"


def _levels_are_whole_numbers(to_levels: Answer) -> str:
    levels = call(to_levels, _all_values()).double()
    if not torch.equal(levels, levels.round()):
        raise Mistake("there are fractions among the levels: how do you round down?")
    return "every level is a whole number"


def _six_values_get_their_levels(to_levels: Answer) -> str:
    pixels = torch.tensor([0, 15, 16, 127, 128, 255], dtype=torch.uint8)
    slips = {
        "Is 255 divided by 255 and multiplied by 16? It gives 16, and the largest level is 15.": (
            torch.tensor([0, 0, 1, 7, 8, 16])
        ),
        "Do you round to the nearest level? Always round down.": torch.tensor([0, 1, 1, 8, 8, 16]),
        "Are there 15 steps in your formula? There are 16 levels.": (
            torch.tensor([0, 1, 1, 7, 8, 15])
        ),
        "Do you keep the lower four bits? The upper four tell dark from bright.": (
            torch.tensor([0, 15, 0, 15, 0, 15])
        ),
        "Are these 32 levels? Shift by four bits, not by three.": (
            torch.tensor([0, 1, 2, 15, 16, 31])
        ),
    }
    name = "the levels of the grey values 0, 15, 16, 127, 128 and 255: the result"
    return compare(call(to_levels, pixels), (pixels >> 4).long(), name, slips)


def _each_level_has_sixteen_values(to_levels: Answer) -> str:
    levels = call(to_levels, _all_values()).long().flatten()
    expected = (_all_values() >> 4).long().flatten()
    wrong = (levels != expected).nonzero().flatten()
    if len(wrong):
        value = int(wrong[0])
        raise Mistake(
            f"the grey value {value} has level {int(levels[value])}, "
            f"expected {int(expected[value])}"
        )
    return "all 256 grey values have their levels, sixteen values to a level"


# Q2.8 loss: loss(logits, levels, mean, log_std)


def _small_batch() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return logits `[2,16,2,2]`, uint8 levels `[2,1,2,2]`, mean and log_std, each `[2,3]`."""
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(2, LEVELS, 2, 2, generator=generator)
    levels = torch.randint(0, LEVELS, (2, 1, 2, 2), generator=generator, dtype=torch.uint8)
    mean = torch.tensor([[1.0, -0.5, 0.0], [0.3, 0.0, -2.0]])
    log_std = torch.tensor([[0.0, -1.0, 0.5], [-0.7, -0.2, 0.1]])
    return logits, levels, mean, log_std


def _loss_is_a_number_for_each_image(loss: Answer) -> str:
    batch = _small_batch()
    try:
        nats = call(loss, *batch)
    except (RuntimeError, IndexError):  # as torch says it of targets of another type
        logits, levels, *q = batch
        call(loss, logits, levels.long(), *q)  # raises, too, if the type is not the reason
        raise Mistake(
            "torch's cross_entropy takes no uint8, as images are stored: "
            "where do you convert the levels to int64?"
        ) from None
    nats = tensor_of(nats, (2,), "the loss of two images")
    return f"the loss of two images has the shape {list(nats.shape)}"


def _loss_without_kl_is_the_reconstruction(loss: Answer) -> str:
    logits, levels, mean, _ = _small_batch()
    at_prior = torch.zeros_like(mean)  # mean 0 and log_std 0: the KL is 0
    expected = cross_entropy(logits, levels)
    twice = cross_entropy(logits.softmax(1), levels)
    pixels = levels[0].numel()
    apart = (mean_levels(logits) - levels.float()) ** 2
    slips = {
        "Are these squared distances of mean levels? The loss asks how probable a level was.": (
            apart.sum((1, 2, 3))
        ),
        "Did you average over the pixels? Their log probabilities are added.": expected / pixels,
        "Is the softmax taken twice? cross_entropy wants the logits themselves.": twice,
        "Is the sign turned round? A loss is the negative log probability.": -expected,
        "Are these bits? The loss is in nats.": expected / math.log(2),
        "Did you average over the batch? Every image has a loss of its own.": (
            expected.mean().expand(2)
        ),
        "Is the reconstruction missing?": torch.zeros(2),
        "Is log_std taken for std? Take its exp first.": torch.full((2,), math.inf),
        "Is the KL's -1 for each latent missing?": expected + mean.shape[1] / 2,
    }
    found = call(loss, logits, levels, at_prior, at_prior)
    return compare(found, expected, "with a KL of 0 the loss of two images", slips)


def _loss_has_the_whole_kl(loss: Answer) -> str:
    logits, levels, mean, log_std = _small_batch()
    recon, kl = cross_entropy(logits, levels), KLD(mean, log_std)
    std = log_std.exp()
    as_variance = 0.5 * (mean**2 + std - 1 - log_std).sum(1)
    slips = {
        "Is the KL missing?": recon,
        "Is the KL subtracted? The loss is reconstruction plus KL.": recon - kl,
        "Is the KL's factor 1/2 missing?": recon + 2 * kl,
        "Did you average over the latents? The KL is summed over them.": recon + kl / mean.shape[1],
        "Is log_std taken for the log of the variance? The variance is exp(2 log_std).": (
            recon + as_variance
        ),
    }
    found = call(loss, logits, levels, mean, log_std)
    return compare(found, recon + kl, "with a KL the loss of two images", slips)


# Q2.8 bpd: to_bpd(nats, shape)


def _four_pixels_by_hand(to_bpd: Answer) -> str:
    nats = 7 * math.log(2)
    slips = {
        "Is it divided by the number of pixels? Bits per dimension are bits per pixel.": (
            torch.tensor([7.0])
        ),
        "Are these nats per pixel? A bit is ln 2 = 0.693 nats, so divide by that.": (
            torch.tensor([nats / 4])
        ),
        "Did you multiply by ln 2? Bits are more than nats, so divide.": (
            torch.tensor([nats * math.log(2) / 4])
        ),
        "Did you divide by one side of the image only? It has 2 times 2 pixels.": (
            torch.tensor([3.5])
        ),
        "Is the sign turned round? The loss is positive, and so are bits.": torch.tensor([-1.75]),
    }
    found = call(to_bpd, torch.tensor([nats]), (1, 1, 2, 2))
    found = tensor_of(found, (1,), "the score of one image")
    return compare(found, torch.tensor([1.75]), "the score of the image by hand", slips)


def _every_image_has_its_own_score(to_bpd: Answer) -> str:
    nats = torch.tensor([1.0, 2.0, 3.0]) * 784 * math.log(2)
    found = tensor_of(call(to_bpd, nats, (3, 1, 28, 28)), (3,), "the score of three images")
    slips = {
        "Did you divide by the size of the batch, too? Leave out the first axis.": (
            torch.tensor([1.0, 2.0, 3.0]) / 3
        ),
        "Is the 4 of the 2x2 image in your code? Multiply the shape's numbers.": (
            torch.tensor([1.0, 2.0, 3.0]) * 784 / 4
        ),
    }
    return compare(found, torch.tensor([1.0, 2.0, 3.0]), "the score of three images", slips)


def _channels_are_dimensions_too(to_bpd: Answer) -> str:
    nats = torch.tensor([48 * math.log(2)])
    slips = {"Are the colour channels missing? 3 x 4 x 4 numbers.": torch.tensor([3.0])}
    found = call(to_bpd, nats, (1, 3, 4, 4))
    return compare(found, torch.tensor([1.0]), "the score of a colour image", slips)


# Q2.8 step: train_step(model, optimizer, images, eps)


def _tiny_model() -> tuple[VAE, torch.optim.Optimizer]:
    model = seeded_vae(0, num_filters=2, z_dim=2)
    return model, torch.optim.SGD(model.parameters(), lr=1e-3)


def _tiny_batch(seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, LEVELS, (3, 1, 28, 28), generator=generator)
    return images, torch.randn(3, 2, generator=generator)


def _right_step(
    model: VAE, optimizer: torch.optim.Optimizer, batch: tuple[Tensor, Tensor]
) -> Tensor:
    recon, kl = model.losses(*batch)
    loss = (recon + kl).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


def _weights(model: VAE) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


def _step_returns_the_loss_of_the_batch(train_step: Answer) -> str:
    model, optimizer = _tiny_model()
    batch = _tiny_batch(0)
    recon, kl = (each.detach() for each in model.losses(*batch))
    found = call(train_step, model, optimizer, *batch)
    slips = {
        "Did you add up the images' losses? Take their mean.": (recon + kl).sum(),
        "Is the KL missing?": recon.mean(),
        "Is the reconstruction missing?": kl.mean(),
        "Is the KL subtracted?": (recon - kl).mean(),
        "Is it the loss after the step? Compute it once, before.": model.losses(*batch)[0].mean()
        + model.losses(*batch)[1].mean(),
    }
    found = tensor_of(found, (), "the loss")
    return compare(found, (recon + kl).mean(), "the loss of a batch", slips, tolerance=1e-6)


def _step_moves_the_weights(train_step: Answer) -> str:
    model, optimizer = _tiny_model()
    before = _weights(model)
    call(train_step, model, optimizer, *_tiny_batch(0))
    moved = _weights(model) - before
    reference, its_optimizer = _tiny_model()
    _right_step(reference, its_optimizer, _tiny_batch(0))
    expected = _weights(reference) - before
    if not moved.any():
        raise Mistake("no weight has moved: are loss.backward() and optimizer.step() both there?")
    if torch.allclose(moved, -expected, rtol=1e-3, atol=1e-7):
        raise Mistake("the weights have moved the wrong way: is the sign of the loss turned round?")
    if not torch.allclose(moved, expected, rtol=1e-3, atol=1e-7):
        ratio = float(moved.norm() / expected.norm())
        raise Mistake(
            f"the weights have moved {ratio:.2f} times as far as expected: "
            "call backward and optimizer.step once each, on the mean loss"
        )
    return "the weights have moved by one step against the gradient"


def _second_step_begins_anew(train_step: Answer) -> str:
    model, optimizer = _tiny_model()
    reference, its_optimizer = _tiny_model()
    for seed in (0, 1):
        call(train_step, model, optimizer, *_tiny_batch(seed))
        _right_step(reference, its_optimizer, _tiny_batch(seed))
    if not torch.allclose(_weights(model), _weights(reference), rtol=1e-4, atol=1e-7):
        raise Mistake(
            "the second step goes elsewhere: gradients of the first step are still there. "
            "Where is optimizer.zero_grad()?"
        )
    return "a second step uses the gradients of its own batch alone"


# Q2.9 draw: draw(logits)

DRAWS = 4_000


def _draws_have_one_channel(draw: Answer) -> str:
    levels = call(draw, torch.zeros(3, LEVELS, 4, 5))
    levels = tensor_of(levels, (3, 1, 4, 5), "the result")
    return f"the result has the shape {list(levels.shape)}: one level for each pixel"


def _draws_are_levels(draw: Answer) -> str:
    levels = call(draw, torch.zeros(3, LEVELS, 4, 5)).double()
    if not torch.equal(levels, levels.round()):
        raise Mistake("there are fractions among the levels: a draw is a whole number")
    if levels.min() < 0 or levels.max() > LEVELS - 1:
        raise Mistake(
            f"the levels go from {levels.min():.0f} to {levels.max():.0f}, expected 0 to 15"
        )
    return "every pixel is a whole level from 0 to 15"


def _certain_pixels_come_out_as_they_are(draw: Answer) -> str:
    picture = torch.arange(12).view(1, 1, 3, 4)  # a level of its own for each pixel
    logits = torch.full((1, LEVELS, 3, 4), -10.0).scatter(1, picture, 10.0)
    found = call(draw, logits)
    if torch.equal(found.long(), picture):
        return "where one level has all the probability, it is drawn"
    if found.unique().numel() == 1:
        raise Mistake("all pixels have the same level: draw one for each pixel")
    raise Mistake(
        "a pixel gets a level that has no probability: the 16 logits of a pixel lie along axis 1. "
        "Move that axis to the end before you reshape"
    )


def _levels_come_as_often_as_they_should(draw: Answer) -> str:
    probabilities = torch.full((LEVELS,), 1e-9)
    probabilities[3], probabilities[12] = 0.7, 0.3
    logits = probabilities.log().view(1, LEVELS, 1, 1).expand(1, LEVELS, 50, DRAWS // 50)
    share = (call(draw, logits) == 12).double().mean()
    slips = {
        "Is the likeliest level taken? argmax gives the mode, a sample is drawn.": torch.tensor(0.0)
    }
    return compare(
        share,
        torch.tensor(0.3),
        "the share of a level with probability 0.3",
        slips,
        tolerance=0.04,
    )


def _pixels_are_drawn_one_by_one(draw: Answer) -> str:
    logits = torch.zeros(2, LEVELS, 10, 10)
    levels = call(draw, logits)
    if torch.equal(levels[0], levels[1]) or bool((levels[0] == levels[0, :, :1]).all()):
        raise Mistake("pixels share a draw: each pixel of each image needs one of its own")
    return "every pixel has a draw of its own"


EXERCISES = {
    "Q2.8 levels": Exercise(
        "to_levels(pixels)",
        {
            "its shape": _levels_have_the_shape_of_the_pixels,
            "whole numbers": _levels_are_whole_numbers,
            "six grey values": _six_values_get_their_levels,
            "all 256 grey values": _each_level_has_sixteen_values,
        },
    ),
    "Q2.8 loss": Exercise(
        "loss(logits, levels, mean, log_std)",
        {
            "its shape": _loss_is_a_number_for_each_image,
            "the reconstruction": _loss_without_kl_is_the_reconstruction,
            "the KL": _loss_has_the_whole_kl,
        },
    ),
    "Q2.8 bpd": Exercise(
        "to_bpd(nats, shape)",
        {
            "the image by hand": _four_pixels_by_hand,
            "several images": _every_image_has_its_own_score,
            "colour images": _channels_are_dimensions_too,
        },
    ),
    "Q2.8 step": Exercise(
        "train_step(model, optimizer, images, eps)",
        {
            "what it returns": _step_returns_the_loss_of_the_batch,
            "the weights": _step_moves_the_weights,
            "a second step": _second_step_begins_anew,
        },
    ),
    "Q2.9 draw": Exercise(
        "draw(logits)",
        {
            "its shape": _draws_have_one_channel,
            "levels": _draws_are_levels,
            "pixels that are certain": _certain_pixels_come_out_as_they_are,
            "how often a level comes": _levels_come_as_often_as_they_should,
            "a draw for each pixel": _pixels_are_drawn_one_by_one,
        },
    ),
}
