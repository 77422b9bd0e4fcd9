"""Resizing agrees with the encoder's own processor; folders of pictures are read in order."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from clipforensics.core.fitting import Fitting, Resample
from clipforensics.footage import pictures
from clipforensics.footage.limits import Limits
from clipforensics.footage.pictures import (
    check_picture,
    holds_pictures,
    list_pictures,
    probe_pictures,
    read_picture,
    read_pictures,
    resize_and_crop,
)
from clipforensics.footage.video import Footage, UnreadableVideo
from tests.support.clips import make_png
from tests.support.forbidden import forbidden


def _processor_result(picture: NDArray[np.uint8], fitting: Fitting) -> NDArray[np.uint8]:
    """By transformers: a processor that can be told all of it."""
    from transformers import BitImageProcessorPil

    edge, side = fitting.edge, fitting.size
    processor = BitImageProcessorPil(
        size={"height": edge, "width": edge} if fitting.squash else {"shortest_edge": edge},
        crop_size={"height": side, "width": side},
        resample={"bilinear": 2, "bicubic": 3}[fitting.resample],
        do_rescale=False,
        do_normalize=False,
    )
    found = processor(picture, input_data_format="channels_last")["pixel_values"][0]
    return np.asarray(found).transpose(1, 2, 0)


@settings(deadline=None, max_examples=25)
@given(
    width=st.integers(4, 300),
    height=st.integers(4, 300),
    size=st.integers(1, 97),
    more=st.integers(0, 20),
    resample=st.sampled_from(["bilinear", "bicubic"]),
    squash=st.booleans(),
    seed=st.integers(0, 9),
)
@example(width=20, height=300, size=64, more=0, resample="bicubic", squash=False, seed=0)
@example(width=300, height=20, size=64, more=0, resample="bicubic", squash=False, seed=0)
@example(width=97, height=97, size=97, more=0, resample="bicubic", squash=False, seed=1)
@example(width=98, height=97, size=97, more=0, resample="bicubic", squash=False, seed=1)
@example(width=7, height=9, size=64, more=0, resample="bicubic", squash=False, seed=2)
@example(width=20, height=300, size=64, more=9, resample="bilinear", squash=True, seed=3)
@example(width=12, height=12, size=87, more=6, resample="bilinear", squash=False, seed=0)
def test_agrees_with_the_processor(
    width: int, height: int, size: int, more: int, resample: Resample, squash: bool, seed: int
) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    fitting = Fitting(size, resample, squash, size + more)
    if max(width, height) > pictures.MAX_ASPECT * min(width, height):
        with pytest.raises(UnreadableVideo, match="over 16 times"):
            resize_and_crop(picture, fitting)
        return
    found, expected = resize_and_crop(picture, fitting), _processor_result(picture, fitting)
    assert found.dtype == np.uint8
    assert found.shape == expected.shape == (size, size, 3)
    assert np.abs(found.astype(int) - expected.astype(int)).max() <= 1


GOLDEN = "b8d681230db8f00eab045ee90f28d81c59a7420c00ccf9383d9745ffc180d853"

WAYS = [
    Fitting(224),
    Fitting(224, "bilinear", squash=True),
    Fitting(224, "bicubic", edge=256),
    Fitting(224, "bilinear", squash=True, edge=256),
]


@pytest.mark.parametrize("fitting", WAYS)
@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 640), (1280, 720), (464, 561), (225, 224)])
def test_agrees_with_the_processor_at_clips_size(width: int, height: int, fitting: Fitting) -> None:
    picture = np.random.default_rng(3).integers(0, 256, (height, width, 3)).astype(np.uint8)
    expected = _processor_result(picture, fitting)
    assert np.abs(resize_and_crop(picture, fitting).astype(int) - expected.astype(int)).max() <= 1


def test_the_default_gives_the_bytes_that_it_always_gave() -> None:
    """sha256 of what version 0.5 stored of three pictures, one of each shape."""
    digest = hashlib.sha256()
    for width, height in ((640, 480), (48, 64), (20, 300)):
        picture = np.random.default_rng(5).integers(0, 256, (height, width, 3)).astype(np.uint8)
        digest.update(resize_and_crop(picture, Fitting(64)).tobytes())
    assert digest.hexdigest() == GOLDEN


def test_both_ways_are_taken_and_each_geometry_is_asked_once() -> None:
    assert pictures._crop_can_come_first(640, 480, Fitting(224))
    assert not pictures._crop_can_come_first(20, 300, Fitting(64))


def test_a_picture_of_the_right_size_stays_as_it_is() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    assert np.array_equal(resize_and_crop(picture, Fitting(64)), picture)


def _fill(folder: Path, names: list[str]) -> Path:
    folder.mkdir()
    for level, name in enumerate(names):
        Image.new("RGB", (8, 6), (level, 2 * level, 0)).save(folder / name)
    return folder


def test_pictures_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = _fill(tmp_path / "a ü", ["060.png", "9.png", "100.png", "0061.png"])
    (folder / "notes.txt").write_text("x")
    (folder / ".hidden.png").write_text("x")
    assert [p.name for p in list_pictures(folder)] == ["9.png", "060.png", "0061.png", "100.png"]
    assert probe_pictures(folder) == Footage(4, 8, 6, "pictures")
    found = [(i, picture[0, 0, 0]) for i, picture in read_pictures(folder, [0, 2, 3])]
    assert found == [(0, 1), (2, 3), (3, 2)]


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1", "CMYK"])
def test_other_colour_modes_become_rgb(mode: str, tmp_path: Path) -> None:
    path = tmp_path / ("1.jpg" if mode == "CMYK" else "1.png")
    Image.new("RGB", (5, 4), (255, 255, 255)).convert(mode).save(path)
    assert read_picture(path).tolist() == np.full((4, 5, 3), 255).tolist()


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([], "holds no pictures"),
        (["1.png", "face.png"], "'face.png' is not named by its number"),
        (["1.png", "01.png"], "have one number"),
    ],
)
def test_bad_folders_have_a_reason(names: list[str], reason: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableVideo, match=reason):
        probe_pictures(_fill(tmp_path / "a", names))


@pytest.mark.parametrize("content", [b"", b"nonsense", "half"])
def test_damaged_pictures_have_a_reason(content: bytes | str, tmp_path: Path) -> None:
    folder = _fill(tmp_path / "a", ["1.png", "2.png"])
    path = folder / "1.png"
    Image.effect_noise((64, 64), 50).save(path)
    path.write_bytes(path.read_bytes()[:1000] if isinstance(content, str) else content)
    with pytest.raises(UnreadableVideo, match=r"'1\.png' cannot be read"):
        probe_pictures(folder)


def test_large_pictures_are_not_decoded(tmp_path: Path) -> None:
    folder = _fill(tmp_path / "a", ["1.png"])
    assert probe_pictures(folder, Limits(max_pixels=48)).n_frames == 1
    with pytest.raises(UnreadableVideo, match=r"picture '1\.png' is 8x6, over max_pixels=47; make it"):
        probe_pictures(folder, Limits(max_pixels=47))


@pytest.mark.parametrize("side", [9000, 16000, 100_000])
def test_huge_pictures_are_refused_in_one_line_whatever_pillow_thinks_of_them(
    side: int, tmp_path: Path
) -> None:
    (tmp_path / "1.png").write_bytes(make_png(side, side))
    with pytest.raises(UnreadableVideo, match=rf"'1\.png' is {side}x{side}, over max_pixels=67108864"):
        read_picture(tmp_path / "1.png")


def test_too_many_pictures_are_refused_before_one_is_read(tmp_path: Path) -> None:
    folder = _fill(tmp_path / "a", ["1.png", "2.png"])
    (folder / "1.png").write_bytes(b"")
    with pytest.raises(UnreadableVideo, match="holds over max_frames=1 frames; cut it into parts"):
        probe_pictures(folder, Limits(max_frames=1))


def test_the_sums_of_a_png_tell_what_decoding_does_not(tmp_path: Path) -> None:
    Image.effect_noise((64, 64), 50).save(tmp_path / "1.png")
    check_picture(tmp_path / "1.png")
    content = bytearray((tmp_path / "1.png").read_bytes())
    content[content.index(b"IEND") - 5] ^= 1  # of the sum itself
    (tmp_path / "1.png").write_bytes(content)
    assert read_picture(tmp_path / "1.png").shape == (64, 64, 3)
    with pytest.raises(UnreadableVideo, match=r"'1\.png' cannot be read"):
        check_picture(tmp_path / "1.png", was_read=True)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "BMP"])
def test_what_has_no_sums_is_read_unless_it_was(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "1.jpg"
    Image.effect_noise((64, 64), 50).convert("RGB").save(path, format=kind)
    check_picture(path)
    path.write_bytes(path.read_bytes()[:-600])
    if kind != "WEBP":  # whose header is of the whole
        check_picture(path, was_read=True)
    with pytest.raises(UnreadableVideo, match=r"'1\.jpg' cannot be read"):
        check_picture(path)


def test_a_picture_that_is_checked_is_no_larger_than_one_that_is_read(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(make_png(8, 6))
    check_picture(tmp_path / "1.png", Limits(max_pixels=48))
    with pytest.raises(UnreadableVideo, match="is 8x6, over max_pixels=47"):
        check_picture(tmp_path / "1.png", Limits(max_pixels=47))


def test_a_picture_that_may_not_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), forbidden(_fill(tmp_path / "a", ["1.png"]) / "1.png") as path:
        read_picture(path)


def test_a_picture_beyond_the_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableVideo, match="has 1 pictures"):
        list(read_pictures(_fill(tmp_path / "a", ["1.png"]), [1]))


def test_a_single_picture_is_a_video_of_one_frame(tmp_path: Path) -> None:
    path = tmp_path / "a face.JPG"
    Image.new("RGB", (8, 6), (200, 0, 0)).save(path)
    assert holds_pictures(path)
    assert probe_pictures(path) == Footage(1, 8, 6, "pictures")
    ((index, picture),) = read_pictures(path, [0])
    assert (index, picture.shape) == (0, (6, 8, 3))


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_only_is_called_a_picture_is_refused(kind: str, tmp_path: Path) -> None:
    folder = _fill(tmp_path / "a", ["1.png"])
    if kind == "pipe":
        os.mkfifo(folder / "2.png")
    elif kind == "device":
        (folder / "2.png").symlink_to("/dev/zero")
    else:
        (folder / "2.png").mkdir()
    with pytest.raises(UnreadableVideo, match=r"'2\.png' is not a regular file"):
        probe_pictures(folder)


@pytest.mark.parametrize("kind", ["EPS", "DDS", "AVIF", "TIFF", "GIF", "ICO", "PPM"])
def test_a_picture_is_of_an_allowed_format_whatever_it_is_called(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "1.png"
    Image.new("RGB", (32, 32)).save(path, format=kind)
    monkeypatch.setattr("subprocess.check_call", lambda *_, **__: pytest.fail("a program was started"))
    with pytest.raises(UnreadableVideo, match="cannot be read as PNG, JPEG, BMP, WEBP"):
        read_picture(path)


def test_any_fault_of_a_decoder_costs_one_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise NotImplementedError("whatever")

    folder = _fill(tmp_path / "a", ["1.png"])
    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(UnreadableVideo, match="cannot be read"):
        probe_pictures(folder)


def test_mutated_pictures_are_read_or_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    whole = {}
    for kind in ("PNG", "JPEG", "BMP", "WEBP"):
        Image.effect_noise((24, 24), 80).convert("RGB").save(tmp_path / kind, format=kind)
        whole[kind] = (tmp_path / kind).read_bytes()
    refused = 0
    for number in range(400):
        content = bytearray(whole[list(whole)[number % 4]])
        for place in random.integers(0, len(content), 1 + number % 7):
            content[place] = random.integers(256)
        (tmp_path / "1.png").write_bytes(content)
        try:
            assert read_picture(tmp_path / "1.png").dtype == np.uint8
        except UnreadableVideo:
            refused += 1
    assert 0 < refused < 400
