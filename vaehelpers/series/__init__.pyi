from . import outputs as outputs
from . import parameters as parameters
from . import run as run
from .outputs import claim as claim
from .outputs import record as record
from .outputs import show as show
from .parameters import check_parameters as check_parameters

__all__ = ["check_parameters", "claim", "outputs", "parameters", "record", "run", "show"]
