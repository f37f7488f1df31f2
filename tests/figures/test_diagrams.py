"""Diagrams show the numbers that they were given."""

from conftest import words

from vaehelpers.figures import diagrams


def test_message_shows_tokens_padding_and_logit():
    shown = words(diagrams.message(["[CLS]", "win", "now"], [2, 9, 7], 2, 1.25, 0.777))
    assert shown.count("[PAD]") == shown.count("no") == 2
    assert shown.count("yes") == 3
    assert {"win", "9", "logit +1.25, so p(spam) = 0.777"} <= set(shown)


def test_long_messages_and_missing_glyphs_are_cut_and_boxed():
    tokens = ["[CLS]", "a" * 5000, "恭喜", *["x"] * 100]
    shown = words(diagrams.message(tokens, list(range(len(tokens))), 1, 0.0, 0.5))
    assert {"aaaaaaa...", "\u25a1\u25a1", "..."} <= set(shown)
    assert shown.count("yes") == 9
    assert "103" in shown  # the place of the first [PAD]


def test_graphical_model_names_its_parts():
    assert set(words(diagrams.graphical_model())) - {""} == {"$z_n$", "$x_n$", r"$\theta$", "$N$"}
