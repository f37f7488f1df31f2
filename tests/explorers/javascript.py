"""The explorers' JavaScript, run by Node.js on numbers from Python."""

import base64
import json
import shutil
import subprocess
from typing import Any

import pytest

from vaehelpers.explorers.bundle import WEB

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="Node.js is not installed")
BEFORE = """
import { readFileSync } from "node:fs";
const given = JSON.parse(readFileSync(0, "utf8"));
const bytes = (text) => {
  const buffer = Buffer.from(text, "base64");
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
};
const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
const answer = (value) => process.stdout.write(JSON.stringify(value, plain));
"""


def run(code: str, names: dict[str, str], **given: Any) -> Any:
    """Run `code` and return what it hands to its function `answer`.

    `names` are what it imports, `{module in web/: "name, name"}`. The keyword arguments are fields
    of its object `given`; what were bytes there are DataViews after its function `bytes`.
    """
    assert NODE is not None
    imports = [
        f'import {{ {wanted} }} from "{(WEB / module).as_uri()}.js";'
        for module, wanted in names.items()
    ]
    text = json.dumps(given, default=lambda value: base64.b64encode(value).decode())
    command = [NODE, "--input-type=module", "--eval", "\n".join([*imports, BEFORE, code])]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
