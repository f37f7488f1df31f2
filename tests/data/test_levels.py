"""Grey values become levels, and whatever is not levels is told apart with a mend that works."""

import re

import pytest
import torch
from torchvision.transforms.functional import to_tensor

from vaehelpers import quantise
from vaehelpers.data.levels import check_images, check_levels
from vaehelpers.errors import InputError

BYTES = torch.arange(256, dtype=torch.uint8)


def pictures(fill=7, count=2):
    """Return levels `[count,1,28,28]` of one value, as floats."""
    return torch.full((count, 1, 28, 28), float(fill))


def test_quantiser_equals_the_templates_on_all_bytes():
    template = torch.floor(BYTES.double() / 255 * 16).clamp(max=15).to(torch.uint8)
    assert torch.equal(quantise(BYTES), template)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_quantiser_takes_what_to_tensor_makes(dtype):
    as_floats = to_tensor(BYTES.view(16, 16).numpy())[0].flatten()
    assert 0 < as_floats[1] < 0.01
    assert torch.equal(quantise(as_floats.to(dtype)), quantise(BYTES))
    assert torch.equal(quantise(torch.arange(16).to(dtype) / 15), torch.arange(16).byte())


FLOATS = "quantise takes floats from 0 to 1, as torchvision's ToTensor makes them; these go from "
NO_TRANSFORMS = ". Leave out other transforms"
TYPES = (
    "quantise takes uint8 grey values 0..255 or floats 0..1, not torch.int64; "
    "convert grey values with .to(torch.uint8)"
)
PIL = "or torchvision's pil_to_tensor(picture)"
ALREADY = (
    "these pixels are levels already, or nearly black: none is larger than 15 of 255, and quantise "
    "would make all of them 0. Leave it out"
)


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (BYTES.long(), TYPES),
        (BYTES.float(), FLOATS + "0 to 255" + NO_TRANSFORMS),
        (BYTES.float() / 170, FLOATS + "0 to 1.5" + NO_TRANSFORMS),
        (BYTES.float() / 128 - 1, FLOATS + "-1 to 0.9922" + NO_TRANSFORMS),
        (torch.tensor([0.5, torch.nan]), FLOATS + "nan to nan" + NO_TRANSFORMS),
        (quantise(BYTES), ALREADY),
        (BYTES[:2], ALREADY),
        (quantise(BYTES) / 255, ALREADY),
        (
            BYTES.numpy(),
            "quantise takes a tensor, not ndarray; give torch.as_tensor(pixels), " + PIL,
        ),
    ],
)
def test_quantiser_refuses_what_it_would_spoil(pixels, message):
    with pytest.raises(InputError) as error:
        quantise(pixels)
    assert str(error.value) == message


def test_quantiser_takes_dark_pictures_of_which_something_is_left():
    assert quantise(BYTES[:17]).tolist() == [0] * 16 + [1]


def test_quantiser_takes_a_black_picture_and_none():
    assert not quantise(torch.zeros(3, dtype=torch.uint8)).any()
    for dtype in (torch.uint8, torch.float32):
        assert quantise(torch.zeros(0, dtype=dtype)).shape == (0,)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.float32, torch.float16])
def test_whole_levels_of_any_type_pass(dtype):
    images = torch.arange(16).repeat(49).view(1, 1, 28, 28).to(dtype)
    check_images(images)
    check_levels(images.flatten())


NOT_FINITE = "NaN or infinity: look where they come from"
GREY = ": make grey values 0..255, as uint8, levels by quantise(images)"
BY_TO_TENSOR = ", ...), as torchvision's ToTensor makes them: call quantise(images) first"


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        ([-100.0], "-100: leave out transforms such as Normalize"),
        ([16.0], "16" + GREY),
        ([255.0, 3.0], "255" + GREY),
        ([0.5], "fractions (0.50" + BY_TO_TENSOR),
        ([0.07, -0.26, 0.5], "fractions (0.07, -0.26" + BY_TO_TENSOR),
        ([torch.nan], NOT_FINITE),
        ([torch.inf, 0.5], NOT_FINITE),
        ([-torch.inf], NOT_FINITE),
    ],
)
def test_pixels_that_are_no_levels_are_found(spoil, found):
    images = pictures()
    images[1, 0, 27, : len(spoil)] = torch.tensor(spoil)
    with pytest.raises(InputError) as error:
        check_images(images)
    assert str(error.value) == f"images must be whole levels 0..15; these hold {found}"


@pytest.mark.parametrize("to_floats", [lambda images: images / 15, lambda images: images / 255])
def test_the_mend_that_the_message_names_works(fashion, to_floats):
    levels = fashion.test.head(3).images
    grey = levels * 17  # 0..255
    spoilt = to_floats(levels.float()) if to_floats(torch.tensor(15.0)) == 1 else grey / 255
    with pytest.raises(InputError, match=r"call quantise\(images\) first"):
        check_images(spoilt)
    assert torch.equal(quantise(spoilt), levels)
    with pytest.raises(InputError, match=r"levels by quantise\(images\)"):
        check_images(grey)
    assert torch.equal(quantise(grey), levels)


@pytest.mark.parametrize(
    ("index", "shape", "mend"),
    [
        ((0, 0), [28, 28], "give images[None, None]"),
        (0, [1, 28, 28], "give images[None]"),
        ((slice(None), 0), [2, 28, 28], "give images[:, None]"),
    ],
)
def test_a_missing_axis_is_named_and_the_mend_works(index, shape, mend):
    images = pictures()[index]
    with pytest.raises(InputError) as error:
        check_images(images)
    assert str(error.value).startswith(f"images of shape {shape} do not fit [N,1,28,28]; {mend}")
    check_images(eval(mend.removeprefix("give ")))


SHAPE = "images of shape [{}] do not fit [N,1,28,28]; {}"
PICTURES = " pictures of 28 x 28 pixels"


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (pictures(count=0), SHAPE.format("0, 1, 28, 28", "give one or more" + PICTURES)),
        (torch.zeros(2, 1, 32, 32), SHAPE.format("2, 1, 32, 32", "give one or more" + PICTURES)),
        (torch.zeros(2, 3, 28, 28), SHAPE.format("2, 3, 28, 28", "give one grey channel")),
        (torch.zeros(784), SHAPE.format("784", "give one or more" + PICTURES)),
        (
            [1, 2],
            "images must be a tensor [N,1,28,28] of levels 0..15, not list; "
            "give one, such as load_data().test.images",
        ),
    ],
)
def test_other_shapes_and_types(images, message):
    with pytest.raises(InputError) as error:
        check_images(images)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("images", "kind"),
    [
        (pictures().to(torch.complex64), "torch.complex64"),
        (pictures().to(torch.uint8).to_sparse(), "torch.sparse_coo"),
        (pictures().bool(), "torch.bool"),
    ],
)
def test_a_type_that_is_refused_is_named(images, kind):
    expected = f"levels of a usual type of number, not {kind}; convert them with .to(torch.uint8)"
    with pytest.raises(InputError, match=f"^images must be {re.escape(expected)}$"):
        check_images(images)


def test_a_split_in_place_of_its_images(drawn):
    with pytest.raises(InputError, match=r"not Split; give its .images, such as load_data\(\)"):
        check_images(drawn.test)
