"""The package's model card for a converted detector: all that it says stays, but for how it is loaded."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import yaml

from clipforensics.adaptation.record import Usage
from clipforensics.core.faults import InputError
from clipforensics.publishing.card import FILES
from clipforensics.publishing.code import CLIP, EMBEDDING, POOLING
from clipforensics.publishing.files import CARD, FRAMES, POINT, read_part
from clipforensics.publishing.loading import APPLY_HEAD, READ_HEAD
from clipforensics.publishing.templates import render_code
from clipforensics.report.wording.markdown import Markdown, table

Json = dict[str, Any]

SECTION = re.compile(r"^## How to load it\n.*?(?=^## |\Z)", re.M | re.S)
FRONT = re.compile(r"\A---\n(.*?)^---\n", re.M | re.S)

NEW_FILES = {
    "conversion.json": "what this folder was made from and with, and how the two were compared",
    "model.onnx": "pixels to log odds",
    "model.onnx.data": "its weights",
    "model.safetensors": "the vision tower's weights, with what was trained in them",
    "validation.json": "what validation says of a score's worth",
    "face_detector.onnx": "finds the faces that frames are cut around",
}


def converted_card(folder: Path, section: str, library: str) -> str:
    """The package's README.md with another way to load it.

    Args:
        folder: The package.
        section: In the place of its own "How to load it".
        library: What the hub shall call it by.

    Raises:
        InputError: it has no README.md as packages have one.
    """
    path = folder / CARD
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    front = FRONT.match(text)
    head = _front_matter(front[1]) if front else None
    if front is None or head is None or len(SECTION.findall(text)) != 1:
        raise InputError(
            f"{path} is no package's model card: it must have a head between `---` and one section `How to"
            " load it`; package the detector again (`dvc repro package`)"
        )
    head = {**head, "library_name": library}
    body = SECTION.sub(lambda _: f"{section}\n", text[front.end() :])
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n{body}"


def _front_matter(text: str) -> Json | None:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    return found if isinstance(found, dict) else None


def section(made: str, needs: str, code: str, *, frames: Json, checked: str, files: Sequence[str]) -> str:
    """The section `How to load it`.

    Args:
        made: How the folder was made, a sentence.
        needs: What the code needs, a sentence.
        code: Python that runs in the folder.
        frames: Content of frames.json.
        checked: How it was compared with the package.
        files: Names in the folder, without README.md.
    """
    faces = frames.get("faces")
    cut = ", each cut around the face as `frames.json` says" if faces else ""
    if is_apart(frames):
        cut = ", every person cut out as `frames.json` says, in files `<frame>-<person>.png`"
    names = {**FILES, **NEW_FILES}
    listed = table(
        ("file", "what it holds"), [(name, names.get(name, "as in the package")) for name in files]
    )
    return (
        f"## How to load it\n\n{made} {needs} Save it as `judge.py` and run `python -P judge.py` in"
        " this folder (without `-P` Python would import whatever else lies there), with a video's frames in"
        f" `frames/`{cut}:\n\n```python\n{code}```\n\nChecked when it was made: {checked}.\n\n{listed}\n"
    )


def onnx_code(point: Json, frames: Json) -> str:
    """Python of an ONNX file's card: NumPy, Pillow and ONNX Runtime alone."""
    environment = jinja2.Environment(  # noqa: S701  Python
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("onnx.py.jinja").render(_judging(point, frames))


def tower_code(tower: Json | None, embedding: str, point: Json, frames: Json) -> str:
    """Python of a plain tower's card, which reads it with transformers alone.

    Args:
        tower: How transformers loads it, as `vision.record_of_tower` says; None for a CLIP. Never what a
            package says of it, which would be a stranger's code.
        embedding: Which.
        point: Content of operating_point.json.
        frames: Content of frames.json.
    """
    tower = tower or {**CLIP, "call": EMBEDDING[embedding]}
    content = {
        "tower_class": tower["tower"],
        "processor_class": tower["processor"],
        "options": "".join(f", {name}={value!r}" for name, value in tower["options"].items()),
        "kind": "tower",
        "usage": Usage(setup=(READ_HEAD,), log_odds=APPLY_HEAD),
        "encoder": "folder",
        "is_apart": False,
        "encoder_name": "",
        "embedding": tower["call"].format("pixels"),
    }
    return render_code("code.py.jinja", {**content, **_judging(point, frames)})


def is_apart(frames: Json) -> bool:
    """Whether every person of a frame has a picture apart, by frames.json."""
    return bool((frames.get("faces") or {}).get("person") == "every")


def read_beside(folder: Path) -> tuple[Json, Json]:
    """Contents of operating_point.json and frames.json, if code can be written from them.

    Raises:
        InputError: one is missing or damaged.
    """
    point, frames = read_part(folder, POINT), read_part(folder, FRAMES)
    try:
        _judging(point, frames)
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{folder}: {POINT} or {FRAMES} is damaged ({type(error).__name__}: {error}); copy the package"
            " again"
        ) from error
    return point, frames


def _judging(point: Json, frames: Json) -> Json:
    return {
        "pooling": POOLING[point["pooling"]],
        "people": is_apart(frames),
        "calibrated": point["video"]["calibration"] is not None,
    }


def made_of(form: str, digest: str) -> Markdown:
    """How a folder was made, in a sentence."""
    return Markdown(
        f"This folder was made by `clipforensics convert --to {form}` from the package whose detector.json"
        f" has the sha256 {digest}."
    )
