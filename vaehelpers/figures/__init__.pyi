from . import attention as attention
from . import colours as colours
from . import diagrams as diagrams
from . import drawing as drawing
from . import grid as grid
from . import pipeline as pipeline
from . import vae as vae

__all__ = ["attention", "colours", "diagrams", "drawing", "grid", "pipeline", "vae"]
