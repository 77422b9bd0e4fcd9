"""`clipforensics audit` as a user runs it: files, exit codes, one line for a mistake."""

import json
import subprocess
import sys

import pytest

from tests.support.repository import ROOT
from tests.support.score_files import TRAIN, VIDEOS, write_scores, write_train


def run(*arguments):
    command = [sys.executable, "-m", "clipforensics", "audit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)


def test_a_good_run_writes_both_files_and_says_the_verdict(files, tmp_path):
    done = run(*files)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        "2 of 5 NT fakes have a twin in training: mine's video AUC is 1.000 on those"
    )
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["metrics.json", "report.html"]
    content = json.loads(
        (tmp_path / "out/metrics.json").read_text(encoding="utf-8"),
        parse_constant=lambda name: pytest.fail(f"{name} is not JSON"),
    )
    assert content["inputs"][0]["file"] == "mine.csv"
    assert {"cells", "points", "leakage", "bootstrap", "names"} <= set(content)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.csv", "--train", "{t}"], "error: nowhere.csv: cannot be read: No such file"),
        (["{s}", "--train", "{s}", "--real", "none"], "error: --real 'none': is in neither file"),
        (["{s}", "--train", "{t}", "--reference", "nowhere.csv"], "nowhere.csv: cannot be read"),
        (["{t}", "--train", "{t}"], "no column label, score"),
    ],
)
def test_a_mistake_is_one_line_and_exit_1_and_writes_nothing(files, tmp_path, arguments, words):
    given = [a.format(s=files[0], t=files[2]) for a in arguments]
    done = run(*given, "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr
    assert not (tmp_path / "out").exists()


def test_torch_is_not_imported():
    code = "import sys, clipforensics.audit.running; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    heavy = {"torch", "transformers", "peft", "matplotlib", "av", "sklearn"}
    assert heavy & set(found.stdout.split()) == set()


def test_a_doubtful_name_is_one_line_and_exit_1(tmp_path):
    videos = {(m, v.replace("_", "-"), label): s for (m, v, label), s in VIDEOS.items()}
    scores, train = write_scores(tmp_path / "a.csv", videos), write_train(tmp_path / "train.csv", TRAIN)
    done = run(str(scores), "--train", str(train), "--out", str(tmp_path / "out"))
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "SCORES: 5 of 8 names are not to be trusted, such as '001-002'" in done.stderr
    assert not (tmp_path / "out").exists()
