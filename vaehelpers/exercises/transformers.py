"""The exercises of notebook 01: attention and Transformers."""

from collections.abc import Mapping

import torch
from torch import Tensor

from .checking import Answer, Exercise, Mistake, call, compare, tensor_of

# The three tokens that notebook 01 works out by hand.
QUERY = torch.tensor([[2.0, 0.0, 2.0, 0.0]])
KEYS = torch.tensor([[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]])
VALUES = torch.tensor([[10.0, 0.0], [0.0, 10.0], [5.0, 5.0]])


# Attention.


def _attended(Q: Tensor, K: Tensor, V: Tensor) -> Tensor:
    scores = Q @ K.transpose(-2, -1) / K.shape[-1] ** 0.5
    return scores.softmax(-1) @ V


def _attention_of_three_tokens(attend: Answer) -> str:
    output = tensor_of(call(attend, QUERY, KEYS, VALUES), (1, 2), "the output")
    scores = QUERY @ KEYS.T
    slips = {
        "Is the root of d_k missing?": scores.softmax(-1) @ VALUES,
        "Did you divide by d_k itself? It is the root of d_k.": (scores / 4).softmax(-1) @ VALUES,
        "Did you divide by the root of the number of keys? d_k is the width of a key.": (
            (scores / 3**0.5).softmax(-1) @ VALUES
        ),
        "Is the softmax missing?": scores / 2 @ VALUES,
        "Do your weights sum to 1 over the queries? Use softmax(dim=-1), over the keys.": (
            (scores / 2).softmax(0) @ VALUES
        ),
        "Do you average all values alike? The scores have to become the weights.": (
            VALUES.mean(0, keepdim=True)
        ),
    }
    return compare(output, _attended(QUERY, KEYS, VALUES), "the output", slips)


def _attention_of_a_batch(attend: Answer) -> str:
    generator = torch.Generator().manual_seed(0)
    Q = torch.randn(2, 5, 3, 9, generator=generator)
    K = torch.randn(2, 5, 4, 9, generator=generator)
    V = torch.randn(2, 5, 4, 6, generator=generator)
    try:
        result = call(attend, Q, K, V)
    except (RuntimeError, UserWarning):
        raise Mistake(
            "it fails for a batch with two leading axes, Q [2, 5, 3, 9] and K [2, 5, 4, 9]. K.T "
            "turns all axes round: use K.transpose(-2, -1)"
        ) from None
    output = tensor_of(result, (2, 5, 3, 6), "the output for a batch")
    scores = Q @ K.transpose(-2, -1)
    slips = {
        "Is d_k a fixed number in your function? Take it from K.shape[-1].": (
            (scores / 2).softmax(-1) @ V
        ),
        "Does your softmax run over an axis of the batch? Use dim=-1.": (
            (scores / 3).softmax(1) @ V
        ),
    }
    return compare(output, _attended(Q, K, V), "the output for a batch", slips)


# Masks: booleans, True where a query may look at a key.


def _call_on_booleans(answer: Answer, arguments: tuple[object, ...], new_axes: str) -> object:
    """Call a function that compares and joins; name the mistakes at which PyTorch stops.

    `new_axes` is the sentence for sizes that do not fit.
    """
    try:
        return call(answer, *arguments)
    except RuntimeError as error:
        if "is ambiguous" in str(error):
            raise Mistake(
                "`and`, `or`, `not` and `if` take one truth value, not a tensor of them. Join with "
                "& or |, invert with ~, and put each comparison in brackets"
            ) from None
        if "must match" in str(error):
            raise Mistake(f"it stops, since sizes do not fit. {new_axes}") from None
        raise


def _call_mask(mask: Answer, lengths: Tensor, n: int) -> object:
    new_axes = "Does lengths need two more axes, [B, 1, 1]?"
    return _call_on_booleans(mask, (lengths, n), new_axes)


def _call_window(band: Answer, n: int, w: int) -> object:
    return _call_on_booleans(band, (n, w), "Give the queries a second axis: places[:, None].")


def _compare_masks(
    found: object, expected: Tensor, name: str, slips: Mapping[str, Tensor], right: str
) -> str:
    """Say `right` where a mask is as expected; raise Mistake, with a place, if it is not."""
    mask = tensor_of(found, tuple(expected.shape), name)
    if mask.dtype != torch.bool:
        kind = str(mask.dtype).removeprefix("torch.")
        raise Mistake(
            f"{name} holds numbers of type {kind}, expected booleans. Compare with <= or <, and "
            "join conditions with &"
        )
    if torch.equal(mask, expected):
        return right
    *_, query, key = (mask != expected).nonzero()[0].tolist()
    says, not_so = ("may", "may not") if expected[mask != expected][0] else ("may not", "may")
    places = "(the first has the number 0)"
    shown = f"query {query} {says} look at key {key} {places}, in {name} it {not_so}"
    for question, slip in slips.items():
        if torch.equal(mask, slip):
            raise Mistake(f"{shown}. {question}")
    raise Mistake(shown)


def _masks(lengths: Tensor, n: int) -> dict[str, Tensor]:
    """Return the mask of the exercise, and those of typical mistakes, each `[B,n,n]`."""
    places = torch.arange(n)
    past = places <= places[:, None]  # [n,n]: key by query
    real = places < lengths[:, None, None]  # [B,1,n]
    return {
        "right": past & real,
        "inverted": ~(past & real),
        "future": past.T & real,
        "not itself": (places < places[:, None]) & real,
        "one too many": past & (places <= lengths[:, None, None]),
        "no padding": past.expand(len(lengths), n, n),
        "no past": real.expand(len(lengths), n, n),
        "rows": past & real.transpose(1, 2),
    }


def _mask_without_padding(mask: Answer) -> str:
    lengths = torch.tensor([4, 4])
    masks = _masks(lengths, 4)
    slips = {
        "Do you say what to hide? True is for what a query may see.": masks["inverted"],
        "Do you show the future in place of the past? Swap queries and keys.": masks["future"],
        "A query may see itself: use <= in place of <.": masks["not itself"],
        "Is the causal part missing, or did you join the two with | in place of &?": (
            masks["no past"]
        ),
    }
    right = "in words without padding, each query sees itself and what came before"
    return _compare_masks(_call_mask(mask, lengths, 4), masks["right"], "your mask", slips, right)


def _mask_of_padded_words(mask: Answer) -> str:
    lengths = torch.tensor([4, 2])
    masks = _masks(lengths, 4)
    slips = {
        "Is the padding mask missing? Keys from the length on are padding.": masks["no padding"],
        "A word of 2 tokens has the places 0 and 1: use < for the lengths.": masks["one too many"],
        "Do you hide padded queries, the rows? Hide padded keys, the columns.": masks["rows"],
    }
    right = "no query sees padding"
    return _compare_masks(_call_mask(mask, lengths, 4), masks["right"], "your mask", slips, right)


def _window(n: int, back_to: int, forward_to: int = 0) -> Tensor:
    """Return a mask `[n,n]` that shows the keys from `back_to` back to `forward_to` ahead."""
    back = torch.arange(n)[:, None] - torch.arange(n)
    return (back >= -forward_to) & (back <= back_to)


def _window_of_three(band: Answer) -> str:
    slips = {
        "Do you say what to hide? True is for what a query may see.": ~_window(6, 2),
        "You show one key too many: a window of 3 is the query and 2 keys before it.": _window(
            6, 3
        ),
        "You leave out the query itself.": _window(6, 3) & ~_window(6, 0),
        "You show one key too few: a window of 3 is the query and 2 keys before it.": _window(6, 1),
        "Do you look ahead as well? The window looks back only.": _window(6, 2, 2),
        "Do you look ahead in place of back? Subtract the key's place from the query's.": (
            _window(6, 0, 2)
        ),
        "Is the limit on how far back missing?": _window(6, 6),
        "Is the causal part missing? Later keys have a negative distance.": _window(6, 2, 6),
    }
    right = "with a window of 3, each query sees itself and the 2 keys before it"
    return _compare_masks(_call_window(band, 6, 3), _window(6, 2), "your mask", slips, right)


def _window_of_one_and_all(band: Answer) -> str:
    right = "with a window of 1, each query sees itself alone"
    _compare_masks(
        _call_window(band, 5, 1), _window(5, 0), "your mask with a window of 1", {}, right
    )
    return _compare_masks(
        _call_window(band, 5, 5),
        _window(5, 4),
        "your mask with a window of 5",
        {},
        f"{right}; with one of 5, all 5 tokens see all that came before",
    )


# Heads.


def _heads_have_the_right_shape(split: Answer) -> str:
    found = call(split, torch.zeros(2, 3, 8), 4)
    swapped = isinstance(found, Tensor) and found.shape == (2, 3, 4, 2)
    if swapped:
        raise Mistake(
            "the heads have the shape [2, 3, 4, 2], expected [2, 4, 3, 2]. Heads come before "
            "tokens: add .transpose(1, 2)"
        )
    return f"the heads have the shape {list(tensor_of(found, (2, 4, 3, 2), 'heads').shape)}"


def _each_head_has_its_own_numbers(split: Answer) -> str:
    x = torch.arange(24.0).view(1, 3, 8)
    heads = tensor_of(call(split, x, 2), (1, 2, 3, 4), "heads")
    expected = x.unflatten(-1, (2, 4)).transpose(1, 2)[0]
    slips = {
        "Did you reshape in one go? That tears the tokens apart: unflatten, then transpose.": (
            x.reshape(2, 3, 4)[0]
        ),
        "Does a head take every second number? Unflatten to (heads, width // heads).": x[0, :, ::2],
        "Are the heads in reverse order?": expected[1],
    }
    compare(heads[0, 0], expected[0], "head 0", slips)
    compare(heads[0, 1], expected[1], "head 1", {"Has every head the same numbers?": expected[0]})
    return "head 0 has the first half of each token's numbers, head 1 the second"


# A whole layer.


def _mix(*given: Tensor) -> Tensor:
    """Stand for attention: each token gets the mean of all."""
    x = _alone(given, "mix")
    return x.mean(dim=-2, keepdim=True).expand_as(x)


def _feed_forward(*given: Tensor) -> Tensor:
    x = _alone(given, "feed_forward")
    return 3 * x.clamp(min=0)


def _alone(given: tuple[Tensor, ...], name: str) -> Tensor:
    if len(given) != 1:
        raise Mistake(f"{name} is called with {len(given)} arguments, expected one: {name}(x)")
    return given[0]


def _norm1(x: Tensor) -> Tensor:
    return x / 2 - 1


def _norm2(x: Tensor) -> Tensor:
    return x / 4 + 5


def _layer_has_the_right_shape(layer: Answer) -> str:
    parts = _mix, _feed_forward, _norm1, _norm2
    found = call(layer, torch.zeros(2, 3, 4), *parts)
    return f"the output has the shape {list(tensor_of(found, (2, 3, 4), 'the output').shape)}"


def _layer_is_wired_as_in_the_paper(layer: Answer) -> str:
    x = torch.tensor([[[8.0], [4.0]]])
    found = call(layer, x, _mix, _feed_forward, _norm1, _norm2)
    middle = _norm1(x + _mix(x))
    bare = _norm1(_mix(x))
    first = x + _mix(_norm1(x))
    slips = {
        "Is the first residual missing? Add x to what attention brings.": (
            _norm2(bare + _feed_forward(bare))
        ),
        "Is the second residual missing? Add what went into the feed-forward network.": (
            _norm2(_feed_forward(middle))
        ),
        "Are both residuals missing?": _norm2(_feed_forward(bare)),
        "Do you normalise before each part? In the paper it comes after the sum.": (
            first + _feed_forward(_norm2(first))
        ),
        "Does the feed-forward network read x? It reads what attention has revised.": (
            _norm2(middle + _feed_forward(x))
        ),
        "Is the second residual x? It is what went into the feed-forward network.": (
            _norm2(x + _feed_forward(middle))
        ),
        "Are norm1 and norm2 swapped?": _norm1(
            _norm2(x + _mix(x)) + _feed_forward(_norm2(x + _mix(x)))
        ),
        "Is the last normalisation missing?": middle + _feed_forward(middle),
        "Is the first normalisation missing?": _norm2(x + _mix(x) + _feed_forward(x + _mix(x))),
    }
    expected = _norm2(middle + _feed_forward(middle))
    output = tensor_of(found, (1, 2, 1), "the output")
    return compare(output, expected, "the output of the test", slips)


# The threshold.

CHANCES = torch.tensor([0.01, 0.30, 0.60, 0.70, 0.90, 0.95, 0.08, 0.20, 0.80])
LABELS = torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
CANDIDATES = torch.tensor([0.990, 0.850, 0.250, 0.100, 0.020, 0.005])


def _costs(cost_of_lost: float, cost_of_missed: float) -> Tensor:
    """Return the total cost at each candidate: lost mails and missed spams times their costs."""
    called = CANDIDATES[:, None] < CHANCES
    lost = (called & (LABELS == 0)).sum(1)
    missed = (~called & (LABELS == 1)).sum(1)
    return cost_of_lost * lost + cost_of_missed * missed


def _call_choose(choose: Answer, cost_of_lost: float) -> object:
    new_axes = "p has N numbers, candidates K: compare p with candidates[:, None]."
    return _call_on_booleans(choose, (CHANCES, LABELS, cost_of_lost, CANDIDATES), new_axes)


def _threshold_of_dear_mistakes(choose: Answer) -> str:
    costs = _costs(10, 1)
    best = int(costs.argmin())
    found = tensor_of(_call_choose(choose, 10.0), (), "the threshold at a cost of 10")
    slips = {
        "Did you return the cost? The threshold is wanted.": costs.min(),
        "Did you return the place among the candidates? Take candidates[place].": torch.tensor(
            best
        ),
        "Is it the most expensive one? Look for the least cost, and call spam what lies above.": (
            CANDIDATES[costs.argmax()]
        ),
        "Does your cost weigh the missed spams, in place of the lost mails?": (
            CANDIDATES[_costs(1, 10).argmin()]
        ),
        "Is the cost left out?": CANDIDATES[_costs(1, 1).argmin()],
        "Are the missed spams left out?": CANDIDATES[_costs(1, 0).argmin()],
    }
    return compare(found, CANDIDATES[best], "the threshold at a cost of 10", slips)


def _threshold_of_equal_mistakes(choose: Answer) -> str:
    name = "the threshold at a cost of 0.2"
    found = tensor_of(_call_choose(choose, 0.2), (), name)
    slips = {
        "Is the cost a fixed number in your function?": CANDIDATES[_costs(10, 1).argmin()],
    }
    return compare(found, CANDIDATES[_costs(0.2, 1).argmin()], name, slips)


EXERCISES: dict[str, Exercise] = {
    "Q1.1 attention": Exercise(
        "attend(Q, K, V)",
        {
            "three tokens by hand": _attention_of_three_tokens,
            "a batch with two leading axes": _attention_of_a_batch,
        },
    ),
    "Q1.1 mask": Exercise(
        "mask_of(lengths, n)",
        {
            "words without padding": _mask_without_padding,
            "words with padding": _mask_of_padded_words,
        },
    ),
    "Q1.1 heads": Exercise(
        "split(x, heads)",
        {
            "its shape": _heads_have_the_right_shape,
            "which numbers go to which head": _each_head_has_its_own_numbers,
        },
    ),
    "Q1.1 layer": Exercise(
        "layer_of(x, mix, feed_forward, norm1, norm2)",
        {
            "its shape": _layer_has_the_right_shape,
            "the order of the parts": _layer_is_wired_as_in_the_paper,
        },
    ),
    "Q1.2 window": Exercise(
        "window(n, w)",
        {
            "a window of 3": _window_of_three,
            "the smallest and the largest window": _window_of_one_and_all,
        },
    ),
    "Q1.3 threshold": Exercise(
        "choose(p, labels, cost_of_lost, candidates)",
        {
            "a lost mail costs 10 missed spams": _threshold_of_dear_mistakes,
            "a lost mail costs a fifth of a missed spam": _threshold_of_equal_mistakes,
        },
    ),
}
