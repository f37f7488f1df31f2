"""The exercises of notebook 04: the plane of two latents."""

import torch
from torch import Tensor

from ..data.constants import LEVELS
from ..vae.latent import cells, percentiles, ppf
from ..vae.networks import mean_levels
from .checking import Answer, Exercise, Mistake, call, compare, tensor_of

LINES = 4  # few enough that all are printed

# Q2.10 lines


def _there_is_a_line_for_each_cell(grid_lines: Answer) -> str:
    lines = tensor_of(call(grid_lines, LINES), (LINES,), "the result for n = 4")
    if not lines.isfinite().all():
        raise Mistake(
            "one line lies at infinity. Did you begin at percentile 0 or end at 1? Take the middle "
            "of each slice, (i + 0.5) / n"
        )
    return "there are 4 lines for n = 4, all of them finite"


def _lines_lie_in_the_middle_of_their_slices(grid_lines: Answer) -> str:
    expected = ppf(percentiles(LINES))
    share = percentiles(LINES)
    slips = {
        "These are percentiles still: put them through norm.ppf.": share,
        "Did you use norm.cdf? It leads from z to a percentile, norm.ppf leads back.": (
            torch.special.ndtr(share)
        ),
        "Did you cut off the ends, as in (i + 1) / (n + 1)? The middles are (i + 0.5) / n.": (
            torch.special.ndtri((torch.arange(LINES) + 1) / (LINES + 1))
        ),
        "The lines run from right to left.": expected.flip(0),
        "These lines are evenly spaced in z: let the percentiles be even instead.": torch.linspace(
            float(expected[0]), float(expected[-1]), LINES
        ),
    }
    return compare(call(grid_lines, LINES), expected, "the place of the lines", slips, 1e-3)


def _the_number_of_lines_is_heeded(grid_lines: Answer) -> str:
    lines = tensor_of(call(grid_lines, 3), (3,), "the result for n = 3")
    return compare(lines, ppf(percentiles(3)), "the place of three lines", tolerance=1e-3)


# Q2.10 mean


def _two_pixels() -> Tensor:
    """Return the logits of two pixels `[2,16]`: one quite sure, one torn between two levels."""
    logits = torch.zeros(2, LEVELS)
    logits[0, 12] = 8.0
    logits[1, [0, 10]] = torch.tensor([5.0, 4.5])
    return logits


def _expected_levels(logits: Tensor) -> Tensor:
    """Return the mean level of each pixel of logits `[N,16]`: `[N]`."""
    return mean_levels(logits[:, :, None, None]).flatten()


def _there_is_a_level_for_each_pixel(mean_level: Answer) -> str:
    tensor_of(call(mean_level, _two_pixels()), (2,), "the result for two pixels")
    return "there is one mean level for each of two pixels"


def _levels_are_weighted_by_their_chances(mean_level: Answer) -> str:
    logits = _two_pixels()
    levels, chances = torch.arange(LEVELS).float(), logits.softmax(1)
    expected = _expected_levels(logits)
    slips = {
        "That is the level with the highest chance: add up all, each times its chance.": (
            logits.argmax(1)
        ),
        "Are these chances? Logits have to pass a softmax over the 16 levels first.": (
            logits @ levels
        ),
        "Did you divide by 15? Mean levels run from 0 to 15 here.": expected / (LEVELS - 1),
        "Do your levels run from 1 to 16? They begin at 0.": expected + 1,
        "Did you take the mean of level times chance? Add up: the chances are the weights.": (
            expected / LEVELS
        ),
        "Over which axis is the softmax? The chances of one pixel, along axis 1, add up to 1.": (
            logits.softmax(0) @ levels
        ),
        "The levels are missing: these are the chances, added up.": chances.sum(1),
    }
    return compare(call(mean_level, logits), expected, "the mean level of two pixels", slips, 1e-3)


# Q2.10 cell


CODES = torch.tensor([[-0.9, 0.1], [0.3, 1.5], [1.2, -0.4]])


def _cells_of(codes: Tensor, n: int) -> Tensor:
    """Return the rows and columns of codes `[N,2]` as `[N,2]`."""
    return torch.stack(cells(codes, n), dim=1)


def _pair(answer: Answer, code: Tensor, n: int) -> Tensor:
    """Return the row and column that a reader's function gives, as a tensor of two numbers."""
    result = call(answer, code, n)
    if not (isinstance(result, tuple | list) and len(result) == 2):
        raise Mistake("the result is not a pair: end with `return row, column`")
    return torch.tensor([float(each) for each in result])


def _a_code_lies_in_its_cell(find_cell: Answer) -> str:
    n = 10
    found = torch.stack([_pair(find_cell, code, n) for code in CODES])
    expected = _cells_of(CODES, n)
    row, column = expected.T
    share = torch.special.ndtr(CODES.double()) * n
    exact = torch.stack([n - share[:, 1], share[:, 0]], dim=1)
    even = ((CODES + 4) / 8 * n).long()
    slips = {
        "Row 0 is at the top, where z2 is largest: count the rows from above.": torch.stack(
            [n - 1 - row, column], dim=1
        ),
        "Are row and column swapped? z1 gives the column, z2 the row.": torch.stack(
            [column, row], dim=1
        ),
        "Row 0 is the first: is your row one too large? Use n - 1 - place.": torch.stack(
            [row + 1, column], dim=1
        ),
        "Whole numbers are expected: drop the decimals, with int().": exact,
        "Did you round? A cell begins at a whole number: drop decimals, with int().": torch.stack(
            [n - 1 - share[:, 1].round(), share[:, 0].round()], dim=1
        ),
        "Is that a grid of even steps from -4 to 4? Turn z into a percentile first.": torch.stack(
            [n - 1 - even[:, 1], even[:, 0]], dim=1
        ),
    }
    return compare(found, expected, "row and column of three codes", slips)


def _codes_far_out_lie_in_the_rim_cells(find_cell: Answer) -> str:
    far = torch.tensor([9.0, -9.0])
    found = _pair(find_cell, far, 10)
    question = "A code far out lies in the last cell, 9 for n = 10: is your place kept below n?"
    expected = _cells_of(far[None], 10)[0]
    slips = {question: torch.tensor([9, 10])}
    return compare(found, expected, "row and column of a code far out", slips)


# Q2.10 walk


START, END = torch.tensor([-1.0, 2.0]), torch.tensor([2.0, 0.5])


def _steps_are_rows(walk: Answer) -> str:
    tensor_of(call(walk, START, END, 4), (4, 2), "the result for count = 4")
    return "there are 4 places of two numbers"


def _the_walk_begins_and_ends_where_it_should(walk: Answer) -> str:
    places = call(walk, START, END, 4)
    share = torch.linspace(0, 1, 4)[:, None]
    expected = START + share * (END - START)
    slips = {
        "The walk stops before its end: divide by count - 1, as torch.linspace does.": (
            START + torch.arange(4)[:, None] / 4 * (END - START)
        ),
        "The walk leaves out its start: begin with share 0.": (
            START + (torch.arange(4)[:, None] + 1) / 4 * (END - START)
        ),
        "The walk runs backwards: share 0 should give start.": expected.flip(0),
        "Is that start + share * end? Add share times the way, end - start.": START + share * END,
        "Do the weights add up to 1? It is (1 - share) * start + share * end.": (
            share * START + share * END
        ),
        "Do you walk in whole steps? share runs from 0 to 1.": (
            START + torch.arange(4)[:, None] * (END - START)
        ),
    }
    return compare(places, expected, "the walk", slips)


# Q2.2 integral


def _squares() -> tuple[Tensor, Tensor]:
    """Return log p(x, z) of four squares, as far down as those of images, and their areas."""
    return torch.tensor([-650.0, -648.0, -649.0, -655.0]), torch.tensor([0.04, 0.01, 0.01, 0.04])


def _the_sum_is_a_finite_number(log_evidence: Answer) -> str:
    total = tensor_of(call(log_evidence, *_squares()), (), "the result")
    if not total.isfinite():
        raise Mistake(
            f"the result is {float(total)}: e to the power of -650 is 0 in 32 bits. Add up "
            "with torch.logsumexp"
        )
    return "the result is one finite number"


def _the_sum_is_the_log_evidence(log_evidence: Answer) -> str:
    log_joint, area = _squares()
    expected = (log_joint + area.log()).logsumexp(0)
    slips = {
        "Are the areas missing? A square counts by its area.": log_joint.logsumexp(0),
        "Did you multiply the logarithms by the areas? Add the logarithm of each area.": (
            (log_joint * area).logsumexp(0)
        ),
        "Did you add the area itself, not its logarithm?": (log_joint + area).logsumexp(0),
        "Is that the largest square alone? Add up all of them.": (log_joint + area.log()).max(),
        "Did you add up the logarithms? Add up what they stand for, with logsumexp.": (
            (log_joint + area.log()).sum()
        ),
        "Is that an average over the squares? An integral is their sum.": (
            expected - torch.tensor(4.0).log()
        ),
    }
    found = call(log_evidence, log_joint, area)
    return compare(found, expected, "log p(x)", slips, tolerance=1e-6)


EXERCISES = {
    "Q2.10 lines": Exercise(
        "grid_lines(n)",
        {
            "their number": _there_is_a_line_for_each_cell,
            "their places": _lines_lie_in_the_middle_of_their_slices,
            "another number of lines": _the_number_of_lines_is_heeded,
        },
    ),
    "Q2.10 mean": Exercise(
        "mean_level(logits)",
        {
            "its shape": _there_is_a_level_for_each_pixel,
            "the mean level": _levels_are_weighted_by_their_chances,
        },
    ),
    "Q2.10 cell": Exercise(
        "find_cell(z, n)",
        {
            "the cell of a code": _a_code_lies_in_its_cell,
            "codes beyond the grid": _codes_far_out_lie_in_the_rim_cells,
        },
    ),
    "Q2.10 walk": Exercise(
        "walk(start, end, count)",
        {
            "its shape": _steps_are_rows,
            "its way": _the_walk_begins_and_ends_where_it_should,
        },
    ),
    "Q2.2 integral": Exercise(
        "log_evidence(log_joint, area)",
        {
            "its range": _the_sum_is_a_finite_number,
            "its value": _the_sum_is_the_log_evidence,
        },
    ),
}
