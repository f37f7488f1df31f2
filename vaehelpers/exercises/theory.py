"""The exercises of notebook 02: the theory of VAEs."""

import torch

from .checking import Answer, Exercise, Mistake, call, compare, tensor_of

DRAWS = 4_000


def _z_has_the_right_shape(sample: Answer) -> str:
    z = call(sample, torch.zeros(3, 2), torch.ones(3, 2))
    return f"z has the shape {list(tensor_of(z, (3, 2), 'z').shape)}"


def _z_has_the_right_mean(sample: Answer) -> str:
    z = call(sample, torch.full((DRAWS, 1), 1.0), torch.full((DRAWS, 1), 0.5))
    slips = {"Does your z leave out the mean?": torch.tensor(0.0)}
    return compare(z.mean(), torch.tensor(1.0), "the mean of z", slips, tolerance=0.05)


def _z_has_the_right_spread(sample: Answer) -> str:
    z = call(sample, torch.full((DRAWS, 1), 1.0), torch.full((DRAWS, 1), 0.5))
    slips = {
        "Did you square std, or pass a variance?": torch.tensor(0.25),
        "Did you take the root of std? It is a standard deviation already.": torch.tensor(0.5**0.5),
        "Is eps missing? Without it z is no random draw.": torch.tensor(0.0),
        "Is std missing? It has to scale eps.": torch.tensor(1.0),
        "Did you take exp of std? It is no logarithm.": torch.tensor(0.5).exp(),
        "Do you draw eps from 0 to 1? Use torch.randn_like.": torch.tensor(0.5 / 12**0.5),
    }
    return compare(z.std(), torch.tensor(0.5), "the spread of z", slips, tolerance=0.04)


def _each_place_has_its_own_eps(sample: Answer) -> str:
    z = call(sample, torch.zeros(2, 3), torch.ones(2, 3))
    if len(z.unique()) < z.numel():
        raise Mistake(
            "several places of z share one eps: draw one for each, as in randn_like(mean)"
        )
    return "every place of z has an eps of its own"


def _gradients_reach_mean_and_std(sample: Answer) -> str:
    mean = torch.ones(2, 3, requires_grad=True)
    std = torch.ones(2, 3, requires_grad=True)
    z = call(sample, mean, std)
    if not z.requires_grad:
        raise Mistake("no gradient comes back through z: .detach() and torch.no_grad() cut it")
    gradients = torch.autograd.grad(z.sum(), (mean, std), allow_unused=True)
    for name, gradient in zip(("mean", "std"), gradients, strict=True):
        if gradient is None:
            raise Mistake(f"no gradient reaches {name}: does z depend on it, undetached?")
        if not gradient.any():
            raise Mistake(
                f"the gradient of {name} is 0 everywhere: torch.normal draws, but lets nothing back"
            )
    return "the gradient reaches mean and std"


EXERCISES = {
    "Q2.7": Exercise(
        "sample(mean, std)",
        {
            "its shape": _z_has_the_right_shape,
            "its mean": _z_has_the_right_mean,
            "its spread": _z_has_the_right_spread,
            "a noise of its own for every place": _each_place_has_its_own_eps,
            "gradients": _gradients_reach_mean_and_std,
        },
    ),
}
