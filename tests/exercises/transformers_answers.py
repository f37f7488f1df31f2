"""Right answers to the exercises of notebook 01, and usual wrong ones by a part of their hint."""

import torch
import torch.nn.functional as F


def attend(Q, K, V):
    return (Q @ K.transpose(-2, -1) / K.shape[-1] ** 0.5).softmax(-1) @ V


def mask_of(lengths, n):
    causal = torch.ones(n, n, dtype=torch.bool).tril()
    return causal & (torch.arange(n) < lengths[:, None, None])


def split(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def layer(x, attend, feed_forward, norm1, norm2):
    x = norm1(x + attend(x))
    return norm2(x + feed_forward(x))


def distance(n):
    """Return how many places each key, column, lies before a query, row."""
    return torch.arange(n)[:, None] - torch.arange(n)


def window(n, w):
    return (distance(n) >= 0) & (distance(n) < w)


def costs(p, labels, cost, candidates):
    called = p > candidates[:, None]
    return cost * (called & (labels == 0)).sum(1) + (~called & (labels == 1)).sum(1)


def choose(p, labels, cost, candidates):
    return candidates[costs(p, labels, cost, candidates).argmin()]


RIGHT = {
    "Q1.1 attention": [attend, F.scaled_dot_product_attention],
    "Q1.1 mask": [mask_of],
    "Q1.1 heads": [split],
    "Q1.1 layer": [layer],
    "Q1.2 window": [window],
    "Q1.3 threshold": [choose],
}


def weights_over(Q, K, dim, scale=0.5):
    return (Q @ K.transpose(-2, -1) * scale).softmax(dim)


def with_a_loop(Q, K, V):
    """Forget the last query."""
    return attend(Q[..., :-1, :], K, V)


def before(x, attend, feed_forward, norm1, norm2):
    x = x + attend(norm1(x))
    return x + feed_forward(norm2(x))


def plain_sum(x, attend, feed_forward, norm1, norm2):
    x = x + attend(x)
    return norm2(x + feed_forward(x))


def reads_x(x, attend, feed_forward, norm1, norm2):
    return norm2(norm1(x + attend(x)) + feed_forward(x))


def adds_x(x, attend, feed_forward, norm1, norm2):
    return norm2(x + feed_forward(norm1(x + attend(x))))


WRONG = {
    "Q1.1 attention": {
        "Is the root of d_k missing": lambda Q, K, V: weights_over(Q, K, -1, 1) @ V,
        "Did you divide by d_k itself": lambda Q, K, V: weights_over(Q, K, -1, 1 / 4) @ V,
        "root of the number of keys": lambda Q, K, V: weights_over(Q, K, -1, len(K) ** -0.5) @ V,
        "Is the softmax missing": lambda Q, K, V: Q @ K.transpose(-2, -1) / 2 @ V,
        "sum to 1 over the queries": lambda Q, K, V: weights_over(Q, K, -2) @ V,
        "average all values alike": lambda Q, K, V: V.mean(-2, keepdim=True).expand(1, 2),
        "use K.transpose(-2, -1)": lambda Q, K, V: (Q @ K.T / K.shape[-1] ** 0.5).softmax(-1) @ V,
        "Is d_k a fixed number": lambda Q, K, V: weights_over(Q, K, -1) @ V,
        "Does your softmax run over an axis of the batch": lambda Q, K, V: (
            weights_over(Q, K, 1, K.shape[-1] ** -0.5) @ V
        ),
        "is of type tuple": lambda Q, K, V: (attend(Q, K, V), None),
        "has the shape [0, 2], expected [1, 2]": with_a_loop,
    },
    "Q1.1 mask": {
        "Do you say what to hide": lambda lengths, n: ~mask_of(lengths, n),
        "Swap queries and keys": lambda lengths, n: torch.ones(2, n, n).triu().bool(),
        "use <= in place of <": lambda lengths, n: torch.ones(2, n, n).tril(-1).bool(),
        "did you join the two with |": lambda lengths, n: (
            torch.ones(n, n).tril().bool() | (torch.arange(n) < lengths[:, None, None])
        ),
        "Is the padding mask missing": lambda lengths, n: torch.ones(2, n, n).tril().bool(),
        "use < for the lengths": lambda lengths, n: mask_of(lengths + 1, n),
        "Do you hide padded queries": lambda lengths, n: (
            torch.ones(n, n).tril().bool() & (torch.arange(n)[:, None] < lengths[:, None, None])
        ),
        "numbers of type float32": lambda lengths, n: mask_of(lengths, n).float(),
        "has the shape [4, 4], expected [2, 4, 4]": lambda lengths, n: mask_of(lengths, n)[0],
        "Does lengths need two more axes, [B, 1, 1]": lambda lengths, n: (
            torch.ones(n, n).tril().bool() & (torch.arange(n) < lengths)
        ),
        "take one truth value": lambda lengths, n: (
            torch.ones(n, n).tril().bool() and torch.arange(n) < lengths[:, None, None]
        ),
    },
    "Q1.1 heads": {
        "add .transpose(1, 2)": lambda x, heads: x.unflatten(-1, (heads, -1)),
        "Did you reshape in one go": lambda x, heads: x.reshape(len(x), heads, x.shape[1], -1),
        "Does a head take every second number": lambda x, heads: x.unflatten(
            -1, (-1, heads)
        ).permute(0, 3, 1, 2),
        "Are the heads in reverse order": lambda x, heads: split(x, heads).flip(1),
        "Has every head the same numbers": lambda x, heads: split(x, heads)[:, :1].expand(
            -1, heads, -1, -1
        ),
        "heads is of type tuple": lambda x, heads: x.chunk(heads, -1),
        "heads has the shape [2, 3, 8]": lambda x, heads: x,
    },
    "Q1.1 layer": {
        "Is the first residual missing": lambda x, attend, feed_forward, norm1, norm2: layer(
            0 * x, lambda _: attend(x), feed_forward, norm1, norm2
        ),
        "Is the second residual missing": lambda x, attend, feed_forward, norm1, norm2: norm2(
            feed_forward(norm1(x + attend(x)))
        ),
        "Are both residuals missing": lambda x, attend, feed_forward, norm1, norm2: norm2(
            feed_forward(norm1(attend(x)))
        ),
        "Do you normalise before each part": before,
        "Does the feed-forward network read x": reads_x,
        "Is the second residual x": adds_x,
        "Are norm1 and norm2 swapped": lambda x, attend, feed_forward, norm1, norm2: layer(
            x, attend, feed_forward, norm2, norm1
        ),
        "Is the last normalisation missing": lambda x, attend, feed_forward, norm1, norm2: layer(
            x, attend, feed_forward, norm1, lambda x: x
        ),
        "Is the first normalisation missing": plain_sum,
        "has the shape [2, 4]": lambda x, *parts: layer(x, *parts)[:, 0],
        "mix is called with 3 arguments": lambda x, mix, *parts: layer(
            x, lambda x: mix(x, x, x), *parts
        ),
        "feed_forward is called with 2 arguments": lambda x, mix, feed_forward, *norms: layer(
            x, mix, lambda x: feed_forward(x, "layer"), *norms
        ),
    },
    "Q1.2 window": {
        "Do you say what to hide": lambda n, w: ~window(n, w),
        "one key too many": lambda n, w: window(n, w + 1),
        "leave out the query itself": lambda n, w: (distance(n) > 0) & (distance(n) <= w),
        "one key too few": lambda n, w: window(n, w - 1),
        "Do you look ahead as well": lambda n, w: distance(n).abs() < w,
        "Do you look ahead in place of back": lambda n, w: window(n, w).T,
        "Is the limit on how far back missing": lambda n, w: window(n, n),
        "Is the causal part missing": lambda n, w: distance(n) < w,
        "take one truth value": lambda n, w: distance(n) >= 0 and distance(n) < w,
        "your mask with a window of 1": lambda n, w: window(n, max(w, 3)),
    },
    "Q1.3 threshold": {
        "Did you return the cost": lambda *given: costs(*given).min(),
        "place among the candidates": lambda *given: costs(*given).argmin(),
        "Is it the most expensive one": lambda *given: given[-1][costs(*given).argmax()],
        "Does your cost weigh the missed spams": lambda p, labels, cost, candidates: choose(
            p, labels, 1 / cost, candidates
        ),
        "Is the cost left out": lambda p, labels, cost, candidates: choose(
            p, labels, 1, candidates
        ),
        "Are the missed spams left out": lambda p, labels, cost, candidates: choose(
            p, labels, 1e9, candidates[[0]]
        ),
        "compare p with candidates[:, None]": lambda p, labels, cost, candidates: p > candidates,
        "take one truth value": lambda p, labels, cost, candidates: (
            p > candidates[:, None] and labels == 0
        ),
        "Is the cost a fixed number": lambda p, labels, cost, candidates: choose(
            p, labels, 10, candidates
        ),
    },
}
