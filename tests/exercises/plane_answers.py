"""Right answers to the exercises of notebook 04, and usual wrong ones by a part of their hint."""

import torch
from scipy.stats import norm

from vaehelpers.vae import latent


def z_at(percentile):
    return torch.as_tensor(norm.ppf(percentile), dtype=torch.float32)


def lines(n):
    return z_at((torch.arange(n) + 0.5) / n)


def mean(logits):
    return logits.softmax(1) @ torch.arange(16.0)


def places(z, n):
    return [min(int(norm.cdf(float(each)) * n), n - 1) for each in z]


def cell(z, n):
    column, from_below = places(z, n)
    return n - 1 - from_below, column


def walk(start, end, count):
    return start + torch.linspace(0, 1, count)[:, None] * (end - start)


def integral(log_joint, area):
    return (log_joint + area.log()).logsumexp(0)


RIGHT = {
    "Q2.10 lines": [lines, lambda n: latent.ppf(latent.percentiles(n))],
    "Q2.10 mean": [mean],
    "Q2.10 cell": [cell, lambda z, n: [int(each) for each in latent.cells(z[None], n)]],
    "Q2.10 walk": [
        walk,
        lambda start, end, count: torch.lerp(start, end, torch.linspace(0, 1, count)[:, None]),
    ],
    "Q2.2 integral": [integral],
}
WRONG = {
    "Q2.10 lines": {
        "one line lies at infinity": lambda n: z_at(torch.arange(n) / n),
        "These are percentiles still": lambda n: (torch.arange(n) + 0.5) / n,
        "Did you use norm.cdf": lambda n: torch.as_tensor(norm.cdf((torch.arange(n) + 0.5) / n)),
        "Did you cut off the ends": lambda n: z_at((torch.arange(n) + 1) / (n + 1)),
        "from right to left": lambda n: lines(n).flip(0),
        "evenly spaced in z": lambda n: torch.linspace(lines(n)[0], lines(n)[-1], n),
        "has the shape [4, 4], expected [4]": lambda n: lines(n).expand(n, n),
        "is of type ndarray": lambda n: norm.ppf((torch.arange(n) + 0.5) / n),
        "for n = 3 has the shape [4]": lambda n: lines(4),
    },
    "Q2.10 mean": {
        "the level with the highest chance": lambda logits: logits.argmax(1),
        "Are these chances": lambda logits: logits @ torch.arange(16.0),
        "Did you divide by 15": lambda logits: mean(logits) / 15,
        "run from 1 to 16": lambda logits: mean(logits) + 1,
        "the mean of level times chance": lambda logits: mean(logits) / 16,
        "Over which axis": lambda logits: logits.softmax(0) @ torch.arange(16.0),
        "The levels are missing": lambda logits: logits.softmax(1).sum(1),
        "has the shape [], expected [2]": lambda logits: mean(logits).sum(),
    },
    "Q2.10 cell": {
        "count the rows from above": lambda z, n: places(z, n)[::-1],
        "row and column swapped": lambda z, n: cell(z, n)[::-1],
        "is your row one too large": lambda z, n: (cell(z, n)[0] + 1, cell(z, n)[1]),
        "Whole numbers are expected": lambda z, n: (
            n - n * norm.cdf(float(z[1])),
            n * norm.cdf(float(z[0])),
        ),
        "Did you round": lambda z, n: (
            n - 1 - round(n * norm.cdf(float(z[1]))),
            round(n * norm.cdf(float(z[0]))),
        ),
        "a grid of even steps": lambda z, n: (
            n - 1 - int((float(z[1]) + 4) / 8 * n),
            int((float(z[0]) + 4) / 8 * n),
        ),
        "is your place kept below n": lambda z, n: (
            n - 1 - int(norm.cdf(float(z[1])) * n),
            int(norm.cdf(float(z[0])) * n),
        ),
        "is not a pair": lambda z, n: cell(z, n)[0],
    },
    "Q2.10 walk": {
        "stops before its end": lambda start, end, count: (
            start + torch.arange(count)[:, None] / count * (end - start)
        ),
        "leaves out its start": lambda start, end, count: (
            start + (torch.arange(count)[:, None] + 1) / count * (end - start)
        ),
        "runs backwards": lambda start, end, count: walk(end, start, count),
        "Is that start + share * end": lambda start, end, count: (
            start + torch.linspace(0, 1, count)[:, None] * end
        ),
        "Do the weights add up to 1": lambda start, end, count: (
            torch.linspace(0, 1, count)[:, None] * (start + end)
        ),
        "Do you walk in whole steps": lambda start, end, count: (
            start + torch.arange(count)[:, None] * (end - start)
        ),
        "has the shape [2, 4], expected [4, 2]": lambda start, end, count: (
            walk(start, end, count).T
        ),
    },
    "Q2.2 integral": {
        "is 0 in 32 bits": lambda log_joint, area: (log_joint.exp() * area).sum().log(),
        "Are the areas missing": lambda log_joint, area: log_joint.logsumexp(0),
        "Did you multiply the logarithms": lambda log_joint, area: (log_joint * area).logsumexp(0),
        "Did you add the area itself": lambda log_joint, area: (log_joint + area).logsumexp(0),
        "the largest square alone": lambda log_joint, area: (log_joint + area.log()).max(),
        "Did you add up the logarithms": lambda log_joint, area: (log_joint + area.log()).sum(),
        "Is that an average": lambda log_joint, area: integral(log_joint, area / 4),
        "has the shape [4], expected []": lambda log_joint, area: log_joint + area.log(),
    },
}
