"""A browser of the system, and JupyterLab with a copy of a notebook for it to open."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TOKEN = secrets.token_hex(32)  # whoever knows it can run code here
FOLDERS = (
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "IPYTHONDIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
)
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # so that every cell is in the page
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
IDLE = "document.querySelector('#jp-main-statusbar')?.innerText.includes('| Idle')"


def chromium() -> str | None:
    """Return the path of the system's browser, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    return None


@contextmanager
def jupyterlab(folder: Path, notebook: Path):
    """Serve a copy of a notebook with settings of its own.

    Yielded is the address at which JupyterLab shows it.
    """
    env = {**os.environ, **{name: str(folder / name) for name in FOLDERS}}
    env.pop("VAEHELPERS_BATCH", None)  # somebody is watching
    # Two threads get in each other's way while the browser is busy, too.
    env["OMP_NUM_THREADS"] = "1"
    env["JUPYTER_TOKEN"] = TOKEN  # everybody may read a command line, nobody else the environment
    _write_settings(folder / "JUPYTERLAB_SETTINGS_DIR")
    served = folder / "served"
    served.mkdir()
    shutil.copy(notebook, served)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        f"--ServerApp.root_dir={served}",
    ]
    log = (folder / "log").open("w")
    server = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(server, f"{address}/api/status?token={TOKEN}")
        yield f"{address}/lab/workspaces/test/tree/{notebook.name}?token={TOKEN}&reset"
    finally:
        for kernel in _ask(f"{address}/api/kernels?token={TOKEN}"):  # they would outlive the page
            _ask(f"{address}/api/kernels/{kernel['id']}?token={TOKEN}", "DELETE")
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        log.close()


def run_all(page, address: str) -> None:
    """Open a notebook in JupyterLab and start all of its cells."""
    page.goto(address)
    page.wait_for_selector(".jp-Notebook", timeout=120_000)
    page.wait_for_function(IDLE, timeout=120_000)
    page.click("text=Run >> nth=0")
    page.click('[data-command="runmenu:run-all"]')


def _write_settings(folder: Path) -> None:
    for name, content in SETTINGS.items():
        path = folder / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))


def _wait(server: subprocess.Popen, url: str) -> None:
    """Return when the server answers; raise TimeoutError if it does not within two minutes."""
    for _ in range(240):
        assert server.poll() is None, "JupyterLab did not start"
        try:
            _ask(url)
            return
        except OSError:
            time.sleep(0.5)
    raise TimeoutError("JupyterLab did not answer within two minutes")


def _ask(url: str, method: str = "GET"):
    """Return the JSON that a URL answers with."""
    request = urllib.request.Request(url, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or "null")
