"""Notebooks executed, one or several side by side: papermill puts parameters in, nbclient runs.

All kernels are watched by one thread of this process, which only waits for what they say. No
kernel outlives it, however it ends.
"""

import ast
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import ensure_async
from nbformat import NotebookNode
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from traitlets.config import Config

from ..core import progress
from ..core.files import write_whole
from ..errors import BatchError, one_line
from . import fingerprint, outputs
from .presets import TIMEOUT

Result = TypeVar("Result")
KERNEL = "python3"
LONGEST_ADDRESS = 100  # bytes of a socket's path; systems allow 103 or 107
# A shell that waits until the process that started it is gone or closes the pipe. Then it kills a
# kernel with all that the kernel has started, and removes the kernel's folder, which is `$0`. A
# kernel that it was not yet told of is known by its folder. (A kernel ends by itself, too, when its
# parent is gone, but not within one long call of C.)
GUARD = """
read -r kernel
read -r until_the_end
{ [ "$kernel" ] && kill -s KILL -- "-$kernel" || pkill -KILL -f "$0/kernel.json"; } 2> /dev/null
rm -rf -- "$0"
"""
LOADED = "' '.join(name for name in __import__('sys').modules if name.startswith('vaehelpers'))"


@dataclass(frozen=True)
class Executed:
    """A notebook with its outputs, cleaned and stamped, and how long it took [s]."""

    notebook: NotebookNode
    seconds: float


class _Failure(Exception):
    """A notebook that was not executed to its end: its path, what it has shown, and the reason."""

    def __init__(self, path: Path, notebook: NotebookNode, reason: str):
        super().__init__(reason)
        self.path, self.notebook, self.reason = path, notebook, reason


class _NoKernel(Exception):
    """A kernel did not start."""


def side_by_side(
    planned: dict[Path, dict], failed: Path, timeout: int = TIMEOUT, folder: Path | None = None
) -> dict[Path, Executed]:
    """Execute notebooks, as many at once as there are processors.

    `planned` is `{path: parameters}`. Kernels work in `folder`, or each beside its notebook. The
    processors are shared out among the kernels
    (OMP_NUM_THREADS, where not set): with a thread for every processor in each of them, they would
    wait for one another. A cell may take `timeout` seconds. If a notebook fails, the others are
    ended, it is kept in the folder `failed` with what it had shown so far, and BatchError is
    raised. It is raised at once within a notebook, which cannot wait for other kernels.
    """
    _refuse_running_loop()
    processors = _count_processors()
    at_once = min(len(planned), processors)
    threads = os.environ.get("OMP_NUM_THREADS", str(processors // at_once))
    try:
        with progress.environment(**{progress.BATCH: "1", "OMP_NUM_THREADS": threads}):
            return _run_orderly(lambda: _execute_all(planned, at_once, timeout, folder))
    except _Failure as failure:
        kept = failed / failure.path.name
        write_notebook(failure.notebook, kept)
        raise BatchError(f"{kept.name} {failure.reason} (see {kept})") from None


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook whole or not at all; its folder is made where it is missing."""
    write_whole(path, (nbformat.writes(notebook) + "\n").encode())


def _refuse_running_loop() -> None:
    """Raise BatchError where asyncio is at work already, as it is in every notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise BatchError(
        "a notebook cannot execute others; use `vaehelpers run` in a terminal, or a script"
    )


def _count_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _run_orderly(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run `work()` to its end; a signal with a handler cancels it, and is raised again after it.

    Raised at once, in the middle of some library's code, its exception could leave kernels behind.
    """
    asked: list[int] = []
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task]] = []

    def cancel(number: int, _frame: object) -> None:
        asked.append(number)
        for loop, task in running:
            loop.call_soon_threadsafe(task.cancel)

    async def cancellable() -> Result:
        task = asyncio.ensure_future(work())
        running.append((asyncio.get_running_loop(), task))
        if asked:  # before there was anything to cancel
            task.cancel()
        return await task

    try:
        with _handled_by(cancel):
            return asyncio.run(cancellable())
    finally:
        if asked:
            signal.raise_signal(asked[0])


@contextmanager
def _handled_by(handler: Callable[[int, Any], None]) -> Iterator[None]:
    """Put another handler in place of those that the signals to end have; leave the defaults."""
    before = {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if callable(signal.getsignal(number)):
            before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


async def _execute_all(
    planned: dict[Path, dict], at_once: int, timeout: int, folder: Path | None
) -> dict[Path, Executed]:
    """Execute all notebooks; end them all as soon as one fails."""
    turn = asyncio.Semaphore(at_once)

    async def execute_in_turn(path: Path, parameters: dict) -> Executed:
        async with turn:
            return await _execute(path, parameters, timeout, folder or path.parent)

    jobs = [asyncio.ensure_future(execute_in_turn(*item)) for item in planned.items()]
    try:
        done = await asyncio.gather(*jobs)
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.wait(jobs)
    return dict(zip(planned, done, strict=True))


async def _execute(path: Path, parameters: dict, timeout: int, folder: Path) -> Executed:
    """Execute one notebook in a folder; raise _Failure where it does not come to its end."""
    print(f"executing {path.stem}", file=sys.stderr, flush=True)
    started = time.perf_counter()
    notebook = _without_outputs(load_notebook_node(str(path)))
    if parameters:
        notebook = parameterize_notebook(notebook, parameters, kernel_name=KERNEL)
    client = NotebookClient(
        notebook,
        kernel_name=KERNEL,
        timeout=timeout,
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        async with _kernel_of(client):
            for index, cell in enumerate(notebook.cells):
                await client.async_execute_cell(cell, index)
            modules = await _loaded_modules(client)
    except (_NoKernel, DeadKernelError, CellTimeoutError, CellExecutionError) as error:
        # Counted here: what a kernel that is lost last said about it may be lost as well.
        reason = _reason(error, f"cell [{client.code_cells_executed}]", timeout)
        raise _Failure(path, outputs.clean(notebook), reason) from None
    fingerprint.stamp(outputs.clean(notebook), modules)
    return Executed(notebook, round(time.perf_counter() - started, 1))


def _without_outputs(notebook: NotebookNode) -> NotebookNode:
    """Empty a notebook of what an earlier run left, so that none of it is taken for this one's."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
    return notebook


def _reason(error: Exception, cell: str, timeout: int) -> str:
    """Say in words why a notebook did not come to its end, and what to do."""
    if isinstance(error, CellExecutionError):
        first_line = (error.evalue.splitlines() or [""])[0]
        return f"failed in {cell}: {error.ename}: {first_line}"
    if isinstance(error, CellTimeoutError):
        return (
            f"was ended in {cell}, which took longer than {timeout:,} seconds; "
            "allow more with --timeout SECONDS"
        )
    if isinstance(error, _NoKernel):
        return f"found no kernel ({one_line(error)}); install vaehelpers[notebooks] once more"
    return (
        f"lost its kernel in {cell}: it was killed, most often because memory ran out; "
        "close other programs, or run this notebook alone"
    )


@asynccontextmanager
async def _kernel_of(client: NotebookClient) -> AsyncIterator[None]:
    """Start a kernel for a client, and end it: in peace, or at once if something went wrong."""
    with _guarded_folder() as (own, guard):
        client.update_config(_kernel_config(own))
        manager = client.create_kernel_manager()
        in_peace = False
        try:
            await _start_kernel(client, guard)
            yield
            in_peace = True
        finally:
            if client.kc:
                client.kc.stop_channels()
            if isinstance(manager.provisioner, LocalProvisioner):
                # A kernel that dies at its birth is still in our group, which is not to be killed.
                manager.provisioner.pgid = manager.provisioner.pid
            await ensure_async(manager.shutdown_kernel(now=not in_peace))


async def _start_kernel(client: NotebookClient, guard: Callable[[object], None]) -> None:
    """Start a kernel under guard, and wait until it answers; raise _NoKernel if it does not."""
    try:
        await client.async_start_new_kernel()
        assert client.km
        assert isinstance(client.km.provisioner, LocalProvisioner)
        guard(client.km.provisioner.pid)
        await client.async_start_new_kernel_client()
    except (NoSuchKernel, RuntimeError) as error:
        raise _NoKernel(str(error)) from None


@contextmanager
def _guarded_folder() -> Iterator[tuple[Path, Callable[[object], None]]]:
    """Yield a folder for a kernel, and a function that is told the kernel's process.

    Both are gone at the end, even if that is the sudden end of this process.
    """
    folder = _make_folder()
    shell = ["sh", "-c", GUARD, str(folder)]
    # A session of its own: what ends this process's group is not to end its guard.
    with subprocess.Popen(shell, stdin=subprocess.PIPE, text=True, start_new_session=True) as guard:
        assert guard.stdin
        yield folder, lambda kernel: print(kernel, file=guard.stdin, flush=True)


def _make_folder() -> Path:
    """Make a folder whose path is short enough for a socket's address; in TMPDIR if that is."""
    folder = Path(tempfile.mkdtemp(prefix="vaehelpers-"))
    if len(os.fsencode(folder / "kernel-5")) <= LONGEST_ADDRESS:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="vaehelpers-", dir="/tmp"))


def _kernel_config(own: Path) -> Config:
    """Have a kernel talk over files in `own` instead of TCP ports, so that nobody else can listen.

    And an interrupted kernel prints no traceback, since the command line says in one line what
    happened.
    """
    kernel = {
        "transport": "ipc",
        "ip": str(own / "kernel"),
        "connection_file": str(own / "kernel.json"),
    }
    arguments = ["--IPKernelApp.log_level=CRITICAL"]
    return Config({"KernelManager": kernel, "NotebookClient": {"extra_arguments": arguments}})


async def _loaded_modules(client: NotebookClient) -> list[str]:
    """Ask a kernel which of our modules it has loaded."""
    assert client.kc
    asked = client.kc.execute("", silent=True, user_expressions={"modules": LOADED})
    reply = await client.async_wait_for_reply(asked)
    assert reply
    answer = reply["content"]["user_expressions"]["modules"]["data"]["text/plain"]
    return ast.literal_eval(answer).split()
