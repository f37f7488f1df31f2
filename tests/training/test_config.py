"""The settings of a training run: defaults, ranges, recipes, and what a checkpoint remembers."""

import copy
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, replace
from itertools import pairwise

import numpy as np
import pytest

from vaehelpers import TrainConfig
from vaehelpers.core.settings import Setting
from vaehelpers.errors import SettingError
from vaehelpers.training import RECIPES

NAMES = [each.name for each in fields(TrainConfig)]


def test_without_arguments_it_is_the_best_recipe_for_80_epochs():
    config = TrainConfig()
    assert (config.recipe, config.epochs, config.z_dim) == ("best", 80, 20)
    assert (config.seed, config.device, config.precision) == (42, "auto", "float32")
    assert (config.beta, config.noise, config.compiled) == (1.0, True, False)
    assert (config.lr, config.batch_size) == (None, None)
    for name, value in TrainConfig.defaults().items():
        assert getattr(config, name) == value


def test_it_cannot_be_changed_and_equal_ones_are_equal():
    config = TrainConfig(seed=1)
    with pytest.raises(FrozenInstanceError, match="seed"):
        config.seed = 2
    assert config == TrainConfig(seed=1) != TrainConfig()
    assert len({config, TrainConfig(seed=1)}) == 1


def test_every_field_has_a_setting_with_a_range_and_a_meaning():
    settings = TrainConfig.settings()
    assert list(settings) == list(TrainConfig.defaults()) == NAMES
    for name, setting in settings.items():
        assert isinstance(setting, Setting), name
        assert setting.help.strip(), name
        assert setting.allowed.strip(), name


def test_every_default_is_allowed():
    for name, setting in TrainConfig.settings().items():
        default = TrainConfig.defaults()[name]
        if default is not None:
            assert setting.parse(default) == default


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_fills_in_what_was_not_given(recipe):
    config = TrainConfig(recipe=recipe)
    assert config.chosen_recipe is RECIPES[recipe]
    assert config.used_lr == RECIPES[recipe].lr
    assert config.used_batch_size == RECIPES[recipe].batch_size
    config = TrainConfig(recipe=recipe, lr=0.5, batch_size=7)
    assert (config.used_lr, config.used_batch_size) == (0.5, 7)


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [
        ("z_dim", 1, 1024),
        ("epochs", 1, 9_999),
        ("num_filters", 1, 1024),
        ("lr", 1e-8, 1.0),
        ("batch_size", 1, 10_000),
        ("beta", 0.0, 10_000.0),
        ("seed", 0, 2**31 - 1),
    ],
)
def test_numbers_have_a_range(name, lowest, highest):
    for value in (lowest, highest):
        assert getattr(TrainConfig(**{name: value}), name) == value
    # A float's range ends just beyond, a whole number's one beyond.
    beyond = 1e-9 if isinstance(highest, float) else 1
    for value in (lowest - beyond, highest + max(beyond, 1e-9 * highest), float("nan")):
        with pytest.raises(SettingError, match=f"^{name}=.* is not allowed; {name} ") as error:
            TrainConfig(**{name: value})
        assert "\n" not in str(error.value)
        assert TrainConfig.settings()[name].allowed in str(error.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("recipe", "worst"),
        ("precision", "float16"),
        ("device", "tpu"),
        ("noise", 1),
        ("noise", "False"),
        ("compiled", "yes"),
        ("epochs", 2.5),
        ("epochs", True),
        ("z_dim", None),
        ("beta", None),
        ("recipe", None),
        ("recipe", "be\nst"),
    ],
)
def test_other_values_are_refused_in_one_line(name, value):
    with pytest.raises(SettingError, match=f"^{name}=.* is not allowed; {name} ") as error:
        TrainConfig(**{name: value})
    assert str(error.value).isprintable()
    assert TrainConfig.settings()[name].allowed in str(error.value)


@pytest.mark.parametrize(
    ("name", "value"), [("epochs", "3"), ("lr", "0.1"), ("beta", "1"), ("seed", "0x1")]
)
def test_numbers_in_quotes_are_refused(name, value):
    with pytest.raises(SettingError, match=f"{name} .*must be a .* number from") as error:
        TrainConfig(**{name: value})
    assert str(error.value).isprintable()


def test_an_unknown_setting_gets_a_hint():
    with pytest.raises(SettingError, match=r"unknown setting zdim=3; did you mean 'z_dim'\?"):
        TrainConfig(epochs=2, zdim=3)
    with pytest.raises(SettingError, match="unknown setting colour=1; allowed: recipe, z_dim"):
        TrainConfig(colour=1)


def test_settings_can_be_copied_and_sent_to_another_process():
    config = TrainConfig(z_dim=2, beta=0.5)
    assert copy.deepcopy(config) == config
    assert pickle.loads(pickle.dumps(config)) == config
    assert replace(config, epochs=3) == TrainConfig(z_dim=2, beta=0.5, epochs=3)


def test_a_number_that_python_does_not_write_out_is_refused_in_one_line():
    with pytest.raises(SettingError, match="epochs=a number of thousands of digits is not allowed"):
        TrainConfig(epochs=10**5000)


def test_whole_numbers_become_floats_where_floats_are_meant_and_back():
    config = TrainConfig(beta=10, lr=1, epochs=3.0)
    assert [type(value) for value in (config.beta, config.lr, config.epochs)] == [float, float, int]
    assert config == TrainConfig(beta=10.0, lr=1.0, epochs=3)


def test_what_is_remembered_is_what_a_resumed_run_must_repeat():
    config = TrainConfig(recipe="practical", epochs=7, device="cpu", beta=2, batch_size=5)
    assert config.remembered() == {
        "recipe": "practical",
        "z_dim": 20,
        "num_filters": 32,
        "lr": 1e-3,
        "batch_size": 5,
        "seed": 42,
        "compiled": False,
        "precision": "float32",
        "beta": 2.0,
        "noise": True,
    }


@pytest.mark.parametrize("recipe", RECIPES)
def test_epochs_are_remembered_where_rates_fall_and_the_device_never(recipe):
    remembered = TrainConfig(recipe=recipe, epochs=7, device="cpu").remembered()
    assert remembered.get("epochs") == (7 if RECIPES[recipe].warmup else None)
    assert set(NAMES) - remembered.keys() <= {"device", "epochs"}
    assert "device" not in remembered


def test_settings_are_read_without_torch():
    program = """
import sys
from vaehelpers.training.config import TrainConfig
TrainConfig(epochs=3).remembered()
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_rates_rise_then_fall_to_nothing_in_straight_lines():
    fast = RECIPES["fast"]
    rates = [fast.rate_factor(step, 1000) for step in range(1000)]
    top = max(range(1000), key=rates.__getitem__)
    rising, falling = rates[:top], rates[top:]
    assert top == pytest.approx(1000 * fast.warmup, abs=1)
    assert rates[top] == pytest.approx(1, abs=0.02)
    assert 0 < rates[0] < 0.02
    assert 0 < rates[-1] < 0.002
    rises = [after - before for before, after in pairwise(rising)]
    falls = [before - after for before, after in pairwise(falling)]
    assert rises == pytest.approx([1 / (top + 1)] * len(rises))
    assert falls == pytest.approx([1 / (1000 - top)] * len(falls))


def test_without_a_warm_up_rates_are_constant():
    assert {RECIPES["practical"].rate_factor(step, 0) for step in range(3)} == {1}
    assert {RECIPES["practical"].rate_factor(step, 9) for step in range(9)} == {1}


def test_numbers_of_numpy_are_numbers():
    config = TrainConfig(z_dim=np.int64(3), lr=np.float32(0.5))
    assert (config.z_dim, config.lr) == (3, 0.5)
    assert type(config.z_dim) is int
    assert type(config.lr) is float
