"""Random numbers: they depend on seeds alone, and disturb nobody else's."""

import pytest
import torch

from vaehelpers.core.chance import generator_for, seeded


def test_a_generator_depends_on_seed_and_index_alone():
    draws = {}
    for seed in range(4):
        for index in range(4):
            torch.rand(3)  # what others draw makes no difference
            first, again = (torch.rand(3, generator=generator_for(seed, index)) for _ in range(2))
            assert torch.equal(first, again)
            draws[seed, index] = tuple(first.tolist())
    assert len(set(draws.values())) == 16


def test_seeded_draws_repeat_and_leave_the_global_state_alone():
    before = torch.random.get_rng_state()
    draws = []
    for seed in (1, 1, 2):
        with seeded(seed):
            draws.append(torch.rand(3))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_the_global_state_is_put_back_after_an_error():
    before = torch.random.get_rng_state()
    with pytest.raises(ZeroDivisionError), seeded(1):
        torch.rand(1 // 0)
    assert torch.equal(torch.random.get_rng_state(), before)
