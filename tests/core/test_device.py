"""Devices: where a model is placed, and what that does to this process's memory."""

import platform
import subprocess
import sys

import pytest
import torch

from vaehelpers.device import place
from vaehelpers.model import seeded_vae

PROGRAM = """
import resource, torch
from vaehelpers.device import place

def faults():
    "Return the pages that three rounds of five blocks of 20 MB ask the system for."
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(3):
        blocks = [torch.ones(5_000_000) for _ in range(5)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
customary = faults()
place(torch.nn.Linear(2, 2), "cpu")
faults()
print(customary, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_freed_memory_is_not_asked_for_again():
    customary, kept = map(
        int,
        subprocess.run(
            [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
        ).stdout.split(),
    )
    if customary < 3_000:  # of the 73,242 that 300 MB are
        pytest.skip("pages are huge here, or the C library keeps them by itself")
    assert kept < customary / 100


def test_a_placed_model_computes_the_same():
    model, imgs, eps = seeded_vae(0), torch.randint(16, (4, 1, 28, 28)), torch.randn(4, 20)
    before = torch.stack(model.per_image(imgs, eps))
    placed = place(model, "cpu")
    assert placed.encoder.net[2].weight.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(torch.stack(placed.per_image(imgs, eps)), before)
