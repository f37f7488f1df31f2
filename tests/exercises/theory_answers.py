"""Right answers to the exercises of notebook 02, and usual wrong ones by a part of their hint."""

import math

import torch

from vaehelpers import KLD, draw_levels, sample_reparameterize


def draw(decoder, count):
    z = torch.randn(count, decoder.z_dim)
    chances = decoder(z).softmax(dim=1).movedim(1, -1)  # [B,H,W,16]
    size = chances.shape[:-1]
    levels = torch.multinomial(chances.reshape(-1, 16), 1)
    return levels.view(size).unsqueeze(1)


def through(change, z=None):
    """Return a way to draw images that gets the chances by `change(logits)`, and z by `z`."""

    def wrong(decoder, count):
        latents = torch.randn(count, decoder.z_dim) if z is None else z(count)
        chances = change(decoder(latents))
        size = chances.shape[0], *chances.shape[2:]
        levels = torch.multinomial(chances.movedim(1, -1).reshape(-1, 16), 1)
        return levels.view(size).unsqueeze(1)

    return wrong


def softmax(logits):
    return logits.softmax(1)


def one_level_an_image(decoder, count):
    chances = decoder(torch.randn(count, decoder.z_dim)).softmax(1)
    levels = torch.multinomial(chances[:, :, 0, 0], 1)
    return levels.view(-1, 1, 1, 1).expand(-1, 1, 5, 4)


def scrambled(decoder, count):
    chances = decoder(torch.randn(count, decoder.z_dim)).softmax(1)
    levels = torch.multinomial(chances.permute(0, 3, 2, 1).reshape(-1, 16), 1)
    return levels.view(count, 1, 5, 4)


def mean_level(decoder, count):
    chances = decoder(torch.randn(count, decoder.z_dim)).softmax(1)
    return (chances * torch.arange(16)[:, None, None]).sum(1, keepdim=True)


def likeliest(decoder, count):
    return decoder(torch.randn(count, decoder.z_dim)).argmax(1, keepdim=True)


def estimate(log_p):
    return log_p.logsumexp(1) - math.log(log_p.shape[1])


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
    "Q2.1": [draw, lambda decoder, count: draw_levels(decoder(torch.randn(count, decoder.z_dim)))],
    "Q2.2": [estimate],
    "Q2.3": [kl, KLD],
    "Q2.4": [elbo],
    "Q2.7": [sample, sample_reparameterize],
}
WRONG = {
    "Q2.1": {
        "Did you take the likeliest level": likeliest,
        "did you take the mean of the chances": mean_level,
        "Is the softmax missing": through(lambda logits: logits),
        "Are levels and pixels mixed up": through(lambda logits: logits.softmax(-1)),
        "Do you draw z from 0 to 1": through(softmax, lambda count: torch.rand(count, 3)),
        "Are all images made of one z": through(softmax, lambda count: torch.zeros(count, 3)),
        "all pixels of an image have one level": one_level_an_image,
        "levels stand in the wrong pixels": scrambled,
        "was given z of shape [6, 20]": through(softmax, lambda count: torch.randn(count, 20)),
        "the decoder was never called": lambda decoder, count: torch.zeros(count, 1, 5, 4),
        "the decoder was given 8000 latents": lambda decoder, count: draw(decoder, 2 * count)[
            :count
        ],
        "has the shape [6, 5, 4]": lambda decoder, count: draw(decoder, count)[:, 0],
    },
    "Q2.2": {
        "That is the mean of the logarithms": lambda log_p: log_p.mean(1),
        "Is the division by L missing": lambda log_p: log_p.logsumexp(1),
        "That is p(x) itself": lambda log_p: log_p.exp().mean(1),
        "Did you add log L": lambda log_p: log_p.logsumexp(1) + math.log(log_p.shape[1]),
        "Did you use log2": lambda log_p: log_p.exp().mean(1).log2(),
        "Does only the best sample count": lambda log_p: log_p.amax(1),
        "exp(-1000) is 0": lambda log_p: log_p.exp().mean(1).log(),
        "has the shape [2], expected [1]": lambda log_p: log_p.logsumexp(0) - math.log(len(log_p)),
        "log p(x) of two images is": lambda log_p: estimate(log_p).mean().expand(len(log_p)),
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
}
