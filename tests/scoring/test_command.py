"""`clipforensics score`, as it is typed."""

import contextlib
import csv
import io
import json
import os
import shutil
import subprocess
import sys

import pytest

from clipforensics.command_line import main
from clipforensics.machine.kernels import PINS
from tests.support.clips import make_clip
from tests.support.imports import ROOT
from tests.support.scoring_packages import write_scoring_package
from tests.support.typed_commands import typed


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("score")
    write_scoring_package(folder / "good")
    write_scoring_package(folder / "chance", usable=False)
    for seed in range(3):
        make_clip(folder / "clips" / f"{seed}.mp4", seed=seed)
    (folder / "broken.mp4").write_text("no video")
    return folder


def run(capsys, *words):
    return typed(capsys, "score", *words)


def test_one_video_is_told_in_full(made, capsys):
    status, out, _ = run(capsys, made / "clips/0.mp4", "--model", made / "good")
    first, *rest = out.splitlines()
    assert first.startswith(str(made / "clips/0.mp4") + ": ")
    text = "\n".join(rest)
    for word in (
        "evidence: ",
        "H1: The video was manipulated by FaceSwap",
        "H2: ",
        "score: ",
        "threshold",
        "seen: 4 of",
    ):
        assert word in text
    assert status in (0, 5)


def test_a_detector_at_chance_gives_no_opinion_and_says_so_first(made, capsys):
    status, out, _ = run(capsys, made / "clips/0.mp4", "--model", made / "chance")
    assert status == 3
    assert "NO OPINION: validation is ranked the wrong way round: AUC 0.333" in out.splitlines()[0]
    assert "probability" not in out
    assert "likelihood ratio" not in out


def test_a_broken_file_costs_itself_alone(made, capsys):
    status, out, err = run(capsys, made / "broken.mp4", made / "clips", "--model", made / "good")
    assert status == 6
    assert "Traceback" not in err
    lines = out.splitlines()
    assert sum(".mp4" in line for line in lines) == 4
    assert "(not scored)" in next(line for line in lines if "broken" in line)
    assert lines[-1].startswith("4 videos: ")


@pytest.mark.parametrize("form", ["--json", "--jsonl", "--csv"])
def test_programs_get_the_same_numbers(made, capsys, form):
    _, out, _ = run(capsys, made / "clips", "--model", made / "good", form)
    rows = {
        "--json": lambda: json.loads(out)["videos"],
        "--jsonl": lambda: [json.loads(line) for line in out.splitlines()],
        "--csv": lambda: list(csv.DictReader(io.StringIO(out))),
    }[form]()
    _, again, _ = run(capsys, made / "clips", "--model", made / "good", "--json")
    expected = [row["score"] for row in json.loads(again)["videos"]]
    assert [float(row["score"]) for row in rows] == expected
    assert len(expected) == 3


def test_results_are_kept_and_gone_on_with(made, capsys, tmp_path):
    kept = tmp_path / "kept.jsonl"
    first = run(capsys, made / "clips/0.mp4", "--model", made / "good", "--out", kept, "--json")
    content = kept.read_bytes()
    again = run(capsys, made / "clips/0.mp4", "--model", made / "good", "--out", kept, "--json")
    assert again == first
    assert kept.read_bytes() == content
    status, _, err = run(capsys, made / "clips/0.mp4", "--model", made / "chance", "--out", kept)
    assert status == 1
    assert "by another model or other settings; name another file" in err


def test_what_is_wrong_is_one_line(made, capsys):
    for words, status, text in (
        (["x.mp4", "--model", "nothing"], 1, "is no folder, no id of the hub"),
        (["*.nothing", "--model", made / "good"], 1, "nothing matches this pattern"),
        (["x.mp4"], 2, "--model"),
        (["x.mp4", "--model", "m", "--prior", "1.5"], 2, "must lie between 0 and 1"),
    ):
        code, out, err = run(capsys, *words)
        assert (code, out) == (status, "")
        assert text in err.splitlines()[-1]


def test_a_prior_of_the_case_is_told_with_the_probability(made, capsys):
    _, out, _ = run(capsys, made / "clips/0.mp4", "--model", made / "good", "--prior", "0.01")
    assert "assuming that 1.0% of the videos in question are" in out


def test_kernels_are_pinned_before_numpy_is_loaded_where_the_package_is_portable(made, tmp_path):
    folder = write_scoring_package(tmp_path / "portable", portable=True)
    code = (
        "import os, sys; sys.argv[0] = 'clipforensics'\n"
        "from clipforensics.command_line import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(os.environ.get('MKL_CBWR'))"
    )
    for model, expected in ((folder, PINS["MKL_CBWR"]), (made / "good", None)):
        words = ["score", str(made / "clips/0.mp4"), "--model", str(model), "--csv"]
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True,
            env={**{k: v for k, v in os.environ.items() if k not in PINS}, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert done.stdout.splitlines()[-1] == str(expected)


def test_names_from_standard_input(made, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{made / 'clips/1.mp4'}\n"))
    with contextlib.chdir(made):
        _, out, _ = run(capsys, "-", "--model", "good", "--jsonl")
    assert json.loads(out)["path"] == str(made / "clips/1.mp4")


def test_no_name_at_all_is_told(made, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    status, out, err = run(capsys, "-", "--model", made / "good")
    assert (status, out) == (1, "")
    assert err.splitlines()[-1].startswith("error: no video is named")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_or_closed_output_is_one_line(made):
    words = [sys.executable, "-c", "from clipforensics.command_line import main; main()", "score"]
    words += [str(made / "clips/0.mp4"), "--model", str(made / "good")]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with open("/dev/full", "w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, env=env)
    assert done.returncode == 1
    assert (
        done.stderr.splitlines()[-1] == "error: standard output: No space left on device; write it elsewhere"
    )
    assert "Traceback" not in done.stderr
    closed = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *words], stderr=subprocess.PIPE, text=True, env=env
    )
    assert closed.returncode in (0, 5)
    assert "Traceback" not in closed.stderr


def test_a_name_that_the_output_cannot_hold_is_escaped(made, capfd, tmp_path, monkeypatch):
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/odd\xff.mp4")
    shutil.copy(made / "clips/0.mp4", odd)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict"))
    with contextlib.suppress(SystemExit):
        main(["score", odd, "--model", str(made / "good"), "--csv"])
    assert b"/odd\\udcff.mp4," in sys.stdout.buffer.getvalue()
