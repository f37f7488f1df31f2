"""Every notebook at the ends, and at odd places, of what its parameters allow: alone and in pairs.

The cells run one after another in this process, as a kernel would run them. All of it takes an hour
(`pytest tests/series/test_ranges.py --long`); otherwise some settings run, each notebook as far as
its parameters reach.
"""

import csv
import functools
import itertools
import math
import re
import signal
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

import matplotlib
import nbformat
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib.text import Text
from traitlets.config import Config

from vaehelpers.core import multiplies_bfloat16, progress
from vaehelpers.data import sources
from vaehelpers.errors import TrainingError
from vaehelpers.published import records
from vaehelpers.series import outputs, run
from vaehelpers.series.parameters import PARAMETERS
from vaehelpers.training import RECIPES, TrainConfig, loop
from vaehelpers.training.config import PRECISIONS
from vaehelpers.vae import evaluate

matplotlib.use("agg")

FOLDER = Path(__file__).parents[2] / "notebooks"
SEEDS = (0, 2**31 - 1, 1, 1_234_567, 42)
DATA = ("drawn", "fashion-mnist")
DEVICES = ("cpu", "auto")
MAILS = ("", "twenty.csv", "rare.csv", "", "words.csv")
# For each notebook's parameters: the least value, the greatest that ends within two minutes on two
# cores, two odd ones, and the default; of a choice, all that this machine has.
VALUES: dict[str, dict[str, tuple]] = {
    "01_transformers_theory": {
        "seed": SEEDS,
        "train_steps": (0, 30, 1, 7, 0),  # 3,000 take eight minutes
        "timings": ("recorded", "live", "record"),
        "spam_epochs": (1, 20, 2, 3, 8),
        "false_positive_cost": (0.01, 10_000.0, 0.37, 1.0, 10.0),
        "mail_csv": MAILS,
    },
    "02_vae_theory": {"data": DATA, "seed": SEEDS},
    "03_vae_train": {
        "data": DATA,
        "train_images": (128, 5_400, 129, 1_000, 32_000),  # 5,400 is all that is drawn
        "epochs": (1, 4, 2, 3, 1),
        "test_images": (1, 10_000, 2, 777, 1_000),
        "seed": SEEDS,
        "device": DEVICES,
    },
    "04_manifold": {
        "data": DATA,
        "grid_size": (2, 60, 3, 17, 20),
        "exact_images": (6, 40, 7, 13, 12),  # 500 take nine minutes
        "seed": SEEDS,
        "device": DEVICES,
    },
}
# Without `--long`: the settings that run, and the cell with which they end.
SHORT = {
    "01_transformers_theory": ((0,), "c69fb000"),
    "02_vae_theory": ((0,), "2e0e58a8"),
    "03_vae_train": ((0, 2), "f18e411a"),
    "04_manifold": ((2,), "273f31a6"),
}
# The same for the settings of training, of which most notebooks give none: a few images are enough.
TRAINING = {
    "recipe": tuple(RECIPES),
    "z_dim": (1, 256, 2, 33, 20),  # 1,024 take Muon a second a step
    "epochs": (1, 5, 2, 3),
    "num_filters": (1, 64, 3, 17, 32),  # 1,024 are 300 million weights
    "lr": (1e-8, 1.0, 0.3, 1e-3, None),
    "batch_size": (1, 10_000, 3, 7, None),
    # A processor without instructions for 16 bits warns, which is another test.
    "precision": PRECISIONS if multiplies_bfloat16(torch.device("cpu")) else ("float32",),
    "beta": (0.0, 10_000.0, 0.37, 784.0, 1.0),
    "seed": SEEDS,
    "noise": (True, False),
}
NO_NUMBER = re.compile(r"\b(nan|inf)\b", re.IGNORECASE)


class Run(NamedTuple):
    """A notebook, what is set in it, and the last cell that is run, if not all are."""

    notebook: str
    given: dict[str, object]
    last: str = ""

    def __str__(self) -> str:
        values = ",".join(f"{name}={value}" for name, value in self.given.items())
        return f"{self.notebook}-{values}"


def all_pairs(values: dict[str, tuple]) -> list[dict]:
    """Return settings in which any two parameters meet in every pair of their values.

    It is Bose's orthogonal array over the numbers modulo a prime p: the settings are numbered by i
    and j, and parameter k takes value number i + k j, the last one j. What two parameters take
    tells i and j, so that every pair of numbers comes once. The first p settings have j = 0: the
    first value of every parameter, the second of every parameter, and so on.
    """
    most = max(len(choices) for choices in values.values())
    prime = next(p for p in (2, 3, 5, 7, 11, 13) if p >= most and p >= len(values) - 1)
    found = {}
    for j, i in itertools.product(range(prime), repeat=2):
        numbers = [(i + k * j) % prime for k in range(prime)] + [j]
        pairs = zip(values.items(), numbers, strict=False)
        setting = {name: choices[number % len(choices)] for (name, choices), number in pairs}
        found[tuple(setting.values())] = setting
    return list(found.values())


def pytest_generate_tests(metafunc):
    """Plan all settings with `--long`, otherwise some."""
    is_long = metafunc.config.getoption("long")
    if "training" in metafunc.fixturenames:
        settings = all_pairs(TRAINING)
        some = settings[:7]  # the last of them diverges
        metafunc.parametrize("training", settings if is_long else some, ids=str)
    if "planned" in metafunc.fixturenames:
        metafunc.parametrize("planned", planned_runs(is_long), ids=str)


def planned_runs(is_long: bool) -> list[Run]:
    """Return the settings with which each notebook runs: all of them, or some."""
    planned = []
    for notebook, values in VALUES.items():
        settings = all_pairs(values)
        if is_long:
            planned += [Run(notebook, setting) for setting in settings]
        else:
            chosen, last = SHORT[notebook]
            planned += [Run(notebook, settings[number], last) for number in chosen]
    return planned


@pytest.fixture(scope="module")
def mails(tmp_path_factory):
    """A folder with small files of mails."""
    folder = tmp_path_factory.mktemp("mails")
    # No text comes twice: what is repeated is read once.
    spam = [("spam", f"win prize {i} now") for i in range(50)]
    ham = [("ham", f"meet you at {i} pm") for i in range(180)]
    lists = {
        "twenty.csv": spam[:20] + ham[:20],
        "rare.csv": spam[:20] + ham,
        "words.csv": spam + ham[:50],
    }
    for name, rows in lists.items():
        with open(folder / name, "w", newline="") as file:
            csv.writer(file).writerows([("label", "text"), *rows])
    return folder


@pytest.fixture(scope="module")
def shell():
    """The part of a kernel that runs cells, for this module."""
    found = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    yield found
    InteractiveShell.clear_instance()


@pytest.fixture
def execute(shell, monkeypatch, tmp_path):
    """Return a function that runs the cells of a notebook and returns what each has said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(progress.BATCH, "1")
    monkeypatch.setattr(sources, "load_data", load_once)
    monkeypatch.setattr(outputs, "show", show_with_words)
    record_here = functools.partial(records.save_record, folder=tmp_path)
    monkeypatch.setattr(records, "save_record", record_here)

    def execute(notebook: str, given: dict, last: str = "") -> dict[str, str]:
        shell.reset(new_session=True)
        said = {}
        for cell in code(notebook):
            said[cell.id] = execute_cell(shell, cell)
            if "parameters" in cell.metadata.get("tags", []):
                shell.user_ns.update(given)
            if cell.id == last:
                return said
        assert not last, "there is no such cell"
        return said

    return execute


def code(notebook: str) -> list:
    """Return a notebook's cells of code."""
    cells = nbformat.read(FOLDER / f"{notebook}.ipynb", 4).cells
    return [cell for cell in cells if cell.cell_type == "code"]


def execute_cell(shell: InteractiveShell, cell) -> str:
    """Run a cell and return all that it says; fail for a warning, and for what is no number."""
    with capture_output() as captured:
        result = shell.run_cell(cell.source)
    assert result.success, f"cell {cell.id}: {result.error_in_exec or result.error_before_exec!r}"
    assert not captured.stderr
    texts = [captured.stdout]
    for output in captured.outputs:
        texts.append(str(output.data.get("text/plain", "")))
        value = (output.metadata or {}).get(outputs.KEY, {}).get("value", 0)
        assert math.isfinite(value), texts
    said = "\n".join(texts)
    assert not NO_NUMBER.search(said), said
    return said


load_once = functools.cache(sources.load_data)
show_figure = outputs.show


def show_with_words(fig, name, **options):
    """Show a figure, and print the words in it."""
    fig.canvas.draw()
    print(*(text.get_text() for text in fig.findobj(Text)), sep="\n")
    show_figure(fig, name, **options)


def test_the_values_are_those_of_every_notebooks_parameters():
    assert VALUES.keys() == set(run.NOTEBOOKS)
    for notebook, values in VALUES.items():
        defaults = run.defaults(FOLDER / f"{notebook}.ipynb")
        assert values.keys() == defaults.keys()
        for name, (least, *others) in values.items():
            setting = PARAMETERS[name]
            assert getattr(setting, "low", least) == least
            if name != "mail_csv":
                assert all(setting.parse(value) == value for value in (least, *others))


@pytest.mark.parametrize("values", [*VALUES.values(), TRAINING], ids=[*VALUES, "training"])
def test_any_two_parameters_meet_in_every_pair_of_their_values(values):
    settings = all_pairs(values)
    assert settings[0] == {name: choices[0] for name, choices in values.items()}
    for one, other in itertools.combinations(values, 2):
        met = {(setting[one], setting[other]) for setting in settings}
        assert met == set(itertools.product(values[one], values[other]))


def test_a_notebook_runs_and_says_nothing_odd(planned, execute, mails):
    given = dict(planned.given)
    if given.get("mail_csv"):
        given["mail_csv"] = str(mails / str(given["mail_csv"]))
    execute(planned.notebook, given, planned.last)


def test_the_values_of_training_are_those_of_its_settings():
    settings = TrainConfig.settings()
    assert settings.keys() - TRAINING.keys() == {"device", "compiled"}
    for name, (least, *others) in TRAINING.items():
        assert getattr(settings[name], "low", least) == least
        for value in others:
            TrainConfig(**{name: value})


def test_training_gives_numbers_or_says_that_it_diverged(training, drawn):
    few = replace(drawn, train=drawn.train.head(8), val=drawn.val.head(4))
    config = TrainConfig(**training)
    finished, refused = [], ""
    try:
        for record, _ in loop.fit(few, config):
            finished.append(asdict(record))
    except TrainingError as error:
        refused = str(error)
    if len(finished) <= config.epochs:
        assert config.used_lr >= 0.3
        assert f"use a smaller lr than {config.used_lr}" in refused
    for record in finished:
        assert all(math.isfinite(value) and value >= 0 for value in record.values())


# Scores are computed twice in epoch 0, and once after each other epoch.
@pytest.mark.parametrize(("epoch", "score"), [(0, 1), (1, 3)])
def test_the_live_run_can_be_stopped_in_any_epoch_and_taken_up_again(
    epoch, score, execute, shell, monkeypatch
):
    scores = itertools.count(1)

    def stopped_while_scoring(*args):
        if next(scores) == score:
            signal.raise_signal(signal.SIGINT)
        return evaluate(*args)

    monkeypatch.setattr(loop, "evaluate", stopped_while_scoring)
    given = {"data": "drawn", "train_images": 960, "epochs": 4}
    said = execute("03_vae_train", given, "789b13ca")
    assert epochs_in(said["bb17a52b"]) == list(range(epoch + 1))
    if epoch == 0:
        assert said["789b13ca"].startswith("Not shown by this run (steps: 0; 60 are enough")

    cells = {cell.id: cell for cell in code("03_vae_train")}
    assert epochs_in(execute_cell(shell, cells["bb17a52b"])) == [0, 1, 2, 3, 4]
    assert "the KL rose" in execute_cell(shell, cells["789b13ca"])


def test_as_many_images_as_a_short_run_is_told_to_take_are_enough(execute):
    short = {"data": "drawn", "train_images": 128, "epochs": 1}
    said = execute("03_vae_train", short, "789b13ca")["789b13ca"]
    advice = re.search(r"as with (\w+)=(\d+)\): the score fell", said)
    assert advice, said
    longer = {**short, advice[1]: int(advice[2])}
    said = execute("03_vae_train", longer, "789b13ca")["789b13ca"]
    assert said.startswith("the score fell from about 4 bpd; the KL rose")


def epochs_in(table: str) -> list[int]:
    """Return the epochs of the live run's table."""
    return [int(number) for number in re.findall(r"^ +(\d+) +\d\.", table, re.M)]
