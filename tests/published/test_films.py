"""Training films: a frame after each epoch, and the published weights at the end."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from vaehelpers import load_published
from vaehelpers.errors import DataError, SettingError
from vaehelpers.published import (
    films,
    load_film,
    load_record,
    published_checkpoint,
    save_record,
)
from vaehelpers.published.films import frame, part_name
from vaehelpers.training.checkpoint import read_meta


def few(data):
    """Return a data set of which two epochs take some seconds."""
    return replace(data, train=data.train.head(2560), val=data.val.head(20))


@pytest.fixture(scope="module")
def short(drawn, tmp_path_factory):
    """Record a film of two epochs on few drawn images, and return its folder."""
    folder, seen = tmp_path_factory.mktemp("films"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(films, "EPOCHS", 2)
        part, png = films.record_film(few(drawn), 2, folder / "run", seen.append)
    assert [record.epoch for record in seen] == [0, 1, 2]
    films.save_frames(2, png, folder)
    save_record(films.NAME, {part_name(2): part}, folder)
    return folder


def test_a_film_shows_each_epoch_and_ends_with_the_published_weights(short, drawn):
    film = load_film(2, short)
    assert film.epochs == [0, 1, 2, 80]
    assert film.val_bpd[0] == pytest.approx(4, abs=0.3)
    assert film.frames.shape == (4, 280, 280)
    assert film.frames.max() <= 15
    model, meta = load_published(2, 80)
    np.testing.assert_array_equal(film.frames[-1], frame(model, drawn.test.images[:10]))
    assert film.val_bpd[-1] == meta["history"][80]["val_bpd"]
    assert (film.frames[2] != film.frames[0]).any()


def test_a_recording_that_goes_on_gives_the_same_frames(short, drawn, monkeypatch):
    monkeypatch.setattr(films, "EPOCHS", 2)
    part, _ = films.record_film(few(drawn), 2, short / "run", lambda record: None)
    assert part == load_record(films.NAME, short)["results"][part_name(2)]


def test_a_damaged_film_says_how_it_is_made_anew(short, tmp_path):
    for path in short.glob("film*.*"):
        shutil.copy(path, tmp_path)
    path = tmp_path / f"{part_name(2)}.png"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(DataError, match=r"film of z_dim=2 .* run `python -m vaehelpers films`"):
        load_film(2, tmp_path)
    path.unlink()
    with pytest.raises(DataError, match="No such file"):
        load_film(2, tmp_path)


def test_a_film_that_nobody_made_is_refused_with_those_that_there_are():
    with pytest.raises(SettingError, match="no film of z_dim=3; there are films of: 20, 2"):
        load_film(3)


@pytest.mark.parametrize("z_dim", films.HEIGHTS)
def test_the_published_films_are_of_the_published_trainings(z_dim, fashion):
    film, images = load_film(z_dim), fashion.test.images[:10]
    assert film.epochs == [*range(21), 80]
    path = published_checkpoint(z_dim, 80)
    history = read_meta(path)["history"]
    for epoch, bpd in zip(film.epochs, film.val_bpd, strict=True):
        assert bpd == pytest.approx(history[epoch]["val_bpd"], abs=0.02)
    part = load_record(films.NAME)["results"][part_name(z_dim)]
    assert part["weights"] == read_meta(path)["sha256"]
    shown = frame(load_published(z_dim, 80)[0], images)
    far = np.abs(shown.astype(int) - film.frames[-1]) > 1  # one level by another machine's rounding
    assert not far.any()
