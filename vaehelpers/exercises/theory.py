"""The exercises of notebook 02: the theory of VAEs."""

import math

import torch
from torch import Tensor

from .checking import Answer, Exercise, Mistake, call, compare, tensor_of

DRAWS = 4_000
LEVEL, CHANCE = 7, 0.8  # one grey level of sixteen, and its chance in every pixel
CERTAIN = 50.0  # a logit that makes a level certain, for the test of places
# Two values of z, and how often each gives the x at hand: the example of notebook 02.
PRIOR = torch.tensor([0.25, 0.75])
LIKELIHOOD = torch.tensor([0.6, 0.2])
POSTERIOR = torch.tensor([0.5, 0.5])
Q = torch.tensor([0.9, 0.1])


class _Decoder:
    """A decoder whose chances are known: the same sixteen in every pixel of every image."""

    z_dim = 3

    def __init__(self):
        self.latents: list[Tensor] = []

    def __call__(self, z: Tensor) -> Tensor:
        """Return logits `[B,16,5,4]`; keep z."""
        if not isinstance(z, Tensor) or z.dim() != 2 or z.shape[1] != self.z_dim:
            shape = list(z.shape) if isinstance(z, Tensor) else type(z).__name__
            raise Mistake(
                f"the decoder was given z of shape {shape}, expected [count, {self.z_dim}]: "
                "use decoder.z_dim"
            )
        self.latents.append(z)
        logits = torch.ones(len(z), 16, 5, 4)
        logits[:, LEVEL] = 1 + math.log(15 * CHANCE / (1 - CHANCE))
        return logits


class _SureDecoder(_Decoder):
    """A decoder that is sure of each pixel's level: it grows along rows and columns."""

    def __call__(self, z: Tensor) -> Tensor:
        """Return logits `[B,16,5,4]`."""
        likeliest = torch.nn.functional.one_hot(self.levels(), 16)  # [5,4,16]
        logits = CERTAIN * likeliest.movedim(-1, 0).float()  # [16,5,4]
        return logits.expand(len(z), -1, -1, -1)

    @staticmethod
    def levels() -> Tensor:
        """Return the level of which it is sure, for each pixel `[5,4]`."""
        return torch.arange(5)[:, None] * 2 + torch.arange(4)


def _images_have_the_right_shape(draw: Answer) -> str:
    images = tensor_of(call(draw, _Decoder(), 6), (6, 1, 5, 4), "the result")
    if not torch.equal(images.double(), images.double().round()):
        raise Mistake(
            "a pixel is no whole level: did you take the mean of the chances? Draw a level instead"
        )
    return "six images have the shape [6, 1, 5, 4]"


def _latents_come_from_the_prior(draw: Answer) -> str:
    decoder = _Decoder()
    call(draw, decoder, DRAWS)
    if not decoder.latents:
        raise Mistake("the decoder was never called: step 2 needs decoder(z)")
    z = torch.cat(decoder.latents)
    if len(z) != DRAWS:
        raise Mistake(f"the decoder was given {len(z)} latents, expected {DRAWS}: one an image")
    slips = {
        "Are all images made of one z, or of zeros? Each image needs its own.": torch.tensor(0.0),
        "Do you draw z from 0 to 1? The prior is normal: use torch.randn.": torch.tensor(12**-0.5),
    }
    return compare(z.std(dim=0).mean(), torch.tensor(1.0), "the spread of z", slips, tolerance=0.05)


def _levels_come_as_often_as_they_should(draw: Answer) -> str:
    images = call(draw, _Decoder(), 500)
    share = (images == LEVEL).double().mean()
    logit = 1 + math.log(15 * CHANCE / (1 - CHANCE))
    slips = {
        "Did you take the likeliest level? Draw one, with torch.multinomial.": torch.tensor(1.0),
        "Is the softmax missing? Logits are no chances.": torch.tensor(logit / (logit + 15)),
        "Are levels and pixels mixed up? The 16 levels are axis 1: softmax over dim=1, and "
        "movedim(1, -1) before multinomial.": torch.tensor(1 / 16),
    }
    expected = torch.tensor(CHANCE)
    return compare(share, expected, f"the share of level {LEVEL}", slips, tolerance=0.025)


def _each_pixel_is_thrown_by_itself(draw: Answer) -> str:
    images = call(draw, _Decoder(), 100)
    if all(len(image.unique()) == 1 for image in images):
        raise Mistake("all pixels of an image have one level: throw each of them by itself")
    return "every pixel is thrown by itself"


def _levels_stand_in_their_places(draw: Answer) -> str:
    image = call(draw, _SureDecoder(), 2)[0, 0]
    if not torch.equal(image.long(), _SureDecoder.levels()):
        raise Mistake(
            "levels stand in the wrong pixels: multinomial wants the 16 chances on the last axis, "
            "so move that axis first (movedim), and do not merely reshape"
        )
    return "every level stands in its pixel"


def _an_average_by_hand(estimate: Answer) -> str:
    log_p = torch.tensor([[0.1, 0.3]]).log()
    found = tensor_of(call(estimate, log_p), (1,), "the result")
    slips = {
        "That is the mean of the logarithms: average p(x|z) first.": log_p.mean(1),
        "Is the division by L missing? In logarithms, subtract log L.": log_p.logsumexp(1),
        "That is p(x) itself: is the logarithm missing?": torch.tensor([0.2]),
        "Did you add log L? Dividing by L subtracts it.": log_p.logsumexp(1) + math.log(2),
        "Did you use log2 or log10? We count in nats.": torch.tensor([0.2]).log2(),
        "Does only the best sample count? Average over all of them.": log_p.amax(1),
    }
    return compare(found, torch.tensor([0.2]).log(), "the logarithm of (0.1 + 0.3) / 2", slips)


def _every_image_has_its_own(estimate: Answer) -> str:
    log_p = torch.tensor([[0.1, 0.3, 0.2], [0.5, 0.1, 0.3]]).log()
    found = tensor_of(call(estimate, log_p), (2,), "the result for two images of three samples")
    return compare(found, torch.tensor([0.2, 0.3]).log(), "log p(x) of two images")


def _small_numbers_survive(estimate: Answer) -> str:
    log_p = torch.tensor([[-1000.0, -1000.0]])
    found = tensor_of(call(estimate, log_p), (1,), "the result")
    lost = "For a computer, exp(-1000) is 0. torch.logsumexp takes the logarithm without it."
    slips = {lost: torch.tensor([-math.inf])}
    return compare(found, torch.tensor([-1000.0]), "the estimate from two of -1000", slips)


def _kl_by_hand(kl: Answer) -> str:
    mean, log_std = torch.tensor([[2.0]]), torch.tensor([[0.5]]).log()
    found = tensor_of(call(kl, mean, log_std), (1,), "the result")
    variance, log_variance = 0.25, 2 * math.log(0.5)
    right = torch.tensor([(variance + 4 - 1 - log_variance) / 2])
    slips = {
        "Is the factor 1/2 missing?": 2 * right,
        "Is its sign the wrong way round?": -right,
        "Is the -1 missing?": right + 0.5,
        "Did you forget to square the mean?": right - 1,
        "log_std is log(std): the logarithm of the variance is twice as much.": right
        + log_variance / 4,
        "Did you forget to square std?": right + (0.5 - variance) / 2,
        "Do you take log_std for the log of the variance? Then std is off as well.": torch.tensor(
            [(0.5 + 4 - 1 - math.log(0.5)) / 2]
        ),
    }
    return compare(found, right, "the KL of N(2, 0.5^2)", slips)


def _kl_adds_up_over_latents(kl: Answer) -> str:
    mean = torch.tensor([[0.0, 1.0], [2.0, 0.0]])
    found = tensor_of(call(kl, mean, torch.zeros(2, 2)), (2,), "the result for two images")
    right = torch.tensor([0.5, 2.0])
    slips = {"Did you average over the latents? They add up.": right / 2}
    return compare(found, right, "the KL of two images, two latents each", slips)


def _kl_of_the_prior_itself(kl: Answer) -> str:
    found = tensor_of(call(kl, torch.zeros(1, 4), torch.zeros(1, 4)), (1,), "the result")
    return compare(found, torch.zeros(1), "the KL of the prior itself")


def _bound_by_hand(elbo: Answer) -> str:
    found = tensor_of(call(elbo, PRIOR, LIKELIHOOD, Q), (), "the result")
    expected_log = (Q * LIKELIHOOD.log()).sum()
    kl = (Q * (Q / PRIOR).log()).sum()
    log_evidence = (PRIOR * LIKELIHOOD).sum().log()
    right = expected_log - kl
    slips = {
        "That is log p(x) itself. The bound averages log p(x|z) under q.": log_evidence,
        "Is the KL missing?": expected_log,
        "Did you add the KL? It is subtracted.": expected_log + kl,
        "That is the loss: the ELBO has the other sign.": -right,
        "Is the KL the wrong way round? Its average is under q.": expected_log
        - (PRIOR * (PRIOR / Q).log()).sum(),
        "Take the logarithm first, and then the average.": (Q * LIKELIHOOD).sum().log() - kl,
        "Is log p(x|z) averaged under the prior? It has to be under q.": (
            PRIOR * LIKELIHOOD.log()
        ).sum()
        - kl,
        "Did you use log2? We count in nats.": right / math.log(2),
        "Are the weights q missing in the first term?": LIKELIHOOD.log().sum() - kl,
    }
    return compare(found, right, "the ELBO of q = (0.9, 0.1)", slips)


def _bound_touches_at_the_posterior(elbo: Answer) -> str:
    found = tensor_of(call(elbo, PRIOR, LIKELIHOOD, POSTERIOR), (), "the result")
    log_evidence = (PRIOR * LIKELIHOOD).sum().log()
    name = "the ELBO of the posterior, which is log p(x),"
    return compare(found, log_evidence, name)


def _bound_bears_a_zero(elbo: Answer) -> str:
    found = tensor_of(call(elbo, PRIOR, LIKELIHOOD, torch.tensor([0.0, 1.0])), (), "the result")
    right = (LIKELIHOOD[1] * PRIOR[1]).log()
    lost = "For a computer, 0 times log 0 is nan. torch.xlogy(q, q) gives the 0 that is meant."
    return compare(found, right, "the ELBO of q = (0, 1)", {lost: torch.tensor(math.nan)})


def _z_has_the_right_shape(sample: Answer) -> str:
    z = call(sample, torch.zeros(3, 2), torch.ones(3, 2))
    return f"z has the shape {list(tensor_of(z, (3, 2), 'z').shape)}"


def _z_has_the_right_mean(sample: Answer) -> str:
    z = call(sample, torch.full((DRAWS, 1), 1.0), torch.full((DRAWS, 1), 0.5))
    slips = {
        "Does your z leave out the mean?": torch.tensor(0.0),
        "Does eps come from 0 to 1? torch.randn_like draws it from N(0, 1).": torch.tensor(1.25),
    }
    return compare(z.mean(), torch.tensor(1.0), "the mean of z", slips, tolerance=0.05)


def _z_has_the_right_spread(sample: Answer) -> str:
    z = call(sample, torch.full((DRAWS, 1), 1.0), torch.full((DRAWS, 1), 0.5))
    slips = {
        "Did you square std, or pass a variance?": torch.tensor(0.25),
        "Did you take the root of std? It is a standard deviation already.": torch.tensor(0.5**0.5),
        "Is std missing? It has to scale eps.": torch.tensor(1.0),
        "Did you take exp of std? It is no logarithm.": torch.tensor(0.5).exp(),
        "Do you draw eps from 0 to 1? Use torch.randn_like.": torch.tensor(0.5 / 12**0.5),
    }
    return compare(z.std(), torch.tensor(0.5), "the spread of z", slips, tolerance=0.04)


def _each_place_has_its_own_eps(sample: Answer) -> str:
    z = call(sample, torch.zeros(2, 3), torch.ones(2, 3))
    if not z.any():
        raise Mistake("z is the mean. Is eps missing? Without it z is no random draw.")
    if len(z.unique()) < z.numel():
        raise Mistake(
            "several places of z share one eps: draw one for each, as in randn_like(mean)"
        )
    return "every place of z has an eps of its own"


def _gradients_reach_mean_and_std(sample: Answer) -> str:
    mean = torch.ones(2, 3, requires_grad=True)
    std = torch.ones(2, 3, requires_grad=True)
    z = call(sample, mean, std)
    if not z.requires_grad:
        raise Mistake("no gradient comes back through z: .detach() and torch.no_grad() cut it")
    gradients = torch.autograd.grad(z.sum(), (mean, std), allow_unused=True)
    for name, gradient in zip(("mean", "std"), gradients, strict=True):
        if gradient is None:
            raise Mistake(f"no gradient reaches {name}: does z depend on it, undetached?")
        if not gradient.any():
            raise Mistake(
                f"the gradient of {name} is 0 everywhere: torch.normal draws, but lets nothing back"
            )
    return "the gradient reaches mean and std"


EXERCISES = {
    "Q2.1": Exercise(
        "draw_images(decoder, count)",
        {
            "the shape of the images": _images_have_the_right_shape,
            "the latents": _latents_come_from_the_prior,
            "how often each level comes": _levels_come_as_often_as_they_should,
            "a throw of its own for every pixel": _each_pixel_is_thrown_by_itself,
            "every level in its place": _levels_stand_in_their_places,
        },
    ),
    "Q2.2": Exercise(
        "estimate(log_p)",
        {
            "two samples by hand": _an_average_by_hand,
            "several images": _every_image_has_its_own,
            "very small numbers": _small_numbers_survive,
        },
    ),
    "Q2.3": Exercise(
        "gaussian_kl(mean, log_std)",
        {
            "one latent by hand": _kl_by_hand,
            "several latents and images": _kl_adds_up_over_latents,
            "no distance from the prior to itself": _kl_of_the_prior_itself,
        },
    ),
    "Q2.4": Exercise(
        "elbo(prior, likelihood, q)",
        {
            "two values by hand": _bound_by_hand,
            "no gap at the posterior": _bound_touches_at_the_posterior,
            "a q that leaves a value out": _bound_bears_a_zero,
        },
    ),
    "Q2.7": Exercise(
        "sample(mean, std)",
        {
            "its shape": _z_has_the_right_shape,
            "a noise of its own for every place": _each_place_has_its_own_eps,
            "its mean": _z_has_the_right_mean,
            "its spread": _z_has_the_right_spread,
            "gradients": _gradients_reach_mean_and_std,
        },
    ),
}
