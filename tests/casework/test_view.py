"""What both pages show."""

import re
from dataclasses import replace

from clipforensics.casework.view import over_time, shots_of, view_of
from tests.casework.conftest import EVIL


def test_frames_show_every_face_with_its_number_and_the_judged_one_boldest(pair):
    first, second = shots_of(pair.seen)
    assert [first.name, second.name] == [f"Person {one.person}" for one in pair.seen.verdict.people]
    frame = str(first.shots[0].frame)
    boxes = re.findall(r'<rect class="box (\w*) series-\d" x="(\d+)"[^>]*stroke-width="([\d.]+)"', frame)
    assert [kind for kind, _, _ in boxes] == ["other", ""]
    assert float(boxes[1][2]) > float(boxes[0][2])
    face = pair.seen.case.seen.faces[pair.seen.moments[0].row]
    assert int(boxes[1][1]) == face.x
    assert 'viewBox="0 0 1024 512"' in frame
    assert [len(one.shots) for one in (first, second)] == [4, 2]


def test_a_shot_says_when_and_how_high(whole):
    (group,) = shots_of(whole.seen)
    assert group.name == ""
    best = max(whole.seen.verdict.frames, key=lambda one: one.score)
    assert group.shots[0].about == f"frame {best.frame}, {best.seconds:.2f} s"
    assert group.shots[0].rank == f"Highest score {best.score:.3f}".replace(" 0.", " .")
    assert group.shots[0].heat.startswith("data:image/jpeg;base64,")


def test_a_line_a_person_over_time_for_desk_and_phone(pair):
    figures = over_time(pair.seen)
    assert [kind for kind, _ in figures] == ["wide", "narrow"]
    assert str(figures[0][1]).count('class="line series-') == 2
    once = replace(pair.seen, verdict=replace(pair.seen.verdict, frames=pair.seen.verdict.frames[:1]))
    assert over_time(once) == ()


def test_the_toy_is_said_once_and_names_cannot_be_markup(whole):
    toy = replace(
        whole.seen, verdict=replace(whole.seen.verdict, warnings=("this detector is a toy: x", "it is short"))
    )
    found = view_of(toy, whole.detector, whole.record)
    assert found["warnings"] == ["It is short."]
    assert found["name"] == EVIL.replace("/", "") + ".mp4"
