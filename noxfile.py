"""The whole suite on every Python, on the oldest versions, in random order, and on two workers.

    nox                       # every Python that is installed, and the oldest versions
    nox -s order              # ten times in random order, on two workers
    nox -s mutants            # mutation tests

It needs `pip install nox uv`. What came out is in docs/reliability.md.
"""

import nox

PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
SHUFFLER = "pytest-randomly>=4.0"
nox.options.default_venv_backend = "uv"
nox.options.sessions = ["newest", "oldest"]


@nox.session(python=PYTHONS)
def newest(session: nox.Session) -> None:
    """Run the suite on the versions that `make` installs, and execute the notebooks."""
    _install_pinned(session)
    _run_shuffled(session)
    session.run("pytest", "-p", "no:randomly", "--nbval-lax", "notebooks")


@nox.session(python=PYTHONS[0])
def oldest(session: nox.Session) -> None:
    """Run the suite on the lowest versions that pyproject.toml admits.

    Old releases use what newer ones of their own dependencies warn of: no fault of ours.
    """
    session.install("--resolution", "lowest-direct", "--editable", ".[notebooks,test,lint]")
    _run_shuffled(session, "-W", "ignore::DeprecationWarning")


@nox.session(python=PYTHONS[1])
def order(session: nox.Session) -> None:
    """Run the suite ten times in random order."""
    _install_pinned(session)
    for _ in range(10):
        _run_shuffled(session)


@nox.session(python=PYTHONS[1])
def mutants(session: nox.Session) -> None:
    """Change the code in many small ways; print the changes that no test notices."""
    _install_pinned(session)
    session.install("mutmut>=3.8")
    # Each mutant runs in a fork, in which PyTorch's other threads would be waited for without end.
    one_thread = {"OMP_NUM_THREADS": "1"}
    session.run("mutmut", "run", "--max-children", "2", success_codes=[0, 1], env=one_thread)
    session.run("mutmut", "results")


def _run_shuffled(session: nox.Session, *options: str) -> None:
    """Run the suite on two workers, in a random order whose seed the first lines show."""
    session.install(SHUFFLER)
    one_thread_each = {"OMP_NUM_THREADS": "1"}
    session.run("pytest", "-n", "2", *options, *session.posargs, env=one_thread_each)


def _install_pinned(session: nox.Session) -> None:
    session.install("--require-hashes", "--requirement", "constraints.txt")
    session.install("--no-deps", "--no-build-isolation", "--editable", ".")
