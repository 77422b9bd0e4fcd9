"""The pictures of docs/static/; `python -m tests.support.refresh_pictures` takes them anew.

Report and detector are those of the last `dvc repro` (report/report.html, models/), the audit is that of the
published scores beside the checkout. Headless Chromium takes them; 256 colours keep them small.
"""

import contextlib
import io
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from clipforensics.audit import command as audit
from clipforensics.casework import case_command, explain_command
from tests.report.test_browser import FLAGS
from tests.support.browser import Tab
from tests.support.imports import ROOT
from tests.support.servers import running
from tests.support.shared_data import PEER_SCORES

PICTURES = ROOT / "docs" / "static"
REPORT = ROOT / "report" / "report.html"
COLOURS = 256


@dataclass(frozen=True, slots=True)
class View:
    """What of a page is taken.

    Attributes:
        width, height: Of the window, in pixels; it shows the top of what is not hidden.
        hidden: CSS selector of what is left out; with one, every fold is opened.
        above: Pixels cut off at the top, where what is left out leaves a margin.
    """

    width: int
    height: int
    hidden: str = ""
    above: int = 0


OUTSIDE = "body > :not(main), main > :not(#{section})"
OF_THE_REPORT = {
    "report": View(1200, 1250),
    "errors": View(
        1000,
        648,
        f"{OUTSIDE.format(section='errors')}, #errors > h2, #errors > details > :is(summary, :not(h3 ~ *)), "
        "#errors > details > details:not(:has(.gallery)), .gallery > :nth-child(n + 4)",
        above=104,
    ),
    "robustness": View(1200, 860, OUTSIDE.format(section="robustness"), above=70),
}
OF_THE_AUDIT = {"audit": View(1200, 1120)}
MODEL = ROOT / "models/lora/grouped/FaceSwap-42"
CLIP = ROOT / "data/sample/videos/manipulated_sequences/FaceSwap/c23/videos/056_073.mp4"
OF_THE_CLIP = {"explain": View(1200, 1420)}
OF_THE_CASE = {"case": View(1200, 1180)}
OF_THE_SERVICE = {"serve": View(1000, 1150)}


def main() -> None:
    """Take all of them.

    Raises:
        SystemExit: a page to take them of is missing.
    """
    if not REPORT.is_file() or not MODEL.is_dir() or not PEER_SCORES.is_dir():
        sys.exit(f"needs {REPORT} and {MODEL} (`dvc repro` makes both) and {PEER_SCORES}")
    with tempfile.TemporaryDirectory() as folder:
        arguments = [str(PEER_SCORES / "lora.csv"), "--train", str(PEER_SCORES / "train.csv")]
        with contextlib.redirect_stdout(io.StringIO()):
            audit.main([*arguments, "--naming", "ffpp", "--out", folder])
        pages = {REPORT: OF_THE_REPORT, Path(folder) / "report.html": OF_THE_AUDIT}
        pages |= of_a_clip(Path(folder))
        for page, views in pages.items():
            for name, view in views.items():
                take(page.read_text(encoding="utf-8"), view, PICTURES / f"{name}.png")
        serve(Path(folder))


def of_a_clip(folder: Path) -> dict[Path, dict[str, View]]:
    """The pages that `explain` and `case` write of one clip of the sample."""
    explained, case = folder / "explained.html", folder / "case"
    with contextlib.redirect_stdout(io.StringIO()):
        explain_command.main([str(CLIP), "--model", str(MODEL), "--out", str(explained)])
        case_command.main([str(CLIP), "--model", str(MODEL), "--out", str(case)])
    return {explained: OF_THE_CLIP, case / "case.html": OF_THE_CASE}


def serve(folder: Path) -> None:
    """The local page, once the clip is scored."""
    ((name, view),) = OF_THE_SERVICE.items()
    (folder / "tmp").mkdir()
    with running(MODEL, tmp=folder / "tmp") as server, Tab(folder / "tab") as tab:
        tab.open(f"{server.url}/", width=view.width, height=view.height)
        tab.choose("#file", CLIP)
        tab.wait("!document.getElementById('result').hidden")
        tab.picture(folder / "raw.png")
    with Image.open(folder / "raw.png") as picture:
        save(picture.convert("RGB").crop((0, 0, view.width, view.height)), PICTURES / f"{name}.png")


def take(page: str, view: View, out: Path) -> None:
    """A picture of a page's HTML in `COLOURS` colours."""
    with tempfile.TemporaryDirectory() as folder:
        source, raw = Path(folder) / "page.html", Path(folder) / "raw.png"
        source.write_text(shown(page, view), encoding="utf-8")
        size = [f"--window-size={view.width},{view.height}", "--hide-scrollbars", f"--screenshot={raw}"]
        profile = f"--user-data-dir={Path(folder) / 'profile'}"
        command = ["chromium", *FLAGS, profile, *size, source.as_uri()]
        subprocess.run(command, capture_output=True, timeout=120, check=True)
        with Image.open(raw) as picture:
            part = picture.convert("RGB").crop((0, view.above, *picture.size))
    save(part, out)


def save(part: Image.Image, out: Path) -> None:
    """In `COLOURS` colours."""
    octree = Image.Quantize.FASTOCTREE  # the default loses rare colours: red margins, heatmaps
    reduced = part.quantize(COLOURS, method=octree, dither=Image.Dither.NONE)
    reduced.save(out, optimize=True)


def shown(page: str, view: View) -> str:
    """The page with what is left out hidden, and then its folds open."""
    if not view.hidden:
        return page
    style = f"<style>{view.hidden} {{display: none}}</style></head>"
    return page.replace("</head>", style, 1).replace("<details>", "<details open>")


if __name__ == "__main__":
    main()
