"""Formulas: node renders them, and a short one and the sign after it stay on one line."""

import re
import socket
import subprocess
import time
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinxcontrib.katex import KaTeXServer

SIGNS = re.compile(r"[,.;:!?)\]]+")
SHORT = 40  # signs of LaTeX: longer formulas may have to break


class WholeFormulas(SphinxTransform):
    """Put formulas and the signs that follow them where browsers do not break between them."""

    default_priority = 700

    def apply(self) -> None:
        """Do so for all short formulas of a document."""
        for formula in list(self.document.findall(nodes.math)):
            after = formula.next_node(descend=False, siblings=True)
            if not isinstance(after, nodes.Text) or len(formula.astext()) > SHORT:
                continue
            signs = SIGNS.match(after)
            if not signs:
                continue
            after.parent.replace(after, nodes.Text(after[signs.end() :]))
            whole = nodes.inline(classes=["whole"])
            formula.replace_self(whole)
            whole += [formula, nodes.Text(signs[0])]


def start_node(folder: Path, timeout: float) -> tuple[subprocess.Popen, socket.socket]:
    """Start KaTeX's server, and connect to it as soon as it listens.

    sphinxcontrib.katex's own function tries once, when there is a socket: on a busy machine node
    does not listen to it yet. Raises the extension's error after `timeout` seconds.
    """
    path = folder / "katex.sock"
    command = KaTeXServer.build_command(socket=path)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(command, cwd=folder, **pipes)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        try:
            connection.connect(str(path))
            return process, connection
        except (FileNotFoundError, ConnectionRefusedError):
            time.sleep(0.01)
    process.kill()
    connection.close()
    raise KaTeXServer.timeout_error(timeout)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    KaTeXServer.start_server_process = start_node  # unused on Windows, where ports are asked again
    app.add_transform(WholeFormulas)
    return {"parallel_read_safe": True}
