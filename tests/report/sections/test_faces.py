"""What the page says of faces: one sentence, a warning where their number gives the class away, a table."""

import numpy as np
import pytest
from scipy.stats import hypergeom, norm

from clipforensics.report.sections.faces import CLEAR, about_clue, about_faces, faces_table
from tests.support.made_up_findings import rendered

CUT = {"person": "largest", "margin": 1.3, "align": False, "without_face": "skip"}
NONE = {"detector": "none", "rows": [], "reason": "no faces were looked for"}


def row(label, n_videos, *, without=0, several=0, frames=80, missing=0, manipulation="", sizes=(40, 90, 300)):
    return {
        "manipulation": manipulation or ("GAN" if label else "real"), "label": label, "n_videos": n_videos,
        "n_without_face": without, "n_several": several, "n_frames": frames, "n_missing": missing,
        "face_size": dict(zip(("smallest", "median", "largest"), sizes, strict=True)) if sizes else None,
    }  # fmt: skip


def found(*rows):
    return {"detector": "yunet", "rows": list(rows)}


def test_the_rule_and_the_counts_in_one_sentence():
    faces = found(row(0, 17, without=1, several=2, frames=128, missing=7), row(1, 11, frames=88))
    assert about_faces(faces, CUT) == (
        "Frames are cut around the largest person of each video: a square, 1.3 times the face's longer side."
        " Of 28 videos, no face was found in 1 (they are left out) and several in one frame in 2; 7 of 216"
        " sampled frames without that person are left out."
    )
    assert "upright, 1.3 times InsightFace's template" in about_faces(faces, CUT | {"align": True})
    assert "their whole frames are used" in about_faces(faces, CUT | {"without_face": "whole"})


def test_other_data_sets_have_no_say_in_the_sentence():
    own = (row(0, 17, without=1), row(1, 11))
    others = (row(0, 9, without=5, manipulation="real@o"), row(1, 9, manipulation="GAN@o"))
    assert about_faces(found(*own, *others), CUT) == about_faces(found(*own), CUT)
    assert about_faces(found(*others), CUT) == about_faces(NONE, CUT)
    assert about_clue(found(*own, *others)) == about_clue(found(*own))


def test_nothing_is_said_of_a_run_without_faces_but_that():
    assert about_faces(NONE, CUT) == "Frames are cut around their middle: no faces were looked for."
    assert about_faces(None, {}) == about_clue(None) == about_clue(NONE) == ""
    assert faces_table(None) is faces_table(NONE) is None


def fisher(a, n_a, b, n_b):
    """Two-sided, by summing the probabilities of all tables that are no likelier."""
    odds = [hypergeom.pmf(k, n_a + n_b, a + b, n_a) for k in range(a + b + 1)]
    return sum(p for p in odds if p <= odds[a] * (1 + 1e-7))


@pytest.mark.parametrize("several", range(0, 21, 2))
def test_a_count_that_differs_beyond_chance_is_a_warning(several):
    said = about_clue(
        found(
            row(0, 20, several=1),
            row(1, 10, several=several // 2),
            row(1, 10, several=several - several // 2, manipulation="B"),
        )
    )
    assert bool(said) == (fisher(1, 20, several, 20) < CLEAR)
    if several == 20:
        assert said.startswith(
            "Videos with several faces in one frame are 5% of the real and 100% of the manipulated (p < .001)"
        )


def test_both_counts_may_differ_and_one_class_alone_cannot():
    both = about_clue(found(row(0, 50, without=20), row(1, 50, several=25)))
    assert "without any face are 40% of the real and 0% of the manipulated" in both
    assert "with several faces in one frame are 0% of the real and 50% of the manipulated" in both
    assert about_clue(found(row(1, 50, several=25))) == ""


def test_a_difference_that_is_sure_but_small_is_not_called_more_than_a_difference():
    said = about_clue(found(row(0, 60_000, several=1200), row(1, 60_000, several=1500)))
    assert said.startswith(
        "Videos with several faces in one frame are 2% of the real and 2% of the manipulated (p < .001): how"
        " many faces"
    )
    assert "may go by" in said


def test_the_table_has_a_row_a_manipulation():
    table = faces_table(found(row(0, 17, without=1), row(1, 3, sizes=None, manipulation="Face2Face")))
    (group,) = table.groups
    assert [entry.text for entry in group.rows[0]] == ["real", "17", "1", "0", "80", "0", "40", "90", "300"]
    assert group.rows[1][-1].text == "–"
    assert all(len(cells) == len(table.columns) for cells in group.rows)


def test_the_page_shows_them():
    several = found(row(0, 50), row(1, 50, several=25, manipulation="<b>"))
    page = rendered(faces=several, settings={"extract_frames": CUT})
    assert "Faces found, by class" in page
    assert "differs between the classes" in page
    assert "&lt;b&gt;" in page
    assert "no faces were looked for" in rendered(faces=NONE)


def crowds(label, people, **more):
    return {**row(label, sum(people.values()), **more), "people": people}


EVERY = CUT | {"person": "every", "min_share": 0.25}


def test_everybody_is_said_to_be_looked_at_and_the_largest_to_be_trained_on():
    said = about_faces(found(crowds(0, {"1": 8, "3": 2}), crowds(1, {"1": 5})), EVERY)
    assert said.startswith(
        "Training sees the largest person of each video, and a frame's score is the highest of its people (19"
        " in 15 videos). Each is cut out apart: a square, 1.3 times the face's longer side. Of 15 videos, no"
    )
    assert "sampled frames without anybody are left out" in said


def slow_p(real, fake):
    """Mann and Whitney's, two-sided: the normal approximation with ties, corrected for continuity."""
    both, n, m = sorted([*real, *fake]), len(real), len(fake)
    ranks = {x: np.mean([i + 1 for i, y in enumerate(both) if y == x]) for x in both}
    u = sum(ranks[x] for x in real) - n * (n + 1) / 2
    ties = sum(both.count(x) ** 3 - both.count(x) for x in set(both))
    spread = np.sqrt(n * m / 12 * ((n + m + 1) - ties / ((n + m) * (n + m - 1))))
    return min(1.0, 2 * norm.sf((abs(u - n * m / 2) - 0.5) / spread))


@pytest.mark.parametrize("several", range(0, 21, 2))
def test_people_that_differ_by_class_beyond_chance_are_a_warning(several):
    """No count of videos with several faces at once differs: the numbers of people alone."""
    real, fake = {"2": 20}, {"2": 20 - several, "4": several}
    fake = {n: videos for n, videos in fake.items() if videos}
    said = about_clue(found(crowds(0, real, several=20), crowds(1, fake, several=20)))
    assert bool(said) == (several > 0 and slow_p([2] * 20, [2] * (20 - several) + [4] * several) < CLEAR)
    if several == 20:
        assert said.startswith(
            "A real video has 2.0 people on average, a manipulated one 4.0 (p < .001): a frame's"
        )
        assert "how many people they show" in said


def test_results_by_masks_are_called_a_diagnosis_first():
    masks = {"own": 3, "lent": 0, "none": 1, "by_size": 2}
    several = found({**row(0, 4), "masks": masks}, {**row(1, 4), "masks": masks})
    assert "nobody has a mask of a new clip" in about_clue(several).lower()
    said = about_faces(several, CUT | {"person": "mask"})
    assert "on whom the manipulation mask lies" in said
    assert "4 videos in which no mask says who show the largest" in said
    page = rendered(faces=several, settings={"extract_frames": CUT | {"person": "mask"}})
    assert "are a diagnosis, not what a user gets" in page
