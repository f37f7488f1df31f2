"""What is looked at to tell whether all is here that the series needs, each with its mend.

Torch is imported only where there are signs of a GPU: what else is asked answers in a second.
"""

import importlib.metadata
import json
import os
import platform
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from packaging.requirements import Requirement

from ..core.compilers import missing_compilers
from ..data import places
from .terminal import python, typed

PROJECT = Path(__file__).resolve().parents[2]  # or the folder into which pip installs
EXTRA = "notebooks"  # what the notebooks need beside the package itself
SHOWN = ("torch", "numpy", "matplotlib", "jupyterlab", "ipywidgets", "anywidget", "papermill")
# Parts of JupyterLab that show widgets, and the packages that install them.
EXTENSIONS = {
    "@jupyter-widgets/jupyterlab-manager": "jupyterlab_widgets",
    "anywidget": "anywidget",
}
GPU_FILES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")  # NVIDIA's, AMD's, and Windows' in WSL
LEAST_DISK = 0.5e9  # bytes: the data set, its archives while they are fetched, a run's results
LEAST_MEMORY = 4e9  # bytes: a gigabyte for each of four notebooks side by side
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class State(Enum):
    """How a thing was found."""

    GOOD = "ok"
    LESS = "optional"  # it is not here, and the notebooks do without
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """A thing that was looked at, how it was found, in words, and what mends it if need be."""

    what: str
    state: State
    words: str
    mend: str = ""


def findings() -> Iterator[Finding]:
    """Look at one thing after the other."""
    yield Finding("Python", State.GOOD, f"{platform.python_version()}, {sys.executable}")
    yield from _packages()
    yield from _widgets()
    yield from _kernel()
    yield _data()
    yield from _device()
    yield _compiler()
    yield from _room()
    yield _program("Node.js", ("node",), "nodejs npm", "`make site` needs it")
    yield _program("npm", ("npm",), "nodejs npm", "`make site` needs it")
    needed = "the site's PDFs and the tests of the explorers need it"
    yield _program("browser", BROWSERS, "chromium", needed)


def _packages() -> Iterator[Finding]:
    """Compare what is installed with the bounds that the package was installed with."""
    us = _installed()
    if us is None:
        words = f"vaehelpers lies in {PROJECT}, and is not installed"
        project = shlex.quote(f"{PROJECT}[{EXTRA}]")
        yield Finding("packages", State.WRONG, words, f"{_install()} --editable {project}")
        return
    shown, faults, needed = [], [], []
    for requirement in _requirements(us):
        version = _version(requirement.name)
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            faults.append(f"{requirement.name} {version or 'is missing'}")
            needed.append(shlex.quote(f"{requirement.name}{requirement.specifier}"))
        elif requirement.name in SHOWN:
            shown.append(f"{requirement.name} {version}")
    if shown:
        yield Finding("packages", State.GOOD, ", ".join(shown))
    if faults:
        yield Finding(
            "packages", State.WRONG, ", ".join(faults), f"{_install()} {' '.join(needed)}"
        )


def _installed() -> importlib.metadata.Distribution | None:
    """Return what pip or uv wrote down of this package, or None where neither installed it.

    What a build left in a project's folder is no installation, and may be older than the code.
    """
    for found in importlib.metadata.distributions(name="vaehelpers"):
        if found.read_text("INSTALLER"):
            return found
    return None


def _requirements(us: importlib.metadata.Distribution) -> list[Requirement]:
    """Return what the package and its notebooks need on this Python."""
    found = []
    for line in us.requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": EXTRA}):
            found.append(requirement)
    return found


def _version(name: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _install() -> str:
    """Return the command that installs packages here; uv's environments have no pip."""
    pip = f"{python()} -m pip install"
    if _version("pip"):
        return pip
    if shutil.which("uv"):
        return f"uv pip install --python {python()}"
    return f"{python()} -m ensurepip && {pip}"


def _widgets() -> Iterator[Finding]:
    """Look for the parts of JupyterLab that show widgets, as JupyterLab looks for them."""
    jupyterlab = _version("jupyterlab")
    if jupyterlab is None or _version("jupyter_core") is None:
        return  # the line on packages says so
    from jupyter_core.paths import jupyter_path

    fine = []
    for name, package in EXTENSIONS.items():
        version = _version(package)
        if version is None:
            continue
        again = f"{_install()} --force-reinstall --no-deps {package}=={version}"
        folders = [Path(folder, name) for folder in jupyter_path("labextensions")]
        found = next((folder for folder in folders if (folder / "package.json").is_file()), None)
        if found is None:
            yield Finding("widgets", State.WRONG, f"JupyterLab's part {name} is not here", again)
        elif not _is_of(package, found / "package.json"):
            words = f"{found} hides the {name} of this environment"
            aside = f"mv {shlex.quote(str(found))} {shlex.quote(f'{found}-aside')}"
            yield Finding("widgets", State.WRONG, words, aside)
        elif not _fits(found / "package.json", jupyterlab):
            words = f"{name} is not for JupyterLab {jupyterlab}"
            yield Finding("widgets", State.WRONG, words, f"{_install()} --upgrade {package}")
        else:
            fine.append(name)
    if fine:
        yield Finding("widgets", State.GOOD, f"JupyterLab {jupyterlab} has {', '.join(fine)}")


def _is_of(package: str, file: Path) -> bool:
    """Say whether a file is one that an installed package brought, as far as that is known."""
    files = importlib.metadata.files(package) or []
    namesakes = [Path(each.locate()).resolve() for each in files if each.name == file.name]
    return file.resolve() in namesakes or not namesakes


def _fits(description: Path, jupyterlab: str) -> bool:
    """Say whether a part of JupyterLab is for a version of it; one that does not say is."""
    needed = json.loads(description.read_text(encoding="utf-8")).get("dependencies") or {}
    major = jupyterlab.partition(".")[0]
    return f"^{major}." in needed.get("@jupyterlab/application", f"^{major}.")


def _kernel() -> Iterator[Finding]:
    """Look whether notebooks would run in this Python: others may have taken its kernel's name."""
    if _version("jupyter_client") is None or _version("ipykernel") is None:
        return  # they come with what the line on packages names
    from jupyter_client.kernelspec import KernelSpecManager

    spec = KernelSpecManager().get_kernel_spec("python3")
    program = Path(spec.argv[0])
    # A bare name stands for the Python that asks.
    if program.name == str(program) or program == Path(sys.executable):
        yield Finding("kernel", State.GOOD, "notebooks run in this Python")
        return
    folder = spec.resource_dir
    aside = f"mv {shlex.quote(folder)} {shlex.quote(f'{folder}-other')}"
    yield Finding("kernel", State.WRONG, f"notebooks would run in {program} ({folder})", aside)


def _data() -> Finding:
    """Look for the data set's four files; whether they are whole is `vaehelpers data`'s to say."""
    folder = places.find()
    if folder is None:
        words = f"FashionMNIST is not in {places.looked_in()}"
        return Finding("data", State.WRONG, words, typed("data"))
    missing = [name for name in places.FILES if not places.path_of(folder, name)]
    if missing:
        words = f"{', '.join(missing)} of FashionMNIST missing in {folder}"
        return Finding("data", State.WRONG, words, places.remedy(folder))
    return Finding("data", State.GOOD, f"FashionMNIST in {folder}")


def _device() -> Iterator[Finding]:
    """Say where training would compute; ask torch where there may be something else than a CPU."""
    processors = f"cpu, {os.cpu_count()} processors"
    is_apples = (sys.platform, platform.machine()) == ("darwin", "arm64")
    if not is_apples and not any(os.path.exists(path) for path in GPU_FILES):
        yield Finding("device", State.GOOD, processors)
        return
    try:
        from ..core.device import choose_device
    except (ImportError, OSError) as error:
        again = f"{_install()} --force-reinstall torch"
        yield Finding("device", State.WRONG, f"torch cannot be imported: {error}", again)
        return
    device = choose_device().type
    if device == "cpu":
        yield Finding(
            "device",
            State.LESS,
            f"{processors}; a GPU is here that this PyTorch does not use",
            "a CPU is enough; for the GPU, install as https://pytorch.org/get-started tells",
        )
    else:
        yield Finding("device", State.GOOD, device)


def _compiler() -> Finding:
    """Look for what `--compile` needs."""
    missing = missing_compilers("cuda" if os.path.exists(GPU_FILES[0]) else "cpu")
    if not missing:
        return Finding("compiler", State.GOOD, "`vaehelpers train --compile` finds what it needs")
    words = f"{' and '.join(missing)} is missing; `vaehelpers train --compile` needs it"
    mends = []
    for name in missing:
        if "triton" in name:
            mends.append(f"{_install()} triton")
        else:
            mends.append(
                "install a C++ compiler (Debian: sudo apt install g++, macOS: xcode-select "
                "--install), or set CXX to yours"
            )
    return Finding("compiler", State.LESS, words, "; ".join(mends))


def _room() -> Iterator[Finding]:
    """Look at the disk of this folder, and at the memory where the system tells it."""
    free = shutil.disk_usage(Path.cwd()).free
    words = f"{free / 1e9:.1f} GB free in {Path.cwd()}"
    if free < LEAST_DISK:
        mend = f"free {LEAST_DISK / 1e9:.1f} GB, or work in a folder on another disk"
        yield Finding("disk", State.WRONG, words, mend)
    else:
        yield Finding("disk", State.GOOD, words)
    if not os.access(Path.cwd(), os.W_OK):
        words = f"nothing can be written into {Path.cwd()}"
        yield Finding("folder", State.LESS, words, "work in a folder of yours")
    if not hasattr(os, "sysconf"):
        return
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    words = f"{memory / 1e9:.1f} GB"
    if memory < LEAST_MEMORY:
        one = f"execute one notebook at a time: {typed('run 01_transformers_theory')}"
        yield Finding("memory", State.LESS, f"{words}, little for four notebooks at once", one)
    else:
        yield Finding("memory", State.GOOD, words)


def _program(what: str, names: tuple[str, ...], package: str, needed: str) -> Finding:
    """Look for a program under any of its names."""
    for name in names:
        path = shutil.which(name)
        if path:
            return Finding(what, State.GOOD, path)
    words = f"not here; only {needed}"
    return Finding(
        what, State.LESS, words, f"install {package} (Debian: sudo apt install {package})"
    )
