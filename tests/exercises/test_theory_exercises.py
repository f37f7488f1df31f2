"""The exercises of notebook 02 know the right answer and the usual wrong ones by their names."""

import pytest
import torch

from vaehelpers import sample_reparameterize
from vaehelpers.exercises import EXERCISES, verdict


def right(mean, std):
    return mean + std * torch.randn_like(std)


@pytest.mark.parametrize("answer", [right, sample_reparameterize])
def test_the_right_draw_passes_every_step(answer):
    torch.manual_seed(0)
    lines = verdict(EXERCISES["Q2.7"], answer)
    assert len(lines) == 5
    assert all(line.startswith("right: ") for line in lines)


WRONG = {
    "Did you square std": lambda mean, std: mean + std**2 * torch.randn_like(std),
    "Did you take the root of std": lambda mean, std: mean + std.sqrt() * torch.randn_like(std),
    "Did you take exp of std": lambda mean, std: mean + std.exp() * torch.randn_like(std),
    "Is eps missing": lambda mean, std: mean + 0 * std,
    "Is std missing": lambda mean, std: mean + torch.randn_like(std),
    "Does your z leave out the mean": lambda mean, std: std * torch.randn_like(std),
    "Use torch.randn_like": lambda mean, std: mean + std * (torch.rand_like(std) - 0.5),
    "several places of z share one eps": lambda mean, std: (
        mean + std * torch.randn(len(std), 1).expand_as(std)
    ),
    "no gradient comes back through z": lambda mean, std: right(mean, std).detach(),
    "torch.normal draws, but lets nothing back": torch.normal,
    "no gradient reaches std": lambda mean, std: mean + std.detach() * torch.randn_like(std),
    "has the shape [2], expected [3, 2]": lambda mean, std: right(mean, std)[0],
    "is of type float": lambda mean, std: 0.5,
    "stopped with TypeError": lambda mean: mean,
}


@pytest.mark.parametrize("hint", WRONG)
def test_each_usual_mistake_has_a_sentence_of_its_own(hint):
    torch.manual_seed(0)
    lines = verdict(EXERCISES["Q2.7"], WRONG[hint])
    (mistake,) = [line for line in lines if line.startswith("not yet: ")]
    assert hint in mistake
    assert [other for other in WRONG if other in mistake] == [hint]
