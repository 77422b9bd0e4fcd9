"""What a reader must know of one video before relying on its score: a sentence each, the gravest first."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from clipforensics.footage.pictures import PICTURES
from clipforensics.publishing.validation import DIGITS
from clipforensics.scoring.drawn import Drawn
from clipforensics.scoring.validated import Validated

if TYPE_CHECKING:
    from clipforensics.scoring.judging import Case


def cautions(case: "Case", drawn: Drawn, validated: Validated) -> Iterator[str]:
    """The warnings of a video that was scored."""
    exhibit, seen, known = case.exhibit, case.seen, validated.footage
    if validated.is_toy:
        yield "this detector is a toy: it has only ever seen rendered cartoon faces"
    if not validated.usable and exhibit.sha256[:DIGITS] in known["digests"]:  # else it is the reason
        yield "it is one of the videos that the detector was trained or validated on"
    yield from _people(case, drawn)
    if case.unlike is None:
        yield "whether its frames are like the footage of training cannot be told with this detector"
    if exhibit.n_frames < min(drawn.n_frames, known["n_frames"][0]):
        n = "1 frame" if exhibit.n_frames == 1 else f"{exhibit.n_frames} frames"
        yield f"it is short: {n}, the shortest in training and validation has {known['n_frames'][0]}"
    n_main = int((seen.people == seen.people[0]).sum())
    if n_main < len(seen.sampled):
        yield f"{len(seen.sampled) - n_main} of {len(seen.sampled)} sampled frames do not show the person"
    if exhibit.codec not in known["codecs"]:
        what = "it is pictures" if exhibit.codec == PICTURES else f"its codec is {exhibit.codec}"
        yield f"{what}; training and validation had {', '.join(known['codecs'])}"
    if known["face_size"] and exhibit.shorter_side < known["shorter_side"][0]:  # else it is the reason
        yield (
            f"its shorter side has {exhibit.shorter_side} pixels, the smallest in training and validation"
            f" {known['shorter_side'][0]}"
        )


def _people(case: "Case", drawn: Drawn) -> Iterator[str]:
    seen, around = case.seen, drawn.around
    if around is None:
        return
    if around.person == "mask":
        yield (
            "the detector was trained on whoever the data set's mask marked; nothing marks anybody here, and"
            " the largest person is scored"
        )
    n_people = len(set(seen.people.tolist()))
    if n_people > 1 and not around.apart:
        how = "most central" if around.person == "central" else "largest"
        yield f"{n_people} people are shown, and the video is judged by the {how} one alone; see each below"
