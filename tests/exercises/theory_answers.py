"""Right answers to the exercises of notebook 02, and usual wrong ones by a part of their hint."""

import math

import torch

from vaehelpers import KLD, sample_reparameterize


def estimate(log_likelihood, D, L):
    log_p = log_likelihood(torch.randn(L, D))
    share = log_p.softmax(0)
    return log_p.logsumexp(0) - math.log(L), 1 / (share**2).sum()


def estimate_by_parts(log_likelihood, D, L):
    """Draw in two parts; count by the weights themselves."""
    log_p = torch.cat([log_likelihood(torch.randn(L // 2, D)) for _ in range(2)]).double()
    weights = (log_p - log_p.amax()).exp()
    return log_p.amax() + weights.mean().log(), (weights.sum() ** 2 / (weights**2).sum()).item()


def averaged(change):
    """Return a way to estimate whose first result is `change(log_p, L)`."""

    def wrong(log_likelihood, D, L):
        log_p = log_likelihood(torch.randn(L, D))
        return change(log_p, L), 1 / (log_p.softmax(0) ** 2).sum()

    return wrong


def counted(change):
    """Return a way to estimate whose effective sample size is `change(log_p)`."""

    def wrong(log_likelihood, D, L):
        log_p = log_likelihood(torch.randn(L, D))
        return log_p.logsumexp(0) - math.log(L), change(log_p)

    return wrong


def drawn(draw):
    """Return a way to estimate whose latents are `draw(L, D)`."""
    return lambda log_likelihood, D, L: estimate(lambda z: log_likelihood(draw(L, D)), D, L)


def plain_share(log_p):
    return log_p.exp() / log_p.exp().sum()


def weighted(log_likelihood, log_prior, log_q):
    return (log_likelihood + log_prior - log_q).logsumexp(0) - math.log(len(log_q))


def slopes(mean, std, eps):
    z = mean + std * eps
    return (2 * z).mean(), (2 * z * eps).mean()


def slopes_by_autograd(mean, std, eps):
    mean, std = mean.requires_grad_(), std.requires_grad_()
    return torch.autograd.grad(((mean + std * eps) ** 2).mean(), (mean, std))


def kl(mean, log_std):
    return ((2 * log_std).exp() + mean**2 - 1 - 2 * log_std).sum(1) / 2


def elbo(prior, likelihood, q):
    divergence = torch.xlogy(q, q) - torch.xlogy(q, prior)
    return (torch.xlogy(q, likelihood) - divergence).sum()


def plain_kl(q, p):
    return (q * (q / p).log()).sum()


def sample(mean, std):
    return mean + std * torch.randn_like(std)


RIGHT = {
    "Q2.2": [estimate, estimate_by_parts],
    "Q2.2 weights": [weighted],
    "Q2.3": [kl, KLD],
    "Q2.4": [elbo],
    "Q2.7": [sample, sample_reparameterize],
    "Q2.7 slopes": [slopes, slopes_by_autograd],
}
WRONG = {
    "Q2.2": {
        "Are all samples one z": drawn(lambda L, D: torch.randn(1, D).expand(L, D)),
        "Do you draw z from 0 to 1": drawn(torch.rand),
        "was given 1 latents, expected L = 4000": drawn(lambda L, D: torch.randn(1, D)),
        "was given z of shape [3, 4000]": drawn(lambda L, D: torch.randn(D, L)),
        "log_likelihood was never called": lambda log_likelihood, D, L: (0.0, 1.0),
        "two results are expected": lambda *given: estimate(*given)[0],
        "That is the mean of the logarithms": averaged(lambda log_p, L: log_p.mean()),
        "Is the division by L missing": averaged(lambda log_p, L: log_p.logsumexp(0)),
        "That is p(x) itself": averaged(lambda log_p, L: log_p.exp().mean()),
        "Did you add log L": averaged(lambda log_p, L: log_p.logsumexp(0) + math.log(L)),
        "Did you use log2": averaged(lambda log_p, L: log_p.exp().mean().log2()),
        "Does only the best sample count": averaged(lambda log_p, L: log_p.amax()),
        "That is L. Samples count by their shares": counted(len),
        "That is the sum of the squares": counted(lambda log_p: (log_p.softmax(0) ** 2).sum()),
        "Are the shares squared": counted(lambda log_p: 1 / log_p.softmax(0).sum()),
        "Do the shares sum to 1": counted(lambda log_p: 1 / (log_p.exp() ** 2).sum()),
        "That is 1 over the largest share": counted(lambda log_p: 1 / log_p.softmax(0).amax()),
        "Are these shares of the logarithms": counted(
            lambda log_p: 1 / ((log_p / log_p.sum()) ** 2).sum()
        ),
        "torch.logsumexp takes the logarithm without it": averaged(
            lambda log_p, L: log_p.exp().mean().log()
        ),
        "Take the shares from a softmax": counted(
            lambda log_p: 1 / (plain_share(log_p) ** 2).sum()
        ),
    },
    "Q2.2 weights": {
        "Are the weights missing": lambda likelihood, prior, q: weighted(likelihood, q, q),
        "Is the weight upside down": lambda likelihood, prior, q: weighted(likelihood, q, prior),
        "Is q missing": lambda likelihood, prior, q: weighted(likelihood, prior, 0 * q),
        "Is the prior missing": lambda likelihood, prior, q: weighted(likelihood, 0 * prior, q),
        "That is the mean of the logarithms": lambda likelihood, prior, q: (
            likelihood + prior - q
        ).mean(),
        "Is the division by L missing": lambda likelihood, prior, q: (
            likelihood + prior - q
        ).logsumexp(0),
        "That is p(x) itself": lambda *given: weighted(*given).exp(),
        "Did you divide by the sum of the weights": lambda likelihood, prior, q: (
            (likelihood + prior - q).logsumexp(0) - (prior - q).logsumexp(0)
        ),
        "exp(-1000) is 0": lambda likelihood, prior, q: (likelihood + prior - q).exp().mean().log(),
        "has the shape [2], expected []": lambda likelihood, prior, q: likelihood + prior - q,
    },
    "Q2.3": {
        "Is the factor 1/2 missing": lambda mean, log_std: 2 * kl(mean, log_std),
        "Is its sign the wrong way round": lambda mean, log_std: -kl(mean, log_std),
        "Is the -1 missing": lambda mean, log_std: kl(mean, log_std) + 0.5 * mean.shape[1],
        "Did you forget to square the mean": lambda mean, log_std: (
            kl(mean, log_std) + (mean - mean**2).sum(1) / 2
        ),
        "log_std is log(std)": lambda mean, log_std: kl(mean, log_std) + log_std.sum(1) / 2,
        "Did you forget to square std": lambda mean, log_std: (
            kl(mean, log_std) + (log_std.exp() - (2 * log_std).exp()).sum(1) / 2
        ),
        "Do you take log_std for the log of the variance": lambda mean, log_std: kl(
            mean, log_std / 2
        ),
        "Did you average over the latents": lambda mean, log_std: kl(mean, log_std) / mean.shape[1],
        "has the shape [1, 1], expected [1]": lambda mean, log_std: kl(mean, log_std)[:, None],
    },
    "Q2.4": {
        "That is log p(x) itself": lambda prior, likelihood, q: (prior * likelihood).sum().log(),
        "Is the KL missing": lambda prior, likelihood, q: (q * likelihood.log()).sum(),
        "Did you add the KL": lambda prior, likelihood, q: (
            (q * likelihood.log()).sum() + plain_kl(q, prior)
        ),
        "That is the loss": lambda prior, likelihood, q: -elbo(prior, likelihood, q),
        "Is the KL the wrong way round": lambda prior, likelihood, q: (
            (q * likelihood.log()).sum() - plain_kl(prior, q)
        ),
        "Take the logarithm first": lambda prior, likelihood, q: (
            (q * likelihood).sum().log() - plain_kl(q, prior)
        ),
        "averaged under the prior": lambda prior, likelihood, q: (
            (prior * likelihood.log()).sum() - plain_kl(q, prior)
        ),
        "Did you use log2": lambda prior, likelihood, q: elbo(prior, likelihood, q) / math.log(2),
        "Are the weights q missing": lambda prior, likelihood, q: (
            likelihood.log().sum() - plain_kl(q, prior)
        ),
        "0 times log 0 is nan": lambda prior, likelihood, q: (
            (q * likelihood.log()).sum() - plain_kl(q, prior)
        ),
    },
    "Q2.7": {
        "Did you square std": lambda mean, std: mean + std**2 * torch.randn_like(std),
        "Did you take the root of std": lambda mean, std: mean + std.sqrt() * torch.randn_like(std),
        "Did you take exp of std": lambda mean, std: mean + std.exp() * torch.randn_like(std),
        "Is eps missing": lambda mean, std: mean + 0 * std,
        "Does eps come from 0 to 1": lambda mean, std: mean + std * torch.rand_like(std),
        "Is std missing": lambda mean, std: mean + torch.randn_like(std),
        "Does your z leave out the mean": lambda mean, std: std * torch.randn_like(std),
        "Use torch.randn_like": lambda mean, std: mean + std * (torch.rand_like(std) - 0.5),
        "several places of z share one eps": lambda mean, std: (
            mean + std * torch.randn(len(std), 1).expand_as(std)
        ),
        "no gradient comes back through z": lambda mean, std: sample(mean, std).detach(),
        "torch.normal draws, but lets nothing back": torch.normal,
        "no gradient reaches std": lambda mean, std: mean + std.detach() * torch.randn_like(std),
        "has the shape [2], expected [3, 2]": lambda mean, std: sample(mean, std)[0],
        "is of type float": lambda mean, std: 0.5,
        "stopped with TypeError": lambda mean: mean,
    },
    "Q2.7 slopes": {
        "Is the 2 missing": lambda mean, std, eps: tuple(
            half / 2 for half in slopes(mean, std, eps)
        ),
        "is eps missing": lambda mean, std, eps: (slopes(mean, std, eps)[0],) * 2,
        "Does std stand where eps belongs": lambda mean, std, eps: (
            slopes(mean, std, eps)[0],
            std * slopes(mean, std, eps)[0],
        ),
        "Are the two in the wrong order": lambda mean, std, eps: slopes(mean, std, eps)[::-1],
        "That is where many throws lead": lambda mean, std, eps: (2 * mean, 2 * std),
        "Is the slope taken at the mean": lambda mean, std, eps: slopes(mean, 0, eps),
        "Is z made with the variance": lambda mean, std, eps: slopes(mean, std**2, eps),
        "Is std missing in z": lambda mean, std, eps: slopes(mean, 1, eps),
        "Do you minimise": lambda mean, std, eps: tuple(-each for each in slopes(mean, std, eps)),
        "Did you add up": lambda mean, std, eps: tuple(
            len(eps) * each for each in slopes(mean, std, eps)
        ),
        "Did you average eps first": lambda mean, std, eps: slopes(
            mean, std, eps.mean(0, keepdim=True)
        ),
        "Does only the first eps count": lambda mean, std, eps: slopes(mean, std, eps[:1]),
        "Was a sign lost": lambda mean, std, eps: slopes(mean.abs(), std, eps),
        "two results are expected": lambda mean, std, eps: slopes(mean, std, eps)[0],
        "has the shape [1], expected []": lambda mean, std, eps: (
            2 * (mean + std * eps),
            2 * (mean + std * eps) * eps,
        ),
    },
}
