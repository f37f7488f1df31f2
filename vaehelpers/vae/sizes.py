"""The sizes of the networks: what they are, and which are allowed. Nothing here imports torch."""

from ..core.settings import Whole

NUM_FILTERS = Whole("filters of the first convolution", 1, 1024)
Z_DIM = Whole("latent dimensions", 1, 1024)
SIZES = {"num_filters": NUM_FILTERS, "z_dim": Z_DIM}
