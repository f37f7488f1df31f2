"""What the browser tests share."""

import json
import shutil
import subprocess

import pytest


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """The source of axe-core, fetched from npm; the test is skipped where that cannot be had."""
    npm = shutil.which("npm")
    if not npm:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("axe")
    command = [npm, "pack", "axe-core@4.10.3", "--json"]
    packed = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if packed.returncode:
        pytest.skip("axe-core cannot be fetched from npm")
    shutil.unpack_archive(folder / json.loads(packed.stdout)[0]["filename"], folder)
    return (folder / "package" / "axe.min.js").read_text(encoding="utf-8")
