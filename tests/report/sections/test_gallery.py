"""Pictures of the error lists: which frames are shown, each read once, shrunk and never enlarged."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from clipforensics.explanations.maps import Heatmaps
from clipforensics.report.figures.overlay import overlay
from clipforensics.report.sections import gallery
from clipforensics.report.sections.gallery import Album, data_uri, error_lists
from tests.support.made_up_findings import FAKE_KEY, NASTY, REAL_KEY, Store, entry, errors


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


def heatmaps(frames=(10, 30), key=FAKE_KEY):
    maps = np.zeros((len(frames), 2, 2), dtype=np.float16)
    maps[:, 0, 0] = 1
    return Heatmaps(maps, {(key, frame): i for i, frame in enumerate(frames)})


def test_a_video_shows_the_same_frames_plain_and_under_every_detectors_heatmap():
    store = Store()
    album = Album(store, size=32, heatmaps={"baseline": heatmaps(), "lora": heatmaps()})
    _, negatives, worst = error_lists(errors(), album, pictures_per_list=1)
    (shown,) = worst.pictured
    assert [p.frame for p in shown.pictures] == [30, 10]
    assert [name for name, _ in shown.overlays] == ["Baseline", "LoRA"]
    assert [[p.frame for p in pictures] for _, pictures in shown.overlays] == [[30, 10], [30, 10]]
    row = 8  # frame 30 of the second video
    expected = overlay(store.read([row])[0], np.array([[1, 0], [0, 0]], dtype=np.float32))
    assert shown.overlays[0][1][0].uri == data_uri(expected, size=32)
    assert negatives.pictured[0].overlays == ()  # its evenly spread frames have no maps


def test_frames_with_a_map_go_before_those_without():
    album = Album(Store(), size=32, heatmaps={"lora": heatmaps(frames=(40,))})
    assert [p.frame for p in album.pictures(FAKE_KEY, [30, 40, 10])] == [40]
    assert [p.frame for p in album.pictures(REAL_KEY, [30, 40, 10])] == [30, 40, 10]
    assert [len(p) for _, p in album.overlays(FAKE_KEY, [30, 40, 10])] == [1]


def test_a_detector_that_lacks_a_map_of_a_shown_frame_is_left_out():
    maps = {"lora": heatmaps(frames=(10, 30)), "baseline": heatmaps(frames=(10,))}
    album = Album(Store(), size=32, heatmaps=maps)
    assert [name for name, _ in album.overlays(FAKE_KEY, [30, 10])] == ["LoRA"]


def test_entries_have_flags_spread_and_scores_over_time():
    rows = [
        entry(
            FAKE_KEY, 0.2, 1, twin=1, any_seen=1, cluster=0, spread=0.125, scores=[0.1, 0.3], frames=[0, 1]
        ),
        entry(FAKE_KEY, 0.2, 1, twin=0, any_seen=1, cluster=None),
        entry(FAKE_KEY, 0.2, 1, twin=0, any_seen=0, scores=[0.1, None]),
        entry(FAKE_KEY, 0.2, 1, error_rate=1.0, n_frames=1),
    ]
    wrong_ones = {**errors(), "false_negatives": rows, "frame_threshold": 0.5}
    _, found, _ = error_lists(wrong_ones, None, pictures_per_list=0)
    assert [e.flags for e in found.entries] == [
        ("twin in training", "cluster 0"), ("identity in training",), ("unseen",), (),
    ]  # fmt: skip
    assert found.entries[0].facts == ("score .20", "spread .12")
    assert found.entries[3].facts == ("score .20", "100% of 1 frame wrong")
    assert "spark" in found.entries[0].bar
    assert "M2 18H126" in found.entries[0].bar  # the threshold of frames, not of videos
    assert all('class="score"' in e.bar for e in found.entries[1:])


class Crowd(Store):
    """Two people in every frame of each video: rows of person 2, the main one, then of person 0."""

    def __init__(self):
        super().__init__(keys=(FAKE_KEY,), frames=(0, 10, 20, 0, 10, 20), people=(2, 2, 2, 0, 0, 0))


def reds(pictures):
    return [round(pixels(p.uri)[..., 0].mean() / 10) for p in pictures]


def test_a_picture_shows_the_person_by_whom_the_frame_was_judged():
    row = {**entry(FAKE_KEY, 0.1, 1, worst_frames=[10, 20]), "frames": [0, 10, 20], "people": [2, 0, 2]}
    maps = Heatmaps(np.ones((2, 2, 2)), {(FAKE_KEY, 10, 0): 0, (FAKE_KEY, 20, 2): 1})
    album = Album(Crowd(), size=32, heatmaps={"lora": maps})
    lists = error_lists({**errors(), "worst_videos": [row]}, album, pictures_per_list=1)
    (shown,) = lists[2].pictured
    assert [p.frame for p in shown.pictures] == [10, 20]
    assert reds(shown.pictures) == [4, 2]
    assert [name for name, _ in shown.overlays] == ["LoRA"]


def test_without_wanted_frames_the_main_person_is_shown():
    assert reds(Album(Crowd(), size=32).pictures(FAKE_KEY)) == [0, 1, 2]
