"""What the page gets of a network and of the scripts; what it makes of them is in test_web_*.py."""

import re

import torch

from vaehelpers.explorers import layers, page
from vaehelpers.explorers.bundle import EXPORT, IMPORT, WEB, bundle
from vaehelpers.vae import seeded_vae


def test_weights_travel_as_16_bit_numbers():
    model = seeded_vae(0, z_dim=2)
    given = layers.of_decoder(model.decoder)
    assert len(given["weights"]) == 2 * sum(p.numel() for p in model.decoder.parameters())


def test_a_layer_is_filled_up_to_whole_blocks():
    model = seeded_vae(0, z_dim=3)
    heads = layers.of_encoder(model.encoder)["layers"][-1]
    assert (heads["kernel"], heads["sizeOut"], heads["channelsOut"]) == (4, 1, 8)


def test_the_page_exports_render_as_anywidget_asks_for_it():
    """Of a module that also exports `render` by name, anywidget warns in the browser's console."""
    source = str(page.PageExplorer._esm)
    assert re.findall(r"^export .*$", source, re.MULTILINE) == ["export default modules.widget;"]
    assert re.search(r"modules\.widget = .*return \{ render \};\n\}\)\(\);", source, re.DOTALL)


def test_a_script_has_every_module_once_and_before_its_users():
    source = bundle("mounts", "widget")
    places = {
        name: source.index(f"modules.{name} = ")
        for name in re.findall(r"modules\.(\w+) = ", source)
    }
    assert len(places) == source.count("= (() => {\n//")
    for user, needed in re.findall(r"(?=modules\.(\w+) = )|= modules\.(\w+);", source):
        assert user or needed in places
    for name in places:
        text = (WEB / f"{name}.js").read_text()
        assert all(places[needed] < places[name] for _, needed in IMPORT.findall(text))
    assert not EXPORT.search(source)


def test_no_module_of_the_page_asks_another_machine():
    for path in WEB.glob("*.js"):
        found = re.findall(
            r"\b(?:fetch|XMLHttpRequest|WebSocket|import)\(|https?://[^\s\"]+", path.read_text()
        )
        assert [each for each in found if "www.w3.org" not in each] == [], path.name


def test_networks_of_any_device_and_type_are_described():
    model = seeded_vae(0, z_dim=2).double()
    exact = layers.of_decoder(seeded_vae(0, z_dim=2).decoder)
    assert layers.of_decoder(model.decoder)["weights"] == exact["weights"]
    assert torch.get_default_dtype() == torch.float32
