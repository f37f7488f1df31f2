"""The exercises of notebook 02: the theory of VAEs."""

import math

import torch
from torch import Tensor

from .checking import Answer, Exercise, Mistake, call, compare, tensor_of

DRAWS = 4_000
LATENTS = 3
FAR = -1000.0  # a log-likelihood whose exponential is 0 for a computer
# Two values of z, and how often each gives the x at hand: the example of notebook 02.
PRIOR = torch.tensor([0.25, 0.75])
LIKELIHOOD = torch.tensor([0.6, 0.2])
POSTERIOR = torch.tensor([0.5, 0.5])
Q = torch.tensor([0.9, 0.1])


class _Likelihood:
    """A log p(x|z) that keeps the z that it is given: x is z and noise."""

    def __init__(self, offset: float = 0.0):
        self.offset = offset
        self.calls: list[Tensor] = []

    def __call__(self, z: Tensor) -> Tensor:
        """Return log p(x|z) `[L]` of latents `[L,3]`."""
        if not isinstance(z, Tensor) or z.dim() != 2 or z.shape[1] != LATENTS:
            shape = list(z.shape) if isinstance(z, Tensor) else type(z).__name__
            raise Mistake(f"log_likelihood was given z of shape {shape}, expected [L, D]")
        self.calls.append(z)
        return self.offset - 2 * ((z - torch.tensor([1.0, -0.5, 0.5])) ** 2).sum(1)

    def log_p(self) -> Tensor:
        """Return log p(x|z) of all z that came."""
        return self(torch.cat(self.calls))


def _two_numbers(result: object, first: str, second: str) -> tuple[Tensor, Tensor]:
    """Return both results of a function, two numbers; raise Mistake if it has not two."""
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Mistake(f"two results are expected: end with `return {first}, {second}`")
    return tensor_of(result[0], (), first), tensor_of(result[1], (), second)


def _tried(estimate: Answer, offset: float = 0.0) -> tuple[Tensor, Tensor, Tensor]:
    """Return log p(x|z) of the z that were drawn, and the two results."""
    likelihood = _Likelihood(offset)
    results = call(estimate, likelihood, LATENTS, DRAWS)
    found = _two_numbers(results, "estimate", "effective")
    if not likelihood.calls:
        raise Mistake("log_likelihood was never called: step 2 needs log_likelihood(z)")
    return likelihood.log_p(), *found


def _samples_come_from_the_prior(estimate: Answer) -> str:
    likelihood = _Likelihood()
    call(estimate, likelihood, LATENTS, DRAWS)
    if not likelihood.calls:
        raise Mistake("log_likelihood was never called: step 2 needs log_likelihood(z)")
    z = torch.cat(likelihood.calls)
    if len(z) != DRAWS:
        raise Mistake(f"log_likelihood was given {len(z)} latents, expected L = {DRAWS}")
    spread = z.std(dim=0).mean()
    slips = {
        "Are all samples one z, or zeros? Each needs a throw of its own.": torch.tensor(0.0),
        "Do you draw z from 0 to 1? The prior is normal: use torch.randn.": torch.tensor(12**-0.5),
    }
    return compare(spread, torch.tensor(1.0), "the spread of z", slips, tolerance=0.05)


def _estimate_is_the_logarithm_of_the_average(estimate: Answer) -> str:
    log_p, found, _ = _tried(estimate)
    total, number = log_p.logsumexp(0), math.log(DRAWS)
    slips = {
        "That is the mean of the logarithms: average p(x|z) first.": log_p.mean(),
        "Is the division by L missing? In logarithms, subtract log L.": total,
        "That is p(x) itself: is the logarithm missing?": log_p.exp().mean(),
        "Did you add log L? Dividing by L subtracts it.": total + number,
        "Did you use log2 or log10? We count in nats.": (total - number) / math.log(2),
        "Does only the best sample count? Average over all of them.": log_p.amax(),
    }
    return compare(found, total - number, "the estimate of log p(x)", slips)


def _effective_number_comes_from_the_shares(estimate: Answer) -> str:
    log_p, _, found = _tried(estimate)
    share = log_p.softmax(0)
    slips = {
        "That is L. Samples count by their shares of the sum.": torch.tensor(float(DRAWS)),
        "That is the sum of the squares: take 1 over it.": (share**2).sum(),
        "Are the shares squared? They sum to 1 without.": torch.tensor(1.0),
        "Do the shares sum to 1? Divide p(x|z) by its sum: a softmax.": 1
        / (log_p.exp() ** 2).sum(),
        "That is 1 over the largest share: sum the squares of all of them.": 1 / share.amax(),
        "Are these shares of the logarithms? Share out p(x|z): a softmax.": log_p.sum() ** 2
        / (log_p**2).sum(),
    }
    return compare(found, 1 / (share**2).sum(), "the effective sample size", slips)


def _small_numbers_survive(estimate: Answer) -> str:
    log_p, found, effective = _tried(estimate, FAR)
    lost = "For a computer, exp(-1000) is 0. torch.logsumexp takes the logarithm without it."
    right = log_p.logsumexp(0) - math.log(DRAWS)
    said = compare(found, right, "an estimate near -1000", {lost: torch.tensor(-math.inf)})
    lost = "For a computer, exp(-1000) is 0. Take the shares from a softmax of log p(x|z)."
    right = 1 / (log_p.softmax(0) ** 2).sum()
    compare(effective, right, "its effective sample size", {lost: torch.tensor(math.nan)})
    return said


def _weights_by_hand(weighted: Answer) -> str:
    likelihood, prior, q = (torch.tensor(values) for values in ([0.4, 0.2], [0.1, 0.3], [0.2, 0.4]))
    parts = likelihood.log(), prior.log(), q.log()
    found = tensor_of(call(weighted, *parts), (), "the result")
    terms = likelihood * prior / q
    right = terms.mean().log()
    slips = {
        "Are the weights missing? Samples of q need p(z) / q(z).": likelihood.mean().log(),
        "Is the weight upside down? It is p(z) / q(z).": (likelihood * q / prior).mean().log(),
        "Is q missing? The weight is p(z) / q(z).": (likelihood * prior).mean().log(),
        "Is the prior missing? The weight is p(z) / q(z).": (likelihood / q).mean().log(),
        "That is the mean of the logarithms, a bound: average the terms first.": terms.log().mean(),
        "Is the division by L missing? In logarithms, subtract log L.": terms.sum().log(),
        "That is p(x) itself: is the logarithm missing?": terms.mean(),
        "Did you divide by the sum of the weights? Divide by their number L.": (
            terms.sum() / (prior / q).sum()
        ).log(),
    }
    return compare(found, right, "the logarithm of (0.4 · 0.1 / 0.2 + 0.2 · 0.3 / 0.4) / 2", slips)


def _weights_of_the_prior_are_one(weighted: Answer) -> str:
    log_prior = torch.tensor([-1.0, -2.0, -3.0])
    log_p = torch.tensor([0.1, 0.3, 0.2]).log()
    found = tensor_of(call(weighted, log_p, log_prior, log_prior), (), "the result")
    return compare(found, torch.tensor(0.2).log(), "the estimate if q is the prior")


def _small_terms_survive(weighted: Answer) -> str:
    terms = torch.full((2,), FAR), torch.tensor([-3.0, -5.0]), torch.tensor([-1.0, -3.0])
    found = tensor_of(call(weighted, *terms), (), "the result")
    lost = "For a computer, exp(-1000) is 0. torch.logsumexp takes the logarithm without it."
    slips = {lost: torch.tensor(-math.inf)}
    return compare(found, torch.tensor(FAR - 2), "the estimate from two terms of -1002", slips)


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


def _slopes_of(slopes: Answer, mean: float, std: float, eps: Tensor) -> Tensor:
    """Return the two slopes that a reader's function gives, `[2]`."""
    results = call(slopes, torch.tensor(mean), torch.tensor(std), eps)
    pair = _two_numbers(results, "of_mean", "of_std")
    return torch.stack([each.detach().double() for each in pair])


def _slopes_by_hand(slopes: Answer) -> str:
    found = _slopes_of(slopes, 1.0, 0.5, torch.tensor([-0.4]))
    slips = {
        "Is the 2 missing? The slope of z^2 is 2 z.": [0.8, -0.32],
        "In the slope for std, is eps missing? z moves by eps times the move of std.": [1.6, 1.6],
        "Does std stand where eps belongs? z moves by eps times the move of std.": [1.6, 0.8],
        "Are the two in the wrong order? First the one for mean.": [-0.64, 1.6],
        "That is where many throws lead. Compute the slopes from eps.": [2.0, 1.0],
        "Is the slope taken at the mean? Take it at z = mean + std * eps.": [2.0, -0.8],
        "Is z made with the variance? It is mean + std * eps.": [1.8, -0.72],
        "Is std missing in z? It is mean + std * eps.": [1.2, -0.48],
        "Do you minimise? These are the slopes of z^2 itself.": [-1.6, 0.64],
    }
    wrong = {question: torch.tensor(slip).double() for question, slip in slips.items()}
    return compare(found, torch.tensor([1.6, -0.64]), "the pair of slopes for eps = -0.4", wrong)


def _slopes_are_averaged(slopes: Answer) -> str:
    found = _slopes_of(slopes, 1.0, 0.5, torch.tensor([-0.4, 1.0]))
    right = torch.tensor([(1.6 + 3) / 2, (-0.64 + 3) / 2]).double()
    slips = {
        "Did you add up? Take the average.": 2 * right,
        "Did you average eps first? Average the slopes.": torch.tensor([2.3, 2.3 * 0.3]).double(),
        "Does only the first eps count? Average over all.": torch.tensor([1.6, -0.64]).double(),
    }
    return compare(found, right, "the average over eps = -0.4 and eps = 1", slips)


def _slopes_tend_to_the_exact_ones(slopes: Answer) -> str:
    generator = torch.Generator().manual_seed(0)
    found = _slopes_of(slopes, -1.0, 0.5, torch.randn(200_000, generator=generator))
    lost = "Was a sign lost? For a negative mean the slope is negative."
    slips = {lost: torch.tensor([2.0, 1.0])}
    name = "the average over 200,000 throws with mean -1, whose limit is 2 mean and 2 std,"
    return compare(found, torch.tensor([-2.0, 1.0]), name, slips, tolerance=0.03)


EXERCISES = {
    "Q2.2": Exercise(
        "estimate(log_likelihood, D, L)",
        {
            "the latents": _samples_come_from_the_prior,
            "the estimate": _estimate_is_the_logarithm_of_the_average,
            "the effective sample size": _effective_number_comes_from_the_shares,
            "very small numbers": _small_numbers_survive,
        },
    ),
    "Q2.2 weights": Exercise(
        "weighted(log_likelihood, log_prior, log_q)",
        {
            "two samples by hand": _weights_by_hand,
            "samples of the prior": _weights_of_the_prior_are_one,
            "very small numbers": _small_terms_survive,
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
    "Q2.7 slopes": Exercise(
        "slopes(mean, std, eps)",
        {
            "one throw by hand": _slopes_by_hand,
            "the average": _slopes_are_averaged,
            "many throws": _slopes_tend_to_the_exact_ones,
        },
    ),
}
