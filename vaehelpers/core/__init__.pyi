from .device import choose_device as choose_device
from .device import keep_freed_memory as keep_freed_memory
from .device import multiplies_bfloat16 as multiplies_bfloat16
from .device import to_device as to_device
from .files import write_json as write_json
from .progress import measure as measure
from .progress import until_interrupted as until_interrupted
from .provenance import hardware as hardware
from .provenance import versions as versions
from .weights import load_weights as load_weights
from .weights import save_weights as save_weights

__all__ = [
    "choose_device",
    "hardware",
    "keep_freed_memory",
    "load_weights",
    "measure",
    "multiplies_bfloat16",
    "save_weights",
    "to_device",
    "until_interrupted",
    "versions",
    "write_json",
]
