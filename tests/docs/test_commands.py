"""Commands of the pages, each through the parser that would read it; short ones are run as they stand."""

import csv
import itertools
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.cli import parse_args

from clipforensics.command_line import COMMANDS
from clipforensics.core.params import check_section, read_yaml
from clipforensics.sources import manifest
from clipforensics.training.candidates import expand
from tests.docs.test_pages import OURS, simple_commands
from tests.support.imports import ROOT
from tests.support.refresh_docs import PAGES
from tests.support.score_files import TRAIN, VIDEOS, write_scores, write_train
from tests.support.settings_in_words import sections
from tests.support.shared_data import PEER_SCORES, needs_shared

DVC = [words for words in simple_commands() if words[0] == "dvc"]
EXPERIMENTS = [words for words in DVC if "-S" in words]


def run(*words: str, cwd: Path = ROOT) -> str:
    """What `clipforensics ...` prints; it must succeed and say nothing on stderr."""
    command = [sys.executable, "-m", "clipforensics", *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("words", OURS, ids=" ".join)
def test_our_commands_take_these_options(words):
    """Every option that a page gives is one that the command itself explains."""
    told = set(re.findall(r"--[\w-]+", run(words[1], "--help")))
    assert [word for word in words[2:] if word.startswith("--") and word not in told] == []


def test_every_command_has_a_row_and_every_row_is_a_command():
    text = (PAGES / "reference/commands.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `clipforensics ([\w-]+)` \|", text, re.M)) == sorted(COMMANDS)


@pytest.mark.parametrize("words", DVC, ids=" ".join)
def test_dvc_reads_its_commands(words):
    assert parse_args(words[1:]).func


@pytest.mark.parametrize("words", EXPERIMENTS, ids=" ".join)
def test_settings_are_accepted_by_the_code(words):
    """All settings of one command together, each value of a sweep by itself."""
    settings = [after for word, after in itertools.pairwise(words) if word == "-S"]
    sweeps = [swept(setting) if "--queue" in words else [setting] for setting in settings]
    for chosen in itertools.product(*sweeps):
        params = read_yaml(ROOT / "params.yaml")
        for setting in chosen:
            assign(params, *setting.split("=", 1))
        for name, model in sections().items():
            content: Any = params
            for part in name.split("."):
                content = content[part]
            for _, candidate in expand(content, model, name, max_runs=params["train"]["choice"]["max_runs"]):
                check_section(candidate, model, name)


def swept(setting: str) -> list[str]:
    key, values = setting.split("=", 1)
    return [f"{key}={value}" for value in values.split(",")]


def assign(params: dict[str, Any], key: str, value: str) -> None:
    *sections, last = key.split(".")
    for name in sections:
        params = params[name]
    assert last in params, key
    params[last] = yaml.safe_load(value)


def test_the_audit_as_it_is_typed(tmp_path):
    (words,) = (words for words in OURS if words[1] == "audit" and "SCORES.csv" in words)
    scores, train = write_scores(tmp_path / "SCORES.csv", VIDEOS), write_train(tmp_path / "TRAIN.csv", TRAIN)
    text = (PAGES / "how-to/audit.md").read_text(encoding="utf-8")
    for path in (scores, train):
        (row,) = re.findall(rf"^\| `{path.name}` \| (.*) \|$", text, re.M)
        head = path.read_text(encoding="utf-8").splitlines()[0]
        assert re.findall(r"`(\w+)`", row) == head.split(",")
    assert "have a twin in training" in run(*words[1:], cwd=tmp_path)
    assert sorted(path.name for path in (tmp_path / "audit").iterdir()) == ["metrics.json", "report.html"]


def test_the_audit_of_split_files_as_it_is_typed(tmp_path):
    (words,) = (words for words in OURS if words[1] == "audit" and "--splits" in words)
    for number, name in enumerate(("train.txt", "val.txt", "test.txt")):
        assert name in words
        (tmp_path / name).write_text(f"FaceSwap/00{number}_01{number}.mp4\n", encoding="utf-8")
    said = run(*words[1:], cwd=tmp_path)
    assert said.startswith("No identity, twin, frame or video is known to be in two of train, val and test")


def test_readme_says_the_audit_as_it_can_be_typed(tmp_path):
    (command,) = re.findall(
        r"`clipforensics (audit [^`]+)`", (ROOT / "README.md").read_text(encoding="utf-8")
    )
    write_scores(tmp_path / "SCORES.csv", VIDEOS)
    write_train(tmp_path / "TRAIN.csv", TRAIN)
    assert "have a twin in training" in run(*command.split(), cwd=tmp_path)


def test_the_list_of_videos_is_read_as_it_is_shown(tmp_path):
    text = (PAGES / "how-to/own-data.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```text\n(path,label.*?)```", text, re.S)
    (tmp_path / "videos.csv").write_text(block, encoding="utf-8")
    rows = list(csv.DictReader(block.splitlines()))
    for row in rows:
        (tmp_path / row["path"]).parent.mkdir(exist_ok=True)
        (tmp_path / row["path"]).touch()
    profile = manifest.Profile(layout="manifest", manifest="videos.csv")
    videos, skipped = manifest.find_videos(profile, tmp_path, dataset="footage")
    assert skipped == []
    assert [(v.path, v.label, v.target, v.source) for v in videos] == [
        (row["path"], int(row["label"]), row["target"], row["source"]) for row in rows
    ]
    told = set(re.findall(r"^\| `(\w+)` \|", text, re.M))
    assert told == {*manifest.COLUMNS, "take", "others", "mask"}


@needs_shared
def test_the_published_scores_say_what_the_page_quotes(tmp_path):
    quote = re.findall(r"^> ?(.*)$", (ROOT / "docs/how-to/audit.md").read_text(encoding="utf-8"), re.M)
    train = str(PEER_SCORES / "train.csv")
    said = run("audit", str(PEER_SCORES / "lora.csv"), "--train", train, "--out", "audit", cwd=tmp_path)
    told = said.replace("\N{NO-BREAK SPACE}", " ").split("audit/metrics.json")[0]
    assert " ".join(" ".join(quote).split()) in " ".join(told.split())
