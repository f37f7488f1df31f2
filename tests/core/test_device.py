"""Devices: which is chosen, where a model is placed, and how this process keeps its memory."""

import platform
import subprocess
import sys

import pytest
import torch

from vaehelpers.core import choose_device, to_device
from vaehelpers.core.settings import DEVICES
from vaehelpers.errors import SettingError
from vaehelpers.vae import seeded_vae

PROGRAM = """
import resource, torch
from vaehelpers.core import keep_freed_memory

def faults():
    "Return the pages that three rounds of five blocks of 20 MB ask the system for."
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(3):
        blocks = [torch.ones(5_000_000) for _ in range(5)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
customary = faults()
keep_freed_memory()
faults()
print(customary, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_freed_memory_is_not_asked_for_again():
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    customary, kept = map(int, done.stdout.split())
    if customary < 3_000:  # of the 73,242 that 300 MB are
        pytest.skip("pages are huge here, or the C library keeps them by itself")
    assert kept < customary / 100


def test_a_placed_model_computes_the_same():
    model = seeded_vae(0)
    imgs, eps = torch.randint(16, (4, 1, 28, 28)), torch.randn(4, 20)
    before = torch.stack(model.per_image(imgs, eps))
    placed = to_device(model, "cpu")
    assert placed.encoder.net[2].weight.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(torch.stack(placed.per_image(imgs, eps)), before)


@pytest.mark.parametrize(
    ("cuda", "mps", "best"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_is_the_fastest_that_is_present(monkeypatch, cuda, mps, best):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert choose_device() == choose_device("auto") == torch.device(best)
    present = [name for name, here in (("cuda", cuda), ("mps", mps), ("cpu", True)) if here]
    for name in DEVICES[1:]:
        if name in present:
            assert choose_device(name) == torch.device(name)
        else:
            allowed = f"allowed here: {', '.join(['auto', *present])}$"
            with pytest.raises(SettingError, match=f"device={name} is not available; {allowed}"):
                choose_device(name)


def test_an_unknown_device_is_refused():
    with pytest.raises(SettingError, match="device=gpu is not available; allowed here: auto, "):
        choose_device("gpu")
