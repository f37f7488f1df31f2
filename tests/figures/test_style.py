"""The look of the figures is the series' own, whatever a reader's settings of matplotlib are."""

import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

LOOK = ["default", "vaehelpers.figures.style"]  # as in each set-up cell

READERS_OWN = {
    "font.family": "serif",
    "axes.facecolor": "black",
    "savefig.transparent": True,
    "text.usetex": True,
    "lines.linewidth": 9,
    "savefig.dpi": 37,
}


def drawn() -> bytes:
    """Draw as a notebook does after its set-up cell, and return the PNG."""
    buffer = io.BytesIO()
    with plt.style.context(LOOK):
        fig, ax = plt.subplots()
        ax.plot([1, 2], label="a line")
        ax.set_title("a title")
        fig.savefig(buffer, format="png", metadata={"Software": None})
        plt.close(fig)
    return buffer.getvalue()


@pytest.mark.parametrize("name", READERS_OWN)
def test_a_readers_own_settings_do_not_reach_a_figure(name):
    expected = drawn()
    with mpl.rc_context({name: READERS_OWN[name]}):
        assert drawn() == expected
