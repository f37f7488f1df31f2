"""Draw the README's moving picture: a walk around the map, as notebook 04's explorer shows it.

python docs/moving_picture.py
"""

import io
import math
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from vaehelpers import load_published
from vaehelpers.explorers import frames, walk

PATH = Path(__file__).parent / "figures" / "walk.gif"
FRAMES = 40
PACE = 100  # milliseconds to a frame
PIXEL = (14, 14)


def place(i: int) -> list[float]:
    """Return the percentiles where the walk is at frame i: it goes once around the middle."""
    angle = 2 * math.pi * i / FRAMES
    return [50 + 40 * math.cos(angle), 50 + 40 * math.sin(angle)]


def pictures(indices: Iterable[int] = range(FRAMES)) -> list[Image.Image]:
    """Return the frames of these indices."""
    model, _ = load_published(2, 80)
    path = walk.over_prior(model)
    chart = frames.chart_bytes(path)
    drawn = []
    for i in indices:
        png = frames.frame(path, place(i), path.origin, "mean", PIXEL, chart)
        drawn.append(Image.open(io.BytesIO(png)))
    return drawn


if __name__ == "__main__":
    first, *others = pictures()
    first.save(PATH, save_all=True, append_images=others, duration=PACE, loop=0, optimize=True)
    print(f"{PATH}: {PATH.stat().st_size / 1000:,.0f} kB")
