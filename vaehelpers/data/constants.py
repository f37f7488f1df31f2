"""What is fixed about the data: names and numbers, without torch."""

from ..core.settings import Choice

SOURCES = ("fashion-mnist", "drawn")
DATA = Choice("the data set", SOURCES)
LEVELS = 16  # grey levels of a pixel, 4 bits
CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
# Classes that look the same mirrored. The others are shoes; nearly all point to the left.
SYMMETRIC = (0, 1, 2, 3, 4, 6, 8)
