"""What torch.compile needs of a machine is found, and its lack is named."""

import sys

import pytest

from vaehelpers.core.compilers import missing_compilers


@pytest.fixture
def no_compiler(monkeypatch, tmp_path):
    """A machine without any compiler, and a folder that is looked in for one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    return tmp_path


def test_a_missing_compiler_is_named_and_one_that_comes_is_found(no_compiler, monkeypatch):
    usual = "clang++" if sys.platform == "darwin" else "g++"
    assert missing_compilers("cpu") == [f"the C++ compiler {usual}"]
    mine = no_compiler / "my++"
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    monkeypatch.setenv("CXX", "my++")
    assert missing_compilers("cpu") == []


def test_a_gpu_needs_triton_too(no_compiler, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert missing_compilers("cuda")[1:] == ["the package triton"]
    assert len(missing_compilers("mps")) == 1
