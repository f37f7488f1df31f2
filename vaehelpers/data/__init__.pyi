from . import fashion_mnist as fashion_mnist
from .constants import CLASSES as CLASSES
from .constants import LEVELS as LEVELS
from .constants import SOURCES as SOURCES
from .dataset import Dataset as Dataset
from .dataset import Split as Split
from .dataset import level_counts as level_counts
from .dataset import split as split
from .levels import quantise as quantise
from .sources import load_data as load_data

__all__ = [
    "CLASSES",
    "LEVELS",
    "SOURCES",
    "Dataset",
    "Split",
    "fashion_mnist",
    "level_counts",
    "load_data",
    "quantise",
    "split",
]
