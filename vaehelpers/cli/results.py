"""What a batch run prints at its end: a dozen headline numbers, or all results."""

from typing import Any

from .terminal import styled

# What a reader should take home of each notebook, by the names of `record`.
HEADLINES = {
    "01_transformers_theory": {
        "fixed_right_at_20": "words of 20 letters reversed, from one fixed vector",
        "additive_right_at_20": "the same, with attention",
        "transformer_cost": "the spam filter with attention costs",
    },
    "02_vae_theory": {
        "gap": "log p(x) minus the ELBO, in an exact model",
        "kl_to_the_posterior": "KL from q to the true posterior: the same",
    },
    "03_vae_train": {
        "live_val_bpd": "trained in this run, validation images",
        "test_bpd": "80 epochs as in the practical, test images",
        "better_test_bpd": "80 epochs by the recipe `best`, test images",
        "bits_back": "images stored in bits, by bits-back coding",
    },
    "04_manifold": {
        "test_bpd_2d": "with two latents, test images",
        "same_class_at_home": "test images that lie among their own class",
        "median_gap": "what the ELBO misses of log p(x), median",
    },
}


def headlines(record: dict[str, Any]) -> str:
    """Return the headline numbers of a run's record, each with its unit, by notebook.

    A number that this run did not give is left out.
    """
    lines = []
    for notebook, results in record["results"].items():
        seconds = record["seconds"][notebook]
        lines.append("\n" + styled(f"{notebook}", "bold") + f"  {seconds:,.0f} s")
        for name, words in HEADLINES.get(notebook, {}).items():
            if name in results:
                lines.append(
                    f"  {words:<54}{_value(results[name]['value']):>8}  {_unit(results[name])}"
                )
    return "\n".join(lines)


def everything(record: dict[str, Any]) -> str:
    """Return a run's record as text, in two tables.

    They list the seconds of each notebook, and each result with its unit and origin.
    """
    lines = [f"\n{'notebook':<26}{'seconds':>8}"]
    for name, seconds in record["seconds"].items():
        lines.append(f"{name:<26}{seconds:>8.1f}")
    lines.append(f"{'all, side by side':<26}{record['wall_seconds']:>8.1f}")
    lines.append(f"\n{'result':<46}{'value':>12}  unit")
    for results in record["results"].values():
        for name, entry in results.items():
            lines.append(f"{name:<46}{entry['value']:>12.6g}  {_unit(entry)}")
    return "\n".join(lines)


def _value(number: float) -> str:
    """Return a number in four digits, and a whole one as it is."""
    return f"{number:,}" if isinstance(number, int) else f"{number:.4g}"


def _unit(entry: dict[str, Any]) -> str:
    """Return a result's unit, and where it comes from, if not from this run on FashionMNIST."""
    if entry["data"] == "drawn":
        return f"{entry['unit']}  [drawn]".lstrip()
    return f"{entry['unit']}  [recorded]".lstrip() if entry["recorded"] else entry["unit"]
