"""The command line: what it prints, and that bad input is one line, code 2, nothing written."""

import errno
import re
import signal
import subprocess
import sys

import pytest

import vaehelpers
from vaehelpers import load_checkpoint
from vaehelpers.cli import main
from vaehelpers.core.settings import check
from vaehelpers.errors import DataError, SettingError
from vaehelpers.published import published_checkpoint
from vaehelpers.series import execution
from vaehelpers.series.parameters import PARAMETERS
from vaehelpers.training import TrainConfig
from vaehelpers.training.checkpoint import read_meta

COMMANDS = (
    "lab",
    "run",
    "verify",
    "doctor",
    "data",
    "train",
    "evaluate",
    "reversal",
    "classifier",
    "evidence",
    "films",
)
BAD = {
    "train --epochs two": (
        "epochs=two is not allowed; epochs (epochs to train) must be a whole number from 1 to 9,999"
    ),
    "train --epochs 2.5": "epochs=2.5 is not allowed",
    "train --epochs -1": "epochs=-1 is not allowed",
    "train --epochs 1_0": "epochs=1_0 is not allowed",
    "train --epochs 0": "epochs=0 is not allowed",
    "train --z-dim two": "z_dim=two is not allowed",
    "train --z-dim 0": "from 1 to",
    "train --z-dim 0x3": "z_dim=0x3 is not allowed",
    "train --lr nan": (
        "lr=nan is not allowed; lr (Adam's learning rate, or its peak) must be a finite number"
    ),
    "train --lr inf": "lr=inf is not allowed",
    "train --seed 99999999999": "seed=99999999999 is not allowed",
    "train --device tpu": (
        "device=tpu is not allowed; device (where to compute) must be one of auto, cuda, mps, cpu"
    ),
    "train --data mnist": (
        "data=mnist is not allowed; data (the data set) must be one of fashion-mnist, drawn"
    ),
    "train --data drawn --out notebooks/01_transformers_theory.ipynb": (
        "notebooks/01_transformers_theory.ipynb cannot be written: Not a directory"
    ),
    "train --data drawn --tensorboard /dev/null/log": "/dev/null/log cannot be written: Not a dir",
    "reversal --out /dev/null": "/dev/null cannot be written: Not a directory",
    "evidence --out /dev/null/record": "/dev/null/record cannot be written: Not a directory",
    "films --out /dev/null/record": "/dev/null/record cannot be written: Not a directory",
    "train --epoch 3": "unrecognized arguments: --epoch 3; did you mean '--epochs'? see `",
    "train --epoch=3": "unrecognized arguments: --epoch=3; did you mean '--epochs'? see `",
    "train --xyz": "unrecognized arguments: --xyz; see `vaehelpers train --help`",
    "train 3": "unrecognized arguments: 3; see `vaehelpers train --help`",
    "train --epochs": "argument --epochs: expected one argument",
    "evaluate notebooks": "notebooks does not exist or holds no checkpoint",
    "evaluate nowhere": "nowhere does not exist or holds no checkpoint",
    "evaluate": "the following arguments are required: checkpoint",
    "evaluate nowhere --device tpu": "device=tpu is not allowed",
    "evaluate nowhere --sav": "unrecognized arguments: --sav; did you mean '--save'? see `",
    "fly": f"unknown command 'fly'; allowed: {', '.join(COMMANDS)}",
    "trian": "unknown command 'trian'; did you mean 'train'? allowed: lab, run, ",
    "trian --epochs 3": "unknown command 'trian'; did you mean 'train'? allowed: lab, run, ",
    "--fly": "unrecognized arguments: --fly; see `vaehelpers --help`",
    "lab --copi-only": "unrecognized arguments: --copi-only; did you mean '--copy-only'? see `",
    "lab one two": "unrecognized arguments: two; see `vaehelpers lab --help`",
    "lab notebooks/01_transformers_theory.ipynb": (
        "notebooks/01_transformers_theory.ipynb cannot be written: Not a directory"
    ),
    "lab --copy-only /dev/null/notes": "/dev/null/notes cannot be written: Not a directory",
    "doctor --all": "unrecognized arguments: --all; see `vaehelpers doctor --help`",
    "doctr": "unknown command 'doctr'; did you mean 'doctor'? allowed: lab, run, ",
    "reversal --train-steps 0": "train_steps=0 is not allowed",
    "reversal --train-steps 1": "steps with seed 42; name a folder for others with --out",
    "reversal --seed 7": "steps with seed 42; name a folder for others with --out",
    "reversal --train-step 3": "did you mean '--train-steps'?",
    "run --out notebooks": "out=notebooks holds files that no run wrote",
    "run --in-place 05_more": "unknown notebook 05_more",
    "run --in-place --preset full": "--in-place uses the notebooks' own defaults",
    "run --in-place -p epochs=3": "--in-place uses the notebooks' own defaults",
    "run --preset fast": "unknown preset fast; allowed: quick, full, drawn",
    "run -p epoch=3": "unknown setting epoch=3; did you mean 'epochs'? allowed: ",
    "run -p epochs=two": "epochs=two is not allowed",
    "run -p epochs": "'epochs' has no value; write NAME=VALUE",
    "run --set epochs": "'epochs' has no value; write NAME=VALUE",
    "run --set epochs=3,seed=7": "separate settings by blanks, not by commas",
    "run 5": "unknown notebook 5; allowed: 01_transformers_theory",
    "run elsewhere/04_manifold.ipynb": "unknown notebook elsewhere/04_manifold.ipynb; ",
    "lab --port=9999": "what is for another program goes after --, see `vaehelpers lab --help`",
    "run --set epoch=3": "unknown setting epoch=3; did you mean 'epochs'? allowed: ",
    "run --timeout 0": (
        "timeout=0 is not allowed; timeout (seconds that one cell of a notebook may take) must be"
    ),
    "run --timeout long": "timeout=long is not allowed",
    "verify --timeout 0": "timeout=0 is not allowed",
    "run --al": "unrecognized arguments: --al; did you mean '--all'? see `vaehelpers run --help`",
    "verify 05_more": "unknown notebook 05_more; allowed: 01_transformers_theory",
    "verify --preset full": "unrecognized arguments: --preset; see `vaehelpers verify --help`",
    "run 05_more": "unknown notebook 05_more; allowed: 01_transformers_theory",
    "run 01_transformers_theory -p epochs=3": (
        "unknown setting epochs=3; did you mean 'spam_epochs'? allowed: false_"
    ),
    "run 01_transformers_theory -p mail_csv=nowhere.csv": (
        "nowhere.csv cannot be read (No such file or directory)"
    ),
    "run 01_transformers_theory -p mail_csv=~nobody_here/x.csv": "is not a path that can be used",
}


def exit_code_of(words: list[str]) -> int:
    """Run a command; return its exit code, whether it is returned or raised."""
    try:
        return main(words)
    except SystemExit as stop:
        return stop.code


@pytest.mark.parametrize("words", BAD)
def test_bad_input(words, capsys, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notebooks").symlink_to(request.config.rootpath / "notebooks")
    code = exit_code_of(words.split())
    printed = capsys.readouterr()
    assert code == 2
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("vaehelpers")
    assert BAD[words] in printed.err
    assert [path.name for path in tmp_path.iterdir()] == ["notebooks"]


def test_a_bare_command_prints_the_help(capsys):
    assert exit_code_of([]) == 0
    bare = capsys.readouterr()
    assert exit_code_of(["--help"]) == 0
    asked = capsys.readouterr()
    assert bare == asked
    assert bare.err == ""
    assert bare.out.startswith("usage: vaehelpers ")
    assert re.findall(r"^    (\w+)", bare.out, re.MULTILINE) == list(COMMANDS)


def test_the_version_is_the_packages(capsys):
    assert exit_code_of(["--version"]) == 0
    assert capsys.readouterr().out == f"vaehelpers {vaehelpers.__version__}\n"


def test_the_help_of_train_states_every_setting_with_its_range_and_default(capsys):
    assert exit_code_of(["train", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for name, setting in TrainConfig.settings().items():
        default = TrainConfig.defaults()[name]
        if isinstance(default, bool):
            continue
        usual = "the recipe's" if default is None else default
        assert f"--{name.replace('_', '-')} {name.upper()}" in text
        assert f"{setting.help}: {setting.allowed} (default: {usual})" in text.replace("- ", "-")
    assert "--no-noise" in text
    assert "--compile" in text


def test_train_resume_and_evaluate(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = "train --data drawn --recipe practical --z-dim 2 --num-filters 2 --batch-size 500"
    train = [*words.split(), "--epochs"]
    assert main([*train, "1"]) == 0
    start, *lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["epoch", "train", "bpd"]
    assert [line.split()[0] for line in lines[1:3]] == ["0", "1"]
    assert lines[3].startswith("test (drawn, 1,000 images): ")
    folder = "runs/z02-seed42-data=drawn-recipe=practical-num_filters=2-batch_size=500"
    assert lines[4] == f"weights and history: {folder}/epoch_0001.json"
    assert start == f"to epoch 1, on 5,400 images, into {folder}/"
    assert main([*train, "2"]) == 0
    resumed = capsys.readouterr().out.splitlines()
    assert resumed[0] == f"resuming {folder} after epoch 1"
    assert resumed[3:5] == lines[1:3]
    assert main(["evaluate", folder, "--save"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == resumed[-2]
    score = load_checkpoint(folder)[1]["test"]
    assert f"{score['bpd']:.4f} bpd" in resumed[-2]
    assert (score["data"], score["images"]) == ("drawn", 1000)


def test_after_the_first_epoch_it_is_said_how_long_the_others_take(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = "train --data drawn --recipe practical --num-filters 2 --batch-size 500 --out a"
    assert main([*words.split(), "--epochs", "1"]) == 0
    assert "more take" not in capsys.readouterr().err
    assert main([*words.split(), "--epochs", "4"]) == 0
    told = re.findall(
        r"at this pace, 2 more take about \d+ (?:seconds|minutes)\n", capsys.readouterr().err
    )
    assert len(told) == 1


def test_a_plain_autoencoder_from_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = "train --data drawn --num-filters 2 --device cpu --epochs 1 --beta 0 --no-noise"
    assert main(words.split()) == 0
    model, meta = load_checkpoint("runs/z20-seed42-data=drawn-num_filters=2-beta=0.0-no-noise")
    assert (meta["config"]["beta"], meta["config"]["noise"]) == (0, False)
    assert not any(parameter.any() for parameter in model.encoder.log_std.parameters())


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("data", "interrupted"),
        ("train", "interrupted; finished epochs are kept, the same command resumes"),
    ],
)
def test_interrupt_says_how_to_go_on(capsys, monkeypatch, tmp_path, command, message):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vaehelpers.data.load_data", interrupt)
    assert main([command]) == 130
    assert capsys.readouterr().err == f"vaehelpers {command}: {message}\n"


TO_END = (signal.SIGTERM, signal.SIGHUP)


@pytest.fixture
def signalled(monkeypatch):
    """Have the command `data` send itself a signal, and then fail; nohup ignores none of them."""

    def arrange(number):
        def load_data(*_, **__):
            signal.raise_signal(number)
            raise DataError("the signal was ignored")

        monkeypatch.setattr("vaehelpers.data.load_data", load_data)

    before = {number: signal.signal(number, signal.SIG_DFL) for number in TO_END}
    yield arrange
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_to_end_is_one_line_and_leaves_the_handlers_as_they_were(capsys, signalled, name):
    number = signal.Signals[name]
    signalled(number)
    assert main(["data"]) == 128 + number
    assert capsys.readouterr().err == f"vaehelpers data: ended by {name}\n"
    assert signal.getsignal(number) == signal.SIG_DFL


def test_a_signal_that_nohup_ignores_stays_ignored(capsys, signalled):
    signalled(signal.SIGHUP)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert main(["data"]) == 2
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert capsys.readouterr().err == "vaehelpers data: the signal was ignored\n"


def test_the_help_states_the_time_limit_of_a_cell(capsys):
    for command in ("run", "verify"):
        assert exit_code_of([command, "--help"]) == 0
        text = " ".join(capsys.readouterr().out.split())
        assert f"(default: {execution.TIMEOUT:,}, three hours)" in text
    assert execution.TIMEOUT == 3 * 60 * 60


WORK = (
    "attention.reversal.train_translator",
    "published.classifier.train_classifier",
    "published.evidence.compute",
    "published.films.record_film",
    "training.fit",
    "vae.evaluate",
)


@pytest.mark.parametrize(
    "words",
    [
        "train --data drawn",
        "train --data drawn --out new",
        "train --data drawn --tensorboard log",
        f"evaluate {published_checkpoint(2, 80)} --save",
        "reversal",
        "classifier",
        "evidence",
        "films",
    ],
)
def test_where_results_go_is_tried_before_the_work(capsys, tmp_path, monkeypatch, words):
    def refuse(*, dir):
        if words.endswith("log") and len(tried) == 0:  # the folder of checkpoints is not at fault
            return tried.append(dir) or open("/dev/null")
        raise OSError(errno.EROFS, "Read-only file system", str(dir))

    def work(*_, **__):
        raise AssertionError("the work has begun")

    tried = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    for name in WORK:
        monkeypatch.setattr(f"vaehelpers.{name}", work)
    assert main(words.split()) == 2
    told = capsys.readouterr().err
    reason = "cannot be written: Read-only file system; give another folder"
    assert re.fullmatch(rf"vaehelpers {words.split()[0]}: \S+ {reason}, .*\n", told)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_while_training_loses_no_finished_epoch(capsys, tmp_path, monkeypatch):
    def fill(descriptor):
        if sorted(tmp_path.glob("run/epoch_*.json")):
            raise OSError(errno.ENOSPC, "No space left on device")

    words = "train --data drawn --num-filters 2 --batch-size 500 --epochs 1 --device cpu --out run"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VAEHELPERS_BATCH", "1")  # no bars between the messages
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fill)
        assert main(words.split()) == 2
    printed = capsys.readouterr()
    assert printed.err == (
        "vaehelpers train: run/epoch_0001.optimizer.safetensors cannot be written: No space left "
        "on device; free some space, or give a folder on another disk; finished epochs are kept, "
        "the same command resumes\n"
    )
    assert main(words.split()) == 0  # there is space again
    assert capsys.readouterr().out.startswith("resuming run after epoch 0\n")
    assert load_checkpoint("run")[1]["epoch"] == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "results: No space left on device; free some space, or give a folder on another disk",
        ),
        (
            OSError(errno.EROFS, "Read-only file system", "results/figures/a.png"),
            "results/figures/a.png: Read-only file system; "
            "give another folder, one that you may write to",
        ),
    ],
)
def test_a_run_that_cannot_be_written_names_file_and_mend(capsys, monkeypatch, error, told):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("vaehelpers.series.run.run_notebooks", fail)
    assert main(["run", "--out", "results"]) == 2
    assert capsys.readouterr().err == f"vaehelpers run: {told}\n"


def test_saving_a_score_on_other_data_is_refused(capsys):
    path = published_checkpoint(2, 80)
    before = read_meta(path)
    assert main(["evaluate", str(path), "--data", "drawn", "--save"]) == 2
    assert main(["evaluate", str(path), "--seed", "7", "--save"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 2
    for line in errors:
        assert "--save records the score on fashion-mnist with seed 42 only" in line
    assert read_meta(path) == before


def test_tensorboard_absent(capsys, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    monkeypatch.chdir(tmp_path)
    assert main("train --data drawn --epochs 1 --num-filters 2 --tensorboard log".split()) == 2
    assert "install vaehelpers[tensorboard]" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("default")  # TensorBoard's own imports warn
def test_tensorboard_log(monkeypatch, tmp_path):
    pytest.importorskip("tensorboard", reason="the optional package tensorboard is not installed")
    monkeypatch.chdir(tmp_path)
    words = "train --data drawn --epochs 1 --num-filters 2 --device cpu --tensorboard log"
    assert main(words.split()) == 0
    assert [path.name.startswith("events.") for path in (tmp_path / "log").iterdir()] == [True]


def test_module_runs_and_helps():
    command = [sys.executable, "-m", "vaehelpers", "train", "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr == ""
    options = ("--z-dim", "--epochs", "--lr", "--device")
    assert all(option in done.stdout for option in options)


@pytest.mark.parametrize(
    ("name", "value", "parsed"),
    [
        ("epochs", "3", 3),
        ("epochs", 3.0, 3),
        ("lr", "1e-3", 1e-3),
        ("lr", 1, 1.0),
        ("device", "cpu", "cpu"),
    ],
)
def test_settings_are_converted(name, value, parsed):
    result = check(name, value, PARAMETERS)
    assert result == parsed
    assert type(result) is type(parsed)


@pytest.mark.parametrize("value", [True, None, [], "", "1 2", "3 epochs", "1_0", 10**400])
def test_settings_refuse_other_types(value):
    with pytest.raises(SettingError, match="epochs="):
        check("epochs", value, PARAMETERS)


def test_messages_stay_on_one_line_and_short():
    with pytest.raises(SettingError) as error:
        check("epochs", "3\n" + "x" * 10_000, PARAMETERS)
    assert str(error.value).startswith(r"epochs=3\nxxx")
    assert len(str(error.value)) < 200
    assert "\n" not in str(error.value)
