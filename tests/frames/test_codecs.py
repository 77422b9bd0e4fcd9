"""A codec gives back the pixels that it was given, and decodes nothing that it did not make."""

import io
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from clipforensics.frames import codecs
from clipforensics.frames.codecs import CODECS, decode_webp, encode_webp, pack, shard_digest


def frames(least, most):
    """So many frames of any size, of noise or of few colours."""
    levels = st.sampled_from([st.integers(0, 255), st.sampled_from([0, 7, 255])])
    sides = st.tuples(st.integers(least, most), st.integers(1, 40))
    shapes = sides.map(lambda of: (of[0], of[1], of[1], 3))
    return st.tuples(shapes, levels).flatmap(lambda of: arrays(np.uint8, of[0], elements=of[1]))


def picture(side, **how):
    file = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).convert("RGB").save(file, **how)
    return file.getvalue()


@settings(deadline=None)
@given(frames(1, 3))
def test_webp_loses_nothing(given_frames):
    for frame in given_frames:
        found = np.full_like(frame, 9)
        decode_webp(encode_webp(frame), found)
        assert np.array_equal(found, frame)


@pytest.mark.parametrize("codec", CODECS)
def test_the_digest_is_that_of_the_pixels(codec):
    noise = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    assert pack(noise, codec).sha256 == pack(noise.copy(), "none").sha256 != pack(noise[1:], codec).sha256
    assert len(pack(noise, codec).frames) == 3


def test_a_shard_s_digest_is_of_its_videos_in_order():
    assert shard_digest(["a", "b"]) != shard_digest(["b", "a"])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        picture(16, format="PNG"),
        picture(16, format="JPEG"),
        picture(16, format="WEBP", quality=90),  # with loss
        picture(16, format="WEBP", lossless=True, icc_profile=b"x"),  # of several parts
        picture(17, format="WEBP", lossless=True),
        picture(4000, format="WEBP", lossless=True, method=0),
    ],
    ids=lambda data: str(len(data)),
)
def test_only_a_lossless_webp_of_the_size_is_decoded(data, monkeypatch):
    def never(*_, **__):
        raise AssertionError("Pillow was asked")

    monkeypatch.setattr(codecs, "WebPImageFile", never)
    with pytest.raises(ValueError, match="no lossless WebP of 16 x 16"):
        decode_webp(data, np.empty((16, 16, 3), np.uint8))


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_damaged_bytes_are_refused_or_decoded_to_a_frame(data):
    """A shard's checksum tells them apart; nothing but ValueError is raised."""
    frame = np.random.default_rng(1).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    content = bytearray(encode_webp(frame))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(1, len(content))) :]
    with suppress(ValueError):
        decode_webp(bytes(content), frame)
