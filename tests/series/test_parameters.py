"""What a notebook can be given: one list of names and ranges, that of training among it."""

from pathlib import Path

import nbformat
import papermill
import pytest
import torch
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from vaehelpers.attention import mail_file
from vaehelpers.core.settings import Flag, check
from vaehelpers.errors import DataError, SettingError
from vaehelpers.series import check_parameters, run
from vaehelpers.series.parameters import NOTEBOOK_PARAMETERS, PARAMETERS
from vaehelpers.training import TrainConfig

FOLDER = Path(__file__).parents[2] / "notebooks"
SETUP = "from vaehelpers.series import check_parameters\ncheck_parameters(globals())"


def test_check_parameters_looks_only_at_parameters():
    check_parameters({"epochs": 3, "torch": object(), "_": None})
    with pytest.raises(SettingError, match="epochs=-3"):
        check_parameters({"epochs": -3})
    with pytest.raises(SettingError, match="epochs='3' is of type str"):
        check_parameters({"epochs": "3"})


@pytest.mark.parametrize("name", ["noise", "compiled"])
def test_a_notebook_may_call_its_own_variables_as_a_flag_of_training(name):
    """Notebook 02 has a variable `noise`, and its setup cell can be run again all the same."""
    check_parameters({name: {"pathwise": [0.1]}})


def test_the_settings_of_training_and_of_the_notebooks_are_one_list_in_alphabetical_order():
    assert list(PARAMETERS) == sorted(PARAMETERS)
    of_training = TrainConfig.settings()
    flags = {name for name, setting in of_training.items() if isinstance(setting, Flag)}
    assert flags == {"noise", "compiled"}
    assert not of_training.keys() & NOTEBOOK_PARAMETERS.keys()
    assert PARAMETERS.keys() == (of_training.keys() - flags) | NOTEBOOK_PARAMETERS.keys()
    for name in PARAMETERS.keys() & of_training.keys():
        assert PARAMETERS[name] == of_training[name]


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_says_what_it_is_and_what_is_allowed(name):
    setting = PARAMETERS[name]
    assert setting.help
    with pytest.raises(SettingError) as error:
        check(name, object(), PARAMETERS)
    assert f"{name} ({setting.help}) must be {setting.allowed}" in str(error.value)


@pytest.mark.parametrize("name", ["lr", "batch_size"])
def test_what_the_recipe_decides_is_left_open_by_leaving_it_out(name):
    """A parameters cell holds numbers and strings only, so None is refused."""
    with pytest.raises(SettingError, match=f"{name}=None is not allowed"):
        check_parameters({name: None})


def test_a_mail_file_is_read_when_it_is_given(tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    rows = [
        f"{label},mail {i} is {label}" for i in range(mail_file.FEWEST) for label in ("spam", "ham")
    ]
    good.write_text("\n".join(["label,text", *rows]))
    bad.write_text("\n".join(["text", "win a prize"]))
    assert check("mail_csv", "", PARAMETERS) == ""
    assert check("mail_csv", str(good), PARAMETERS) == str(good)
    with pytest.raises(DataError, match="the columns label and text"):
        check("mail_csv", str(bad), PARAMETERS)


def test_a_variable_with_the_name_of_a_parameter_is_left_alone():
    notebook: dict[str, object] = {}
    exec("seed: int = 3\nepochs = (loss for loss in ())", notebook)
    check_parameters(notebook)
    exec("seed = -1", notebook)  # as papermill puts parameters in
    with pytest.raises(SettingError, match="seed=-1"):
        check_parameters(notebook)


def executed(*cells):
    """Execute cells in plain Python, as a kernel does, and return the variables."""
    variables: dict[str, object] = {}
    for cell in cells:
        exec(cell, variables)
    return variables


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("epoch = 3", "epoch=3; did you mean 'epochs'? this notebook takes epochs, seed; leave it"),
        ("grid_size = 5", "grid_size=5; this notebook takes epochs, seed; leave it out and "),
        ("xyz = 'a\\nb'", r"xyz=a\nb; this notebook takes epochs, seed; leave it out and "),
        ("device = None", "device=None; this notebook takes "),
        ("sizes = [1, 2]", "sizes=[1, 2]; this notebook takes "),
    ],
)
def test_what_a_notebook_does_not_declare_is_refused(given, told):
    with pytest.raises(SettingError) as error:
        executed("seed: int = 42\nepochs: int = 2", given, SETUP)
    assert str(error.value).startswith(f"unknown parameter {told}")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_parameter_that_a_notebook_declares_and_nobody_knows_is_refused(place):
    lines = ["seed: int = 42", "epochs: int = 2"]
    lines.insert(place, "epoch: int = 3")
    with pytest.raises(SettingError, match="unknown parameter epoch=3; did you mean 'epochs'"):
        executed("\n".join(lines), SETUP)


def test_the_mend_for_an_unknown_parameter_works():
    with pytest.raises(SettingError, match=r"; leave it out and restart the kernel$"):
        executed("seed: int = 42", "sead = 1", SETUP)
    executed("seed: int = 42", SETUP)


def test_what_is_set_above_or_later_is_not_taken_for_a_parameter():
    """A cell on top may mount a disk; and the set-up cell can be run again at any time."""
    above = "path = '/content/drive'\nepochs = 7"
    own = "score = 1.5\nepochs = 3\ngrid_size = 'mine'\nwidth: int = 3"
    variables = executed(above, "import os\nseed: int = 42", "_i2 = 'seed'", SETUP, own, SETUP)
    assert variables["score"] == 1.5
    elsewhere = "from vaehelpers import series\nseries.check_parameters(globals())"
    executed("seed: int = 42", "score = 1.5", elsewhere)


@pytest.mark.usefixtures("house_style")
@pytest.mark.parametrize("name", run.NOTEBOOKS)
def test_each_notebook_refuses_every_parameter_that_is_misspelt_or_anothers(name):
    path = FOLDER / f"{name}.ipynb"
    own = run.defaults(path).keys()
    wrong = [*(PARAMETERS.keys() - own), *(f"{each[:-2]}{each[-1]}" for each in own), "xyz"]
    assert len(wrong) > 15
    for each in wrong:
        with pytest.raises(SettingError, match=f"^unknown parameter {each}=3; "):
            executed(*first_cells(path, {each: 3}))


def first_cells(path, given):
    """Return a notebook's first cells of code: parameters, what papermill puts in, and set-up."""
    notebook = parameterize_notebook(load_notebook_node(str(path)), given, kernel_name="python3")
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"][:3]
    assert [cell.metadata["tags"] for cell in cells[:2]] == [
        ["parameters"],
        ["injected-parameters"],
    ]
    return [cell.source for cell in cells]


@pytest.fixture
def threads():
    """Put the number of threads back, which the set-up of notebook 01 changes."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("house_style", "threads")
@pytest.mark.parametrize("name", run.NOTEBOOKS)
def test_each_notebook_takes_its_own_parameters_and_can_be_set_up_again(name):
    path = FOLDER / f"{name}.ipynb"
    given = run.defaults(path) | {"seed": 7}
    if "data" in given:
        given["data"] = "drawn"
    cells = first_cells(path, given)
    variables = executed(*cells, "beta = lr = score = 3", cells[-1])
    assert {key: variables[key] for key in given} == given


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"data": "drawn", "seed": 3}, None),
        (
            {"grid_size": 5},
            "SettingError: unknown parameter grid_size=5; this notebook takes data,",
        ),
    ],
)
@pytest.mark.filterwarnings("default")  # papermill warns of the unknown one, and goes on
def test_papermill_itself_is_refused(tmp_path, given, told):
    notebook = nbformat.read(FOLDER / "02_vae_theory.ipynb", 4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    notebook.cells = [*code[:2], nbformat.v4.new_code_cell("print(seed, dataset.name)")]
    source, target = tmp_path / "source.ipynb", tmp_path / "target.ipynb"
    nbformat.write(notebook, source)

    def execute():
        papermill.execute_notebook(source, target, given, cwd=tmp_path, progress_bar=False)

    if told:
        with pytest.raises(papermill.PapermillExecutionError, match=told):
            execute()
    else:
        execute()
        assert nbformat.read(target, 4).cells[-1].outputs[0].text == "3 drawn\n"
