"""The audit's page: every stratum, its numbers, and names that are only text."""

import re
import shutil

import pytest

from clipforensics.audit import command as audit
from tests.report.test_browser import browse
from tests.support.score_files import TRAIN, VIDEOS, score_rows, write_csv, write_scores, write_train
from tests.support.shared_data import PEER_SCORES, needs_shared

needs_chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def files(tmp_path):
    """Arguments of a small audit that works, with a folder `out`."""
    scores = write_scores(tmp_path / "mine.csv", VIDEOS)
    train = write_train(tmp_path / "train.csv", TRAIN)
    return [str(scores), "--train", str(train), "--out", str(tmp_path / "out"), "--replicates", "100"]


def test_the_page_has_every_stratum_and_its_numbers(files, tmp_path):
    audit.main([*files, "--confidence", "0.9"])
    text = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    for words in (
        "all fakes",
        "with a twin in training",
        "without a twin",
        "any identity seen",
        "no identity",
    ):
        assert f'<th scope="row">{words}' in text
    assert "90% intervals" in text
    assert "nothing calibrates these scores" in text
    assert "2 fake, 3 real" in text
    assert text.count('<svg class="figure"') == 2
    assert "training videos themselves" not in text


@needs_chromium
def test_hostile_names_are_harmless(tmp_path):
    """In a video, a person, a manipulation, a column and the file's name: shown as text, no path of them."""
    videos = {(m.replace("NT", f"NT{EVIL}"), v, label): s for (m, v, label), s in VIDEOS.items()}
    videos[f"NT{EVIL}", f"../../{EVIL}", 1] = 0.5
    videos |= {(f"NT{EVIL}", f"x{i}", 1): 0.5 for i in range(12)}
    people = {name: name.split("_") for name in {v for _, v, _ in videos} | {v for _, v in TRAIN}}
    people |= {f"x{i}": [EVIL, f"x{i}"] for i in range(12)}
    rows = [(name, *ids[:2]) for name, ids in people.items()]
    table = write_csv(tmp_path / "people.csv", ("video", "identity", "identity_2"), rows)
    rows = [(*row, "x") for row in score_rows(videos)]
    header = ("manipulation", "video", "frame", "label", "score", EVIL)
    scores = write_csv(tmp_path / "<img src=x onerror=alert(1)>.csv", header, rows)
    train = write_train(tmp_path / "train.csv", TRAIN)
    out = tmp_path / "a" / "out"
    audit.main(
        [*map(str, (scores, "--train", train, "--identities", table, "--out", out)), "--replicates", "50"]
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([scores.name, table.name, "train.csv", "a"])
    text = (out / "report.html").read_text(encoding="utf-8")
    assert EVIL not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    messages, dom = browse(tmp_path, text)
    assert messages == []
    assert "width" in dom


@needs_shared
@needs_chromium
def test_the_peers_page_opens_in_a_browser_and_fits_a_phone(tmp_path):
    peers = [str(PEER_SCORES / f"{name}.csv") for name in ("lora", "linear", "vpt")]
    train = str(PEER_SCORES / "train.csv")
    audit.main([*peers, "--train", train, "--out", str(tmp_path), "--replicates", "500"])
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Nine of ten NeuralTextures fakes have a twin in training" in text
    assert "90 fake, 10 real" in text
    messages, dom = browse(tmp_path, text)
    assert messages == []
    width, inner, height = map(int, re.search(r"width (\d+) of (\d+), height (\d+)", dom).groups())
    assert width <= inner
    assert height > 1000
