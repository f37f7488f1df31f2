"""What differs between a stored notebook and the same one executed again, one line each."""

import base64
import hashlib
import io
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ..errors import one_line
from .outputs import IN_WORDS, KEY

if TYPE_CHECKING:
    from nbformat import NotebookNode

TOLERANCE = 1e-3  # relative
ZERO = 1e-12  # smaller numbers are what rounding leaves of nothing
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
PICTURE = "image/png"


def differences(stored: "NotebookNode", executed: "NotebookNode") -> Iterator[str]:
    """Yield a line for each difference: the cell, what was stored, and what came out.

    Both are cleaned notebooks with the same cells. Named results may differ by a thousandth, or by
    1e-12, which is rounding; numbers in a text also by one in the last decimal that is printed.
    Pictures are compared by their bytes, and all else has to be the same but for blanks.
    """
    for before, after in zip(stored.cells, executed.cells, strict=True):
        outputs = (
            [o for o in cell.get("outputs", []) if not is_in_words(o)] for cell in (before, after)
        )
        for old, new in zip_longest(*outputs, fillvalue={}):
            for line in _compare(old, new):
                yield f"cell {before.id}: {line}"


def is_in_words(output: dict) -> bool:
    """Say whether an output is the words below a figure, which repeat its alt text."""
    said = output.get("data", {}).get("text/html", "")
    return "".join(said).startswith(IN_WORDS.partition("{}")[0])


def same_text(before: str, after: str) -> bool:
    """Say whether two texts are the same but for blanks and for numbers within the tolerance."""
    if NUMBER.sub("0", before).split() != NUMBER.sub("0", after).split():
        return False
    pairs = zip(NUMBER.findall(before), NUMBER.findall(after), strict=True)
    return all(_close(*pair) for pair in pairs)


def _close(before: str, after: str) -> bool:
    """Say whether two printed numbers are the same within the tolerance."""
    one, two = Decimal(before.replace(",", "")), Decimal(after.replace(",", ""))
    allowed = max(ZERO, TOLERANCE * float(max(abs(one), abs(two))))
    exponent = one.as_tuple().exponent
    if "." in before and isinstance(exponent, int):
        allowed = max(allowed, 1.001 * 10.0**exponent)
    return abs(float(one - two)) <= allowed


def _compare(old: dict, new: dict) -> Iterator[str]:
    """Yield the differences between two outputs of a cell."""
    results = [output.get("metadata", {}).get(KEY, {}) for output in (old, new)]
    if all("result" in entry for entry in results):
        if not _same_result(*results):
            before, after = map(_say, results)
            yield f"stored {before}, came out {after}"
        return
    for before, after in zip_longest(_lines(old), _lines(new), fillvalue="nothing"):
        if not same_text(before, after):
            yield f"stored {one_line(before)}, came out {one_line(after)}"
    pictures = [output.get("data", {}).get(PICTURE, "") for output in (old, new)]
    if pictures[0] != pictures[1]:
        yield _compare_pictures(*(base64.b64decode(text) for text in pictures))


def _same_result(before: dict, after: dict) -> bool:
    """Say whether two named results are the same but for a value within the tolerance."""
    if {**before, "value": None} != {**after, "value": None}:
        return False
    return math.isclose(before["value"], after["value"], rel_tol=TOLERANCE, abs_tol=ZERO)


def _say(entry: dict) -> str:
    """Return a named result in full precision."""
    return f"{entry['result']} = {entry['value']!r} {entry['unit']}"


def _lines(output: dict) -> list[str]:
    """Return what an output says: printed text and alt texts."""
    texts = [output.get("text", "")]
    for kind, content in sorted(output.get("data", {}).items()):
        if kind != PICTURE:
            texts.append(str(content))
    return "\n".join(map(str, texts)).strip().splitlines()


def _compare_pictures(before: bytes, after: bytes) -> str:
    """Say by their hashes that two pictures differ, and how much of them does."""
    hashes = [hashlib.sha256(png).hexdigest()[:12] for png in (before, after)]
    line = f"stored picture {hashes[0]}, came out {hashes[1]}"
    if not before or not after:
        return f"{line} (one is missing)"
    old, new = (np.asarray(Image.open(io.BytesIO(png)).convert("RGB")) for png in (before, after))
    if old.shape != new.shape:
        return f"{line} (of another size)"
    return f"{line} ({(old != new).any(-1).mean():.1%} of the pixels differ)"
