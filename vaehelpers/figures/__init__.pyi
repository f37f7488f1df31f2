from . import attention as attention
from . import colours as colours
from . import diagrams as diagrams
from . import drawing as drawing
from . import grid as grid
from . import pipeline as pipeline
from . import plane_diagrams as plane_diagrams
from . import theory_diagrams as theory_diagrams
from . import transformer_diagrams as transformer_diagrams
from . import vae as vae

__all__ = [
    "attention",
    "colours",
    "diagrams",
    "drawing",
    "grid",
    "pipeline",
    "plane_diagrams",
    "theory_diagrams",
    "transformer_diagrams",
    "vae",
]
