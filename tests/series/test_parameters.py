"""What a notebook can be given: one list of names and ranges, that of training among it."""

import pytest

from vaehelpers.attention import mail_file
from vaehelpers.core.settings import Flag, check
from vaehelpers.errors import DataError, SettingError
from vaehelpers.series import check_parameters
from vaehelpers.series.parameters import NOTEBOOK_PARAMETERS, PARAMETERS
from vaehelpers.training import TrainConfig


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
