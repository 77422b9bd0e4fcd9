"""File metadata: what the forest sees, and that it finds what files give away and nothing else."""

import numpy as np
import pandas as pd
import pytest

from clipforensics.controls.contract import FILE_FACTS
from clipforensics.controls.kinds import metadata
from tests.support.controls import auc_on_test, controls_section, make_known


def video(**changes):
    row = {"codec": "h264", "width": 640, "height": 480, "n_frames": 50, "n_bytes": 1000, "frame_rate": 25.0}
    return pd.DataFrame([{**row, "key_interval": 12.5, "encoder": "Lavf58", **changes}])


KNOWN = {"codec": ["h264", "vp9"], "encoder": ["", "Lavf58"]}


def test_features_by_hand():
    found = metadata.features(video(), KNOWN)
    assert found.tolist() == [[640, 480, 50, 1000, 25, 12.5, 640 / 480, 20, 2, 1, 0, 0, 1]]


def test_a_rate_that_is_not_known_has_no_seconds_and_a_new_name_no_column():
    found = metadata.features(video(frame_rate=0.0, codec="av1", encoder="Lavf61"), KNOWN)
    assert found[0, 8:].tolist() == [0, 0, 0, 0, 0]


def test_of_many_names_those_of_most_videos_count():
    names = [f"made by {i:02d}" for i in range(metadata.MOST_NAMES + 5)]
    table = pd.concat([video(encoder=name) for name in (*names, *names[3:])])
    found = metadata.categories(table)
    assert found["codec"] == ["h264"]
    assert found["encoder"] == names[3 : metadata.MOST_NAMES + 3]


def test_no_label_name_or_identity_is_a_feature():
    plain = metadata.features(video(), KNOWN)
    told = video(label=1, manipulation="Swap", target="a", source="b", path="fake/a.mp4", compression="c40")
    assert (metadata.features(told, KNOWN) == plain).all()


def test_it_reads_what_controls_may_see_and_all_of_it():
    assert {*metadata.NAMES, *metadata.NUMBERS} == set(FILE_FACTS)
    assert not set(FILE_FACTS) & {
        "label",
        "manipulation",
        "path",
        "target",
        "source",
        "sha256",
        "compression",
    }


def test_what_separates_the_classes_is_found(tmp_path):
    known = make_known(tmp_path, telling=True)
    assert auc_on_test(metadata.fit(known, controls_section(), 1), known) == 1


@pytest.mark.parametrize("column", ["key_interval", "encoder"])
def test_key_frames_and_the_encoders_tag_alone_give_the_classes_away(column, tmp_path):
    known = make_known(tmp_path)
    odd = np.array([int(key[1:]) % 2 for key in known.videos.index])
    known.videos[column] = {
        "key_interval": np.where(odd, 250.0, 12.0),
        "encoder": np.where(odd, "Lavf58", "Android"),
    }[column]
    assert auc_on_test(metadata.fit(known, controls_section(), 1), known) == 1


def test_where_files_say_nothing_it_is_at_chance(tmp_path):
    aucs = []
    for seed in range(12):
        known = make_known(tmp_path / str(seed), shift=3.0, seed=seed)  # embeddings tell, files do not
        aucs.append(auc_on_test(metadata.fit(known, controls_section(seed=seed), 1), known))
    assert np.mean(aucs) == pytest.approx(0.5, abs=3 * np.std(aucs) / np.sqrt(len(aucs)))
    assert max(aucs) < 0.85


def test_the_leaf_best_on_validation_is_kept_and_ties_take_the_largest(tmp_path):
    known = make_known(tmp_path, telling=True)
    section = controls_section(metadata={"trees": 25, "min_leaf": [1, 2, 40]})
    fitted = metadata.fit(known, section, 1)
    assert fitted.chosen == {"min_leaf": 2}, "1 and 2 both separate, 40 cannot"
    assert fitted.rank == (1, 1)


def test_it_is_the_same_again_and_one_score_a_video(tmp_path):
    known = make_known(tmp_path)
    rows = np.arange(len(known.index))
    scores = [metadata.fit(known, controls_section(), 1).score(rows) for _ in range(2)]
    assert (scores[0] == scores[1]).all()
    assert (np.ptp(scores[0].reshape(-1, 3), axis=1) == 0).all()
    assert ((scores[0] >= 0) & (scores[0] <= 1)).all()
    assert len(set(scores[0])) > 5
    back = metadata.fit(known, controls_section(), 1).score(rows[::-1])
    assert (back == scores[0][::-1]).all()
