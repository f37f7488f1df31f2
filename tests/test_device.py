"""Devices by name."""

import pytest
import torch

from vaehelpers.device import choose_device
from vaehelpers.errors import SettingError


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x"])
def test_unknown_device(name):
    with pytest.raises(SettingError, match=f"device={name} is not available; allowed here: auto, "):
        choose_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is present")
def test_absent_device():
    with pytest.raises(SettingError, match="allowed here: auto, "):
        choose_device("cuda")
