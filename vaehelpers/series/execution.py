"""Notebooks executed through papermill: one, or several side by side."""

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

import papermill
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from . import progress
from .errors import BatchError


def execute(path: Path, parameters: dict, target: Path, failed: Path) -> NotebookNode:
    """Execute one notebook into `target`; on failure keep it in the folder `failed` and raise BatchError."""
    try:
        with (
            progress.environment(**{progress.BATCH: "1"}),
            tempfile.TemporaryDirectory() as sockets,
        ):
            return papermill.execute_notebook(
                path,
                target,
                parameters,
                kernel_name="python3",
                cwd=path.parent,
                engine_name=SavedOnce.__name__,
                progress_bar=False,
                config=_kernel(Path(sockets)),
            )
    except PapermillExecutionError as error:
        reason = f"failed in cell [{error.exec_count}]: {error.ename}: {(error.evalue.splitlines() or [''])[0]}"
    except (DeadKernelError, NoSuchKernel) as error:
        reason = f"lost its kernel ({type(error).__name__}; out of memory, or ipykernel is not installed)"
    failed.mkdir(parents=True, exist_ok=True)
    shutil.copy(target, failed / path.name)
    raise BatchError(f"{path.name} {reason} (see {failed / path.name})")


class SavedOnce(NBClientEngine):
    """Papermill's engine, but the notebook is written at the end only, whatever the end: not twice a cell.

    Each time the whole notebook with its figures is checked and written, which takes as long as a tenth of its cells.
    """

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **options):
        """Execute the notebook that papermill's `nb_man` holds; see papermill's documentation of engines."""
        save, nb_man.save = nb_man.save, lambda **_: None
        try:
            return super().execute_managed_notebook(nb_man, kernel_name, **options)
        finally:
            save()


papermill_engines.register(SavedOnce.__name__, SavedOnce)


def _kernel(sockets: Path) -> Config:
    """Have a kernel talk over files instead of TCP ports, so that nobody else on the machine can listen.

    And an interrupted kernel keeps its traceback to itself, since the command line says in one line what happened.
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
    """Execute the named notebooks of `source` into `folder`, as many at once as there are processors.

    `planned` is `{name: parameters}`; returned are the executed notebooks and their seconds. The processors are
    shared out among the kernels (OMP_NUM_THREADS, where not set): with a thread for every processor in each of
    them, they would wait for one another. Raises BatchError as soon as those that run beside a failed one are done.
    """
    processors = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    )
    at_once = min(len(planned), processors)
    threads = os.environ.get("OMP_NUM_THREADS", str(processors // at_once))
    pool = ProcessPoolExecutor(
        at_once, get_context("spawn"), _end_quietly
    )  # papermill changes the working directory
    with progress.environment(OMP_NUM_THREADS=threads), pool:
        with _no_interrupt():
            jobs = {
                name: pool.submit(
                    _timed, source / f"{name}.ipynb", parameters, folder / f"{name}.ipynb", failed
                )
                for name, parameters in planned.items()
            }
        try:
            return {name: job.result() for name, job in jobs.items()}
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _timed(path: Path, parameters: dict, target: Path, failed: Path) -> tuple[NotebookNode, float]:
    print(f"executing {path.stem}", file=sys.stderr, flush=True)
    started = time.perf_counter()
    notebook = execute(path, parameters, target, failed)
    _end_quietly()
    return notebook, round(time.perf_counter() - started, 1)


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Hold Ctrl-C back, also from processes started meanwhile: they would print tracebacks until `_end_quietly`."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_quietly() -> None:
    """Let Ctrl-C end this process without a traceback, which nbclient's handler would leave on the screen."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
