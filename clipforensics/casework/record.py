"""case.json: everything that a second examiner needs to check a case, or to do it again."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from clipforensics.adaptation.record import RECORD
from clipforensics.casework.claims import read_claims
from clipforensics.casework.examining import Examination
from clipforensics.casework.outputs import FORM, HEAD
from clipforensics.casework.software import software
from clipforensics.casework.wording import LIMITS
from clipforensics.core.files import json_ready, read_json
from clipforensics.explanations.relevance import METHOD
from clipforensics.faces.face import POINTS, Face
from clipforensics.footage.container import Container
from clipforensics.footage.pictures import files_of
from clipforensics.footage.probing import digest
from clipforensics.metrics.auc import roc_auc
from clipforensics.publishing.digests import package_digest, package_files
from clipforensics.publishing.files import POINT
from clipforensics.publishing.methods import describe_method
from clipforensics.scoring.detector import Detector
from clipforensics.scoring.over_frames import CONFIDENCE, N_DRAWS
from clipforensics.scoring.validated import Validated

Json = dict[str, Any]


def case_record(
    seen: Examination, detector: Detector, *, prior: float | None, elsewhere: Sequence[str] = ()
) -> Json:
    """Content of case.json; no clock time, host name or path of this machine in it.

    Args:
        seen: The video.
        detector: By which it was judged.
        prior: As asked for.
        elsewhere: Options by which parts were named that the package lacks: `--encoder`, `--face-detector`.
    """
    found: Json = json_ready(
        {
            HEAD: FORM,
            "exhibit": exhibit_of(seen),
            "verdict": _verdict(seen),
            "propositions": detector.validated.propositions,
            "sampled": _sampled(seen),
            "faces": [_face(face) for face in seen.case.seen.everybody],
            "shown": _shown(seen),
            "file": file_of(seen.container),
            "c2pa": read_claims(seen.path),
            "model": model_of(detector),
            "settings": settings_of(detector, prior),
            "limits": LIMITS,
            "software": software(),
            "again": again(seen.name, detector, prior, elsewhere),
        }
    )
    return found


def as_text(record: Mapping[str, Any]) -> str:
    """The file's text: ASCII alone, so that any name can stand in it."""
    return json.dumps(record, indent=2, allow_nan=False, ensure_ascii=True) + "\n"


def exhibit_of(seen: Examination) -> Json:
    """Name, digest, size and shape of what was examined; of a folder of pictures, those of each as well."""
    found = asdict(seen.case.exhibit)
    found = {"name": found.pop("path"), **found, "seconds": seen.case.exhibit.seconds}
    if seen.path.is_dir():
        found["pictures"] = {part.name: digest(part) for part in files_of(seen.path)}
    return found


def _verdict(seen: Examination) -> Json:
    """As `clipforensics score` has it, without what stands elsewhere in the case."""
    left_out = ("exhibit", "path", "frames")
    return {name: value for name, value in seen.verdict.to_dict().items() if name not in left_out}


def _sampled(seen: Examination) -> list[Json]:
    """Every frame that was looked at, with the score of each person in it; none: nobody was found in it."""
    scored: dict[int, list[Json]] = {}
    for row, one in enumerate(seen.verdict.frames):
        face = seen.case.seen.faces[row]
        about = {"person": one.person, "score": one.score, "face": None if face is None else _face(face)}
        scored.setdefault(one.frame, []).append(about)
    return [
        {"frame": number, "seconds": seen.seconds(number), "scored": scored.get(number, [])}
        for number in seen.case.seen.sampled.tolist()
    ]


def _face(face: Face) -> Json:
    points = dict(zip(POINTS, zip(face.points[::2], face.points[1::2], strict=True), strict=True))
    box = [face.x, face.y, face.width, face.height]
    return {"frame": face.frame, "person": face.person, "box": box, "sureness": face.score, "points": points}


def _shown(seen: Examination) -> Json:
    """Which frames the page shows, and how strong the heatmap of each is."""
    rows = [
        {
            "frame": int(seen.case.seen.frames[one.row]),
            "person": int(seen.case.seen.people[one.row]),
            "rank": one.rank,
            "peak": one.peak,
        }
        for one in seen.moments
    ]
    return {"heatmaps": seen.untraced or METHOD, "frames": rows}


def file_of(container: Container | None) -> Json | None:
    """What the file says of itself; when each frame is shown stands with the frames."""
    if container is None:
        return None
    found = asdict(container)
    del found["times"]
    steps = container.steps
    return {
        **found,
        "key_interval": round(container.key_interval, 3),
        "shortest_step": None if steps is None else round(steps[0], 6),
        "longest_step": None if steps is None else round(steps[1], 6),
    }


def model_of(detector: Detector) -> Json:
    """The package: what it is, its digest and each file's, and what validation showed."""
    place = detector.place
    about = read_json(place.folder / RECORD)
    return {
        "method": about["method"],
        "title": describe_method(about["method"]).title,
        "name": place.name if place.commit else "",
        "commit": place.commit,
        "sha256": package_digest(place.folder),
        "files": package_files(place.folder),
        "encoder": about["encoder"],
        "seed": about["seed"],
        "validation": {"auc": validation_auc(detector.validated), **read_json(place.folder / POINT)},
        "footage": detector.validated.footage,
        "is_toy": detector.validated.is_toy,
    }


def validation_auc(validated: Validated) -> float:
    """AUC of the validation videos' scores."""
    real, fake = validated.abstainer.real.scores, validated.abstainer.manipulated.scores
    return roc_auc([*real, *fake], [0] * len(real) + [1] * len(fake))


def settings_of(detector: Detector, prior: float | None) -> Json:
    """How frames were drawn and scores made of them; a face detector by its digest alone."""
    drawn, validated = detector.drawn, detector.validated
    around = None if drawn.around is None else drawn.around.model_dump()
    if around is not None:
        around = {key: value for key, value in around.items() if key not in ("weights", "weights_file")}
    return {
        "frames": drawn.n_frames,
        "around": around,
        "picture": asdict(detector.package.preprocessing.fitting),
        "pooling": validated.pooling,
        "threshold_rule": validated.rule,
        "alpha": validated.abstainer.alpha,
        "interval": {"confidence": CONFIDENCE, "draws": N_DRAWS},
        "prior_asked_for": prior,
    }


def again(name: str, detector: Detector, prior: float | None, elsewhere: Sequence[str]) -> Json:
    """The command by which a second examiner gets the same bytes, and what that takes."""
    place, file = detector.place, name if not name.startswith("-") else f"./{name}"
    model = f"{place.name} --revision {place.commit}" if place.commit else "MODEL"
    asked = "" if prior is None else f" --prior {prior!r}"
    parts = "".join(f" {option} {_place_of(option)}" for option in elsewhere)
    needs = [
        f"the exhibit under its name, {name}, in the working folder",
        "MODEL: the folder of the package whose files have these digests" if not place.commit else "",
        *(
            f"{_place_of(option)}: the one whose sha256 stands with the package or the settings"
            for option in elsewhere
        ),
        "these versions of Python and packages, under Linux on an x86-64 CPU with AVX2",
    ]
    return {
        "command": f"clipforensics case {shlex.quote(file)} --model {model}{parts}{asked} --out CASE",
        "needs": [one for one in needs if one],
    }


def _place_of(option: str) -> str:
    """What stands for a path in the command: `--face-detector` wants FACE_DETECTOR."""
    return option.removeprefix("--").replace("-", "_").upper()
