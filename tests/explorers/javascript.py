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
const bytes = (text) => { const b = Buffer.from(text, "base64"); return new DataView(b.buffer, b.byteOffset, b.length); };
const answer = (value) => process.stdout.write(JSON.stringify(value, (_, v) => ArrayBuffer.isView(v) ? Array.from(v) : v));
"""


def run(module: str, names: str, code: str, **given: Any) -> Any:
    """Run `code` after importing `names` from `web/MODULE.js`; return what it answers.

    The keyword arguments are fields of `given` in the code, bytes as base64 for its `bytes`.
    """
    assert NODE is not None
    source = f'import {{ {names} }} from "{(WEB / module).as_uri()}.js";\n{BEFORE}\n{code}'
    text = json.dumps(given, default=lambda value: base64.b64encode(value).decode())
    command = [NODE, "--input-type=module", "--eval", source]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
