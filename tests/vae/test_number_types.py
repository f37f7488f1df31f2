"""Other types of numbers, and other tools of torch around the model: compiler, vmap, autocast."""

import copy

import pytest
import torch
from torch.func import functional_call, grad, stack_module_state, vmap

from vaehelpers import KLD, VAE, evaluate, load_published, visualize_manifold
from vaehelpers.vae import latent, likelihood, seeded_vae

LEVELS = torch.randint(0, 16, (4, 1, 28, 28), generator=torch.Generator().manual_seed(0))
SIXTEEN_BITS = (torch.float16, torch.bfloat16)
TOLERANCES = {torch.float64: 1e-5, torch.float16: 2e-3, torch.bfloat16: 2e-2}
DEVICES = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])


def noise(model):
    """Return the noise of a fixed draw for `LEVELS`."""
    return torch.randn(len(LEVELS), model.z_dim, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_a_model_of_other_numbers_trains_scores_and_samples(dtype, device):
    model = seeded_vae(0).to(device)
    imgs, eps = LEVELS.to(device), noise(model).to(device)
    expected = sum(model.per_image(imgs, eps))
    model = model.to(dtype)
    loss = sum(model.per_image(imgs, eps))
    assert loss.dtype == (torch.float32 if dtype in SIXTEEN_BITS else dtype)
    torch.testing.assert_close(loss.float(), expected, rtol=TOLERANCES[dtype], atol=0)
    loss.mean().backward()
    for name, weight in model.named_parameters():
        assert weight.grad.dtype == dtype, name
        assert weight.grad.isfinite().all(), name
    assert model.sample(2).shape == (2, 1, 28, 28)
    assert evaluate(model, LEVELS)["bpd"] == pytest.approx(4, abs=0.2)
    assert latent.encode(model, LEVELS)[0].shape == (4, 20)
    z = torch.zeros(1, 20)
    assert likelihood.log_likelihood(model, LEVELS, z).dtype == torch.float64


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", SIXTEEN_BITS)
def test_autocast(dtype, device):
    model = seeded_vae(0).to(device)
    imgs, eps = LEVELS.to(device), noise(model).to(device)
    expected = sum(model.per_image(imgs, eps))
    with torch.autocast(device, dtype):
        loss = sum(model.per_image(imgs, eps))
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, expected, rtol=TOLERANCES[dtype], atol=0)
    loss.mean().backward()
    assert all(weight.grad.isfinite().all() for weight in model.parameters())


def test_float64_as_the_default(float64_default):
    model = VAE(z_dim=2)
    recon, kl, bpd = model(LEVELS)
    assert bpd.dtype == torch.float64
    (recon + kl).backward()
    assert model.sample(2).shape == (2, 1, 28, 28)
    assert visualize_manifold(model.decoder, 2).shape == (1, 56, 56)
    published, _ = load_published(2, 80)
    assert next(published.parameters()).dtype == torch.float32
    assert evaluate(published, LEVELS)["bpd"] > 0
    assert torch.isfinite(likelihood.importance_weights(published, LEVELS, 2)).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_kl_is_never_negative_and_right_near_zero(dtype):
    generator = torch.Generator().manual_seed(0)
    for size in (1e-8, 1e-6, 1e-4, 3e-4, 1e-2, 1, 10):
        log_std = (size * torch.randn(100_000, 1, generator=generator)).to(dtype)
        kl = KLD(torch.zeros_like(log_std), log_std)
        assert (kl >= 0).all(), size
        if size < 1e-2:
            t = log_std[:, 0].double()
            series = t**2 + 2 * t**3 / 3  # its first two terms
            rounding = torch.finfo(dtype).eps * t.abs()
            assert ((kl - series).abs() <= 1e-3 * series + rounding).all(), size


def test_vmap_over_several_models():
    models = [seeded_vae(seed, num_filters=2, z_dim=3) for seed in range(3)]
    parameters, buffers = stack_module_state(models)
    skeleton = copy.deepcopy(models[0]).to("meta")

    def score(parameters, buffers, imgs):
        return functional_call(skeleton, (parameters, buffers), (imgs,))[2]

    bpd = vmap(score, in_dims=(0, 0, None), randomness="different")(parameters, buffers, LEVELS)
    assert bpd.shape == (3,)
    torch.testing.assert_close(bpd, torch.full((3,), 4.0), rtol=0.1, atol=0)


def test_gradients_of_single_images():
    model = seeded_vae(0, num_filters=2, z_dim=3)
    eps = torch.zeros(len(LEVELS), 3)
    parameters = dict(model.named_parameters())

    def loss(parameters, image, eps):
        return functional_call(_Losses(model), parameters, (image[None], eps[None]))

    renamed = {f"model.{name}": value for name, value in parameters.items()}
    each = vmap(grad(loss), in_dims=(None, 0, 0))(renamed, LEVELS, eps)
    sum(model.per_image(LEVELS, eps)).sum().backward()
    for name, weight in parameters.items():
        together = each[f"model.{name}"].sum(0)
        torch.testing.assert_close(together, weight.grad, rtol=1e-3, atol=1e-4)


class _Losses(torch.nn.Module):
    """The negative ELBO of a batch, for given noise."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, imgs, eps):
        """Return the sum of both terms, a scalar."""
        recon, kl = self.model.per_image(imgs, eps)
        return (recon + kl).sum()


def test_a_learners_torch_compile():
    model = seeded_vae(0, num_filters=2, z_dim=3)
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    torch.manual_seed(0)
    expected = model(LEVELS)
    torch.manual_seed(0)
    torch.testing.assert_close(compiled(LEVELS), expected)
    compiled(LEVELS)[2].backward()


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_networks_say_where_they_are(device):
    model = VAE(num_filters=2).to(device)
    for network in (model, model.encoder, model.decoder):
        assert network.device == torch.device(device)
