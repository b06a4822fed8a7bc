"""Images as tensors: size, channels, orientation and depth, from files and from arrays."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from unstuck.errors import BadData
from unstuck.fit.encoders import Pixels, again, decoded, encoder_of, images, kept
from unstuck.fit.examples import Arrays, Pictures

from ..pictures import BLUE, RED, bytes_of, content, grey, halves, picture, saved

WHITE = (255, 255, 255)


def pixels_of(*files, **wanted):
    """(files, channels, height, width) bytes."""
    inputs = Pictures(files)
    encoder = encoder_of(inputs, np.arange(len(files)), Pixels(**wanted))
    return decoded(encoder, inputs).values


def colour(path, **wanted):
    """Of a file of one colour."""
    found = pixels_of(path, channels=3, **wanted)[0]
    assert np.ptp(found, (1, 2)).max() <= 12
    return tuple(found.mean((1, 2)).round().astype(int).tolist())


def near(found, wanted, by=12):
    return all(abs(a - b) <= by for a, b in zip(found, wanted, strict=True))


def as_palette(image):
    return image.quantize(4)


MODES = ["RGB", "RGBA", "RGBX", "P", "CMYK", "YCbCr"]


@pytest.mark.parametrize("mode", MODES)
def test_each_mode_has_its_colours(tmp_path, mode):
    kind = {"RGBX": "TIFF", "CMYK": "JPEG", "YCbCr": "JPEG"}.get(mode, "PNG")
    image = as_palette(picture()) if mode == "P" else picture().convert(mode)
    assert near(colour(bytes_of(tmp_path / "x.png", content(image, kind))), RED)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
def test_each_format_is_read(tmp_path, kind):
    assert near(colour(bytes_of(tmp_path / "x.png", content(picture(), kind))), RED)


def test_what_is_transparent_is_white(tmp_path):
    clear = Image.new("RGBA", (6, 6), (*RED, 0))
    assert colour(saved(tmp_path / "a.png", clear)) == WHITE
    assert colour(saved(tmp_path / "b.png", Image.new("LA", (6, 6), (0, 0)))) == WHITE


def test_a_transparent_colour_of_a_palette_is_white(tmp_path):
    image = as_palette(picture())
    assert colour(saved(tmp_path / "x.png", image, transparency=image.getpixel((0, 0)))) == WHITE


@pytest.mark.parametrize(("turned", "first"), [(1, RED), (3, BLUE), (2, BLUE), (4, RED)])
def test_an_image_stands_as_its_camera_was_held(tmp_path, turned, first):
    exif = Image.Exif()
    exif[0x0112] = turned
    found = pixels_of(saved(tmp_path / "x.jpg", halves(), exif=exif, quality=95))[0]
    assert near(found[:, 1, 1].tolist(), first, 30)


def test_an_image_turned_by_a_quarter_is_as_high_as_it_was_wide(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    found = pixels_of(saved(tmp_path / "x.jpg", halves(), exif=exif))[0]
    assert found.shape == (3, 16, 8)
    assert near(found[:, 1, 4].tolist(), RED, 30)


def test_damaged_metadata_are_no_reason_to_refuse(tmp_path):
    found = content(picture(), "JPEG", exif=b"Exif\0\0MM\0*garbage garbage")
    assert near(colour(bytes_of(tmp_path / "x.jpg", found)), RED)


def test_16_bits_span_what_the_training_images_hold(tmp_path):
    deep = [Image.fromarray(np.full((5, 5), each, np.uint16)) for each in (0, 2048, 4095)]
    files = [saved(tmp_path / f"{i}.png", each) for i, each in enumerate(deep)]
    assert pixels_of(*files)[:, 0, 0, 0].tolist() == [0, 128, 255]


def test_deeper_values_than_any_in_training_are_its_highest(tmp_path):
    files = [
        saved(tmp_path / f"{i}.png", Image.fromarray(np.full((5, 5), each, np.uint16)))
        for i, each in enumerate((0, 1000, 60_000))
    ]
    inputs = Pictures(files)
    encoder = encoder_of(inputs, np.arange(2))
    assert decoded(encoder, inputs).values[:, 0, 0, 0].tolist() == [0, 255, 255]


def test_floats_below_zero_keep_their_range(tmp_path):
    values = np.array([[-1, 0], [0, 1]], np.float32).repeat(3, 0).repeat(3, 1)
    found = pixels_of(saved(tmp_path / "x.tif", Image.fromarray(values)))[0, 0]
    assert (found[0, 0], found[0, -1], found[-1, -1]) == (0, 128, 255)


def test_greys_saved_as_colours_are_one_channel(tmp_path):
    files = [saved(tmp_path / f"{m}.png", halves("L").convert(m)) for m in ("RGB", "L", "P", "1")]
    assert pixels_of(*files).shape[1] == 1


def test_one_colour_among_greys_makes_three_channels(tmp_path):
    files = [saved(tmp_path / "a.png", halves("L")), saved(tmp_path / "b.png", picture())]
    assert pixels_of(*files).shape[1] == 3


@pytest.mark.parametrize(
    ("sizes", "wanted", "expected"),
    [
        ([(20, 10), (40, 30), (30, 22)], {}, (22, 30)),
        ([(640, 320)], {}, (32, 64)),
        ([(640, 320)], {"longest": 100}, (50, 100)),
        ([(20, 10)], {"longest": 40}, (20, 40)),
        ([(20, 10)], {"size": (24, 24)}, (24, 24)),
        ([(200, 1)], {}, (4, 64)),
        ([(1, 1)], {}, (4, 4)),
    ],
)
def test_the_size_is_the_median_with_the_longer_side_bounded(tmp_path, sizes, wanted, expected):
    files = [saved(tmp_path / f"{i}.png", picture(size=each)) for i, each in enumerate(sizes)]
    assert pixels_of(*files, **wanted).shape[2:] == expected


def test_training_images_have_mean_0_and_deviation_1(tmp_path):
    draw = np.random.default_rng(0)
    files = [saved(tmp_path / f"{i}.png", grey(draw.integers(0, 99, (8, 8)))) for i in range(20)]
    inputs = Pictures(files)
    [found] = encoder_of(inputs, np.arange(20)).encoded(inputs, np.arange(20))
    assert float(found.mean()) == pytest.approx(0, abs=1e-5)
    assert float(found.std(correction=0)) == pytest.approx(1, abs=1e-5)


def test_a_constant_channel_stays_finite():
    inputs = Arrays(np.zeros((3, 5, 5), np.uint8))
    assert encoder_of(inputs, np.arange(3)).encoded(inputs, np.arange(3))[0].abs().max() == 0


def test_files_decoded_once_or_again_are_the_same(tmp_path, monkeypatch):
    files = [saved(tmp_path / f"{i}.jpg", halves(size=(150 + i, 90))) for i in range(4)]
    inputs, rows = Pictures(files), np.array([2, 0])
    encoder = encoder_of(inputs, np.arange(4))
    once = decoded(encoder, inputs)
    assert once.values.dtype == np.uint8
    assert torch.equal(encoder.encoded(once, rows)[0], encoder.encoded(inputs, rows)[0])
    monkeypatch.setattr(images, "ROOM", 1)
    assert decoded(encoder, inputs) is inputs


def test_a_large_jpeg_is_resized_as_if_decoded_whole(tmp_path):
    big = halves(size=(2000, 1000))
    found = pixels_of(saved(tmp_path / "x.jpg", big, quality=95))[0].astype(float)
    assert found.shape == (3, 32, 64)
    plain = np.asarray(big.resize((64, 32), Image.Resampling.BILINEAR)).transpose(2, 0, 1)
    assert np.abs(found - plain).max() < 30
    assert np.abs(found - plain).mean() < 2


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((6, 8, 8), (1, 8, 8)),
        ((6, 1, 8, 9), (1, 8, 9)),
        ((6, 3, 8, 9), (3, 8, 9)),
        ((6, 8, 9, 3), (3, 8, 9)),
        ((6, 8, 9, 1), (1, 8, 9)),
        ((6, 4, 4, 3), (3, 4, 4)),
        ((6, 12, 30, 40), (12, 30, 40)),
        ((6, 30, 40, 12), (12, 30, 40)),
        ((6, 3, 3, 3), (3, 3, 3)),
    ],
)
def test_arrays_have_channels_first_last_or_none(shape, expected):
    inputs = Arrays(np.random.default_rng(0).normal(size=shape))
    encoder = encoder_of(inputs, np.arange(6), Pixels(size=expected[1:]))
    assert encoder.shape.image == expected
    assert encoder.encoded(inputs, np.arange(2))[0].shape == (2, *expected)


def test_channels_last_are_moved_not_mixed():
    first = np.random.default_rng(0).normal(size=(4, 3, 6, 5))
    one, two = Arrays(first), Arrays(first.transpose(0, 2, 3, 1))
    rows = np.arange(4)
    assert torch.equal(
        encoder_of(one, rows).encoded(one, rows)[0], encoder_of(two, rows).encoded(two, rows)[0]
    )


def test_greys_serve_where_colours_are_wanted_and_colours_where_greys():
    greys, colours = Arrays(np.ones((4, 6, 6))), Arrays(np.ones((4, 3, 6, 6)))
    rows = np.arange(4)
    three, one = encoder_of(greys, rows, Pixels(channels=3)), encoder_of(greys, rows)
    assert three.encoded(greys, rows)[0].shape == (4, 3, 6, 6)
    assert one.encoded(colours, rows)[0].abs().max() < 1e-5


def test_bytes_are_standardised_as_the_model_wants_and_others_by_themselves():
    wanted = Pixels(channels=3, center=(100.0,) * 3, scale=(50.0,) * 3)
    rows, values = np.arange(4), np.full((4, 3, 6, 6), 150, np.uint8)
    assert encoder_of(Arrays(values), rows, wanted).encoded(Arrays(values), rows)[0].mean() == 1
    shares = Arrays(values / 255)
    assert encoder_of(shares, rows, wanted).encoded(shares, rows)[0].abs().max() < 1e-5


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.where(np.arange(48).reshape(3, 4, 4) == 20, np.nan, 1.0), "row 2: a pixel is NaN"),
        (np.zeros((3, 2, 4, 4, 4)), r"images of shape \(2, 4, 4, 4\)"),
        (np.zeros((3, 0, 4)), r"images of shape \(0, 4\)"),
    ],
)
def test_arrays_that_are_no_images_are_refused(values, message):
    with pytest.raises(BadData, match=message):
        encoder_of(Arrays(values), np.arange(3))


def test_other_channels_than_in_training_are_refused():
    encoder = encoder_of(Arrays(np.ones((3, 5, 9, 9))), np.arange(3))
    with pytest.raises(BadData, match="the images have 4 channels, not 5"):
        encoder.encoded(Arrays(np.ones((3, 4, 9, 9))), np.arange(3))


def test_an_encoder_survives_json(tmp_path):
    encoder = encoder_of(Pictures([saved(tmp_path / "x.png", halves())]), np.arange(1))
    assert again(json.loads(json.dumps(kept(encoder)))) == encoder


def test_a_mapped_array_is_not_read_whole(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2000, 8, 8), np.uint8))
    inputs = Arrays(np.load(tmp_path / "x.npy", mmap_mode="r"))
    assert encoder_of(inputs, np.arange(2000)).encoded(inputs, np.array([7]))[0].shape == (
        1, 1, 8, 8,
    )  # fmt: skip
    assert isinstance(inputs.values, np.memmap)


def test_a_damaged_file_is_named_among_good_ones(tmp_path):
    good = [saved(tmp_path / f"{i}.jpg", halves(size=(150, 90))) for i in range(9)]
    bad = bytes_of(tmp_path / "bad.jpg", good[0].read_bytes()[:-99])
    with pytest.raises(BadData, match=r"bad.jpg: image file is truncated"):
        pixels_of(*good, bad)
