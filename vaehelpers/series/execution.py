"""Notebooks executed, one or several side by side: papermill puts parameters in, nbclient runs."""

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from traitlets.config import Config

from ..core import progress
from ..errors import BatchError

KERNEL = "python3"


def execute(path: Path, parameters: dict, target: Path, failed: Path) -> NotebookNode:
    """Execute one notebook into `target`.

    On failure the notebook, with what it had shown so far, is kept in the folder `failed`, and
    BatchError is raised. (papermill.execute_notebook would write the whole notebook with its
    figures twice for every cell, which adds a tenth to the run time.)
    """
    notebook = load_notebook_node(str(path))
    if parameters:
        notebook = parameterize_notebook(notebook, parameters, kernel_name=KERNEL)
    try:
        with progress.environment(**{progress.BATCH: "1"}):
            _run_cells(notebook, path.parent)
        return notebook
    except CellExecutionError as error:
        reason = f"failed in cell [{_failed_cell(notebook)}]: {_first_line(error)}"
    except (DeadKernelError, NoSuchKernel) as error:
        kind = type(error).__name__
        reason = f"lost its kernel ({kind}; out of memory, or ipykernel is not installed)"
    finally:
        nbformat.write(notebook, target)
    failed.mkdir(parents=True, exist_ok=True)
    shutil.copy(target, failed / path.name)
    raise BatchError(f"{path.name} {reason} (see {failed / path.name})")


def _run_cells(notebook: NotebookNode, folder: Path) -> None:
    """Execute the cells of a notebook in place, in a kernel that works in `folder`."""
    with tempfile.TemporaryDirectory() as sockets:
        client = NotebookClient(
            notebook,
            kernel_name=KERNEL,
            timeout=None,
            resources={"metadata": {"path": str(folder)}},
            config=_kernel_config(Path(sockets)),
        )
        # Not client.execute(): it takes Ctrl-C for itself, and would go on after it.
        client.reset_execution_trackers()
        with client.setup_kernel():
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
            client.set_widgets_metadata()


def _failed_cell(notebook: NotebookNode) -> int | None:
    """Return the execution count of the cell that shows an error."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                return cell.execution_count
    return None


def _first_line(error: CellExecutionError) -> str:
    """Return an error's name and the first line of its message."""
    lines = error.evalue.splitlines() or [""]
    return f"{error.ename}: {lines[0]}"


def _kernel_config(sockets: Path) -> Config:
    """Have a kernel talk over files instead of TCP ports, so that nobody else can listen.

    And an interrupted kernel prints no traceback, since the command line says in one line what
    happened.
    """
    return Config(
        {
            "KernelManager": {"transport": "ipc", "ip": str(sockets / "kernel")},
            "NotebookClient": {"extra_arguments": ["--IPKernelApp.log_level=CRITICAL"]},
        }
    )


def side_by_side(
    planned: dict[str, dict], source: Path, folder: Path, failed: Path
) -> dict[str, tuple[NotebookNode, float]]:
    """Execute the named notebooks of `source` into `folder`, as many at once as processors.

    `planned` is `{name: parameters}`; returned are the executed notebooks and their seconds. The
    processors are shared out among the kernels (OMP_NUM_THREADS, where not set): with a thread for
    every processor in each of them, they would wait for one another. If one fails, BatchError is
    raised once the others that are running have finished.
    """
    processors = _count_processors()
    at_once = min(len(planned), processors)
    threads = os.environ.get("OMP_NUM_THREADS", str(processors // at_once))
    # Processes and not threads: a kernel's client changes settings of its whole process.
    pool = ProcessPoolExecutor(at_once, get_context("spawn"), _end_quietly)
    with progress.environment(OMP_NUM_THREADS=threads), pool:
        jobs = {}
        try:
            with _no_interrupt():
                for name, parameters in planned.items():
                    path = source / f"{name}.ipynb"
                    target = folder / f"{name}.ipynb"
                    jobs[name] = pool.submit(_execute_timed, path, parameters, target, failed)
            return {name: job.result() for name, job in jobs.items()}
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _count_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _execute_timed(
    path: Path, parameters: dict, target: Path, failed: Path
) -> tuple[NotebookNode, float]:
    print(f"executing {path.stem}", file=sys.stderr, flush=True)
    started = time.perf_counter()
    notebook = execute(path, parameters, target, failed)
    _end_quietly()
    return notebook, round(time.perf_counter() - started, 1)


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Put Ctrl-C off until the end, also in processes started meanwhile.

    They would print tracebacks before they have called `_end_quietly`.
    """
    asked = []
    # The mask holds for this thread and its children; other threads of torch still take the signal.
    handler = signal.signal(signal.SIGINT, lambda *_: asked.append(True))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
    if asked:
        raise KeyboardInterrupt


def _end_quietly() -> None:
    """Let Ctrl-C end this process without a traceback, which would be left on the screen."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
