"""Pictures of the error lists: which frames are shown, each read once, shrunk and never enlarged."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from clipforensics.report.sections import gallery
from clipforensics.report.sections.gallery import Album, error_lists
from tests.support.made_up_findings import FAKE_KEY, NASTY, REAL_KEY, Store, errors


def pixels(uri):
    assert uri.startswith("data:image/jpeg;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1]))))


def test_a_data_uri_is_the_picture_shrunk_and_never_enlarged():
    picture = np.full((40, 20, 3), (200, 60, 10), dtype=np.uint8)
    small, same = pixels(gallery.data_uri(picture, size=10)), pixels(gallery.data_uri(picture, size=100))
    assert small.shape == (10, 5, 3)
    assert same.shape == (40, 20, 3)
    assert np.abs(same.astype(int) - picture).max() <= 6


def test_pictures_are_the_wanted_frames_in_the_wanted_order():
    album = Album(Store(), size=32)
    found = album.pictures(FAKE_KEY, [30, 10])
    assert [p.frame for p in found] == [30, 10]
    assert [round(pixels(p.uri)[..., 0].mean() / 10) for p in found] == [8, 6]  # rows 5 to 9 are this video's


@pytest.mark.parametrize(
    ("per_video", "frames"), [(1, [20]), (3, [0, 20, 40]), (2, [10, 30]), (9, [0, 10, 20, 30, 40])]
)
def test_without_wanted_frames_they_are_spread_over_the_video(per_video, frames):
    album = Album(Store(), size=32, per_video=per_video)
    assert [p.frame for p in album.pictures(REAL_KEY)] == frames
    assert [p.frame for p in album.pictures(REAL_KEY, [999])] == frames


def test_a_video_that_is_not_stored_has_no_pictures():
    assert Album(Store(), size=32).pictures("sample/real/c23/404") == ()


def test_only_the_first_videos_of_a_list_are_read_and_each_frame_once():
    store = Store()
    album = Album(store, size=32)
    lists = error_lists(errors(), album, pictures_per_list=1)
    lists += error_lists(errors(), album, pictures_per_list=1)
    assert [[e.name for e in found.pictured] for found in lists[:3]] == [["001"], ["001_002"], ["001_002"]]
    assert [e.name for e in lists[0].plain] == [NASTY]
    assert len(store.reads) == len(set(store.reads)) > 0


def test_entries_say_what_went_wrong():
    positives, _, worst = error_lists(errors(), Album(Store(), size=32), pictures_per_list=0)
    assert (positives.entries[0].name, positives.entries[0].origin) == ("001", "real c23")
    assert worst.entries[0].origin == "NeuralTextures c23"
    assert worst.entries[0].facts == ("score .12", "80% of 5 frames wrong")
    assert not positives.pictured
