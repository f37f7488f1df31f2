"""Encoder, decoder and what an image costs, in the page's JavaScript against PyTorch."""

import numpy as np
import pytest
import torch
from javascript import needs_node, run
from scipy.stats import norm

from vaehelpers import KLD, load_published, reconstruction
from vaehelpers.explorers import frames, layers
from vaehelpers.explorers.walk import VIEWS, over_active, over_prior

pytestmark = needs_node
NETWORKS = "const network = (n) => ({ ...n, weights: bytes(n.weights) });\n"


@pytest.fixture(scope="module", params=[2, 20], ids=["two latents", "twenty latents"])
def model(request):
    vae, _ = load_published(request.param, 80)
    return vae.requires_grad_(False)


def test_a_pictures_chances_are_the_decoders(model):
    z = torch.randn(3, model.z_dim, generator=torch.Generator().manual_seed(0))
    code = NETWORKS + "const decode = decoder(network(given.net)); answer(given.z.map(decode));"
    found = run(code, {"vae": "decoder"}, net=layers.of_decoder(model.decoder), z=z.tolist())
    exact = model.decoder(z).softmax(1)  # [3,16,28,28]
    found = torch.tensor(found).view(3, 28, 28, 16).permute(0, 3, 1, 2)
    assert (found - exact).abs().max() < 5e-3, "weights have 16 bits"
    assert (found - exact).abs().mean() < 1e-4


def test_an_images_code_is_the_encoders(model, fashion):
    images = fashion.test.images[:3]
    code = NETWORKS + (
        "const encode = encoder({ ...network(given.net), latents: given.latents });\n"
        "answer(given.images.map(encode));"
    )
    net, flat = layers.of_encoder(model.encoder), images.flatten(1).tolist()
    found = run(code, {"vae": "encoder"}, net=net, latents=model.z_dim, images=flat)
    for name, exact in zip(("mean", "logStd"), model.encoder(images), strict=True):
        torch.testing.assert_close(
            torch.tensor([each[name] for each in found]), exact, rtol=0, atol=1e-2
        )


def test_an_image_costs_what_the_loss_says(model, fashion):
    image = fashion.test.images[:1]
    mean, log_std = model.encoder(image)
    logits = model.decoder(mean)
    p = logits.softmax(1)[0].permute(1, 2, 0).flatten()
    code = (
        "answer({ kl: klToPrior(given), recon: reconstruction(given.p, given.levels),"
        " bits: bitsPerPixel(784 * Math.log(2)) });"
    )
    found = run(
        code,
        {"vae": "klToPrior, reconstruction, bitsPerPixel"},
        mean=mean[0].tolist(),
        logStd=log_std[0].tolist(),
        p=p.tolist(),
        levels=image.flatten().tolist(),
    )
    assert found["kl"] == pytest.approx(float(KLD(mean, log_std)), rel=1e-5)
    assert found["recon"] == pytest.approx(float(reconstruction(logits, image)), rel=1e-5)
    assert found["bits"] == pytest.approx(1)


@pytest.mark.parametrize("view", VIEWS)
def test_views_are_the_kernels(model, view):
    p = frames.chances(model, torch.zeros(model.z_dim))
    flat = p.permute(1, 2, 0).flatten().double().tolist()
    noise = frames.noise().flatten().double().tolist()
    code = "answer(greys(given.p, given.view, given.noise));"
    found = run(code, {"vae": "greys"}, p=flat, view=view, noise=noise)
    apart = np.abs(np.array(found) - frames.greys(p, view).flatten().astype(int))
    assert apart.max() <= 1 if view == "mean" else (apart > 0).mean() < 2e-3


def test_a_broken_weight_is_not_taken_for_a_number():
    halves = np.array([np.nan, np.inf, -np.inf, 0.0, 6e-8, -1.5, 65504], np.float16)
    code = "answer(Array.from(halves(bytes(given.numbers)), String));"
    found = run(code, {"numbers": "halves"}, numbers=halves.tobytes())
    assert [float(text) for text in found] == pytest.approx(halves.tolist(), nan_ok=True)


def test_the_normal_is_scipys():
    u = np.linspace(0.001, 0.999, 999).tolist()
    z = np.linspace(-5, 5, 101).tolist()
    code = "answer({ ppf: given.u.map(ppf), cdf: given.z.map(cdf) });"
    found = run(code, {"numbers": "ppf, cdf"}, u=u, z=z)
    assert found["ppf"] == pytest.approx(norm.ppf(u), abs=5e-5)
    assert found["cdf"] == pytest.approx(norm.cdf(z), abs=2e-7)


def test_sliders_lead_where_the_walk_says_and_back(fashion):
    vae2, vae20 = load_published(2, 80)[0], load_published(20, 80)[0]
    for path in (over_prior(vae2), over_active(vae20, fashion.test.images[:200])):
        given = {
            "origin": path.origin.tolist(),
            "directions": path.directions.tolist(),
            "percent": path.axis.percent,
            "low": path.axis.low,
            "high": path.axis.high,
            "step": path.axis.step,
            "z": torch.randn(len(path.origin), generator=torch.Generator().manual_seed(3)).tolist(),
        }
        code = (
            "const back = valuesAt(given, given.z);"
            "answer({ ...back, z: latents({ ...given, origin: back.origin }, back.values) });"
        )
        found = run(code, {"walk": "latents, valuesAt"}, **given)
        values, origin = path.through(torch.tensor(given["z"]))
        assert found["values"] == pytest.approx(values, abs=1e-5)
        assert found["origin"] == pytest.approx(origin.tolist(), abs=1e-4)
        assert found["z"] == pytest.approx(given["z"], abs=1e-5)
