"""What torch.compile needs of a machine. Nothing here imports torch: `vaehelpers doctor` asks."""

import importlib.util
import os
import shutil
import sys


def missing_compilers(device_type: str) -> list[str]:
    """Name what torch.compile needs for a kind of device, such as "cuda", and does not find."""
    missing = []
    usual = "clang++" if sys.platform == "darwin" else "g++"
    compiler = os.environ.get("CXX") or usual
    if not shutil.which(compiler):
        missing.append(f"the C++ compiler {compiler}")
    if device_type == "cuda" and not importlib.util.find_spec("triton"):
        missing.append("the package triton")
    return missing
