"""The pages against the code: what they repeat is what is so, what they tell to type exists."""

import itertools
import re
import shlex
from pathlib import Path

import pytest

from clipforensics.command_line import COMMANDS
from clipforensics.core.params import read_yaml
from tests.support.imports import ROOT
from tests.support.refresh_docs import (
    PAGES,
    headlines,
    league_rows,
    pages,
    read_metrics,
    refreshed,
    sample_rows,
)

NAMES = [path.relative_to(PAGES).as_posix() for path in pages()]
TEXTS = {path: path.read_text(encoding="utf-8") for path in pages()}
STAGES = read_yaml(ROOT / "dvc.yaml")["stages"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
WORDS = "".join([README, *TEXTS.values()])
"""Everything that a user reads."""

NOT_OURS = (
    "sbatch",
    "cd",
    "docker",
    "find",
    "git",
    "gto",
    "mkdir",
    "export",
    "ls",
    "source",
    "python",
    "hf",
    "pip",
)


def commands() -> list[str]:
    """Lines that a page tells to type, continuation lines joined, comments left out."""
    blocks = "\n".join(re.findall(r"```console\n(.*?)```", WORDS, re.S))
    lines = blocks.replace("\\\n", " ").splitlines()
    return [re.split(r"\s{2,}#", line[2:])[0].strip() for line in lines if line.startswith("$ ")]


def simple_commands() -> list[list[str]]:
    """Words of every single command, those in `--wrap` and in `$(...)` too; not assignments."""
    found = []
    for line in commands():
        inner = re.findall(r"\$\((.*?)\)$", line) + re.findall(r'--wrap "(.*?)"', line)
        for command in itertools.chain.from_iterable(part.split(" && ") for part in [line, *inner]):
            words = shlex.split(command)
            assigns = re.match(r"\w+=", words[0])
            if not (assigns and "$(" in words[0]):  # what is inside the brackets comes by itself
                found.append(words[1:] if assigns else words)
    return found


OURS = [words for words in simple_commands() if words[0] == "clipforensics"]
INLINE = re.findall(r"`(python -m [^`<]+)`", "".join(TEXTS.values()))
MODULES = [words for words in simple_commands() if words[:2] == ["python", "-m"]] + [
    c.split() for c in INLINE
]
SETTINGS = [c for c in commands() if " -S" in c]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_page_repeats_is_so(name):
    page = PAGES / name
    assert TEXTS[page] == refreshed(page), "`python -m tests.support.refresh_docs`, and read on"


@pytest.mark.parametrize("name", NAMES)
def test_a_page_says_one_thing_first(name):
    """Behind the title a finding in bold, within the first screen; lists of pages have none."""
    text = TEXTS[PAGES / name]
    assert text.startswith("# ")
    if not name.endswith("index.md") or name == "index.md":
        first = text.split("\n\n")[1]
        assert first.startswith("**"), first[:60]
        assert len(first.split("**")[1]) < 260, "the finding is too long to be read at once"


def test_every_page_can_be_reached():
    listed = set()
    for page in PAGES.rglob("index.md"):
        for block in re.findall(r"```{toctree}\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
            names = [line for line in block.splitlines() if line and not line.startswith(":")]
            listed |= {(page.parent / name).relative_to(PAGES).as_posix() for name in names}
    assert {name.removesuffix(".md") for name in NAMES} - {"index"} <= listed


@pytest.mark.parametrize("command", SETTINGS)
def test_settings_in_commands_exist(command):
    params, words = read_yaml(ROOT / "params.yaml"), shlex.split(command)
    for word, setting in itertools.pairwise(words):
        if word == "-S":
            value = params
            for part in setting.split("=")[0].split("."):
                assert part in value, f"{setting} in {command}"
                value = value[part]
            if setting.startswith("dataset="):
                assert (ROOT / "conf/data" / f"{setting.split('=')[1]}.yaml").is_file()


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = set(re.findall(r"`make ([a-z]+)`", WORDS))
    named |= {words[1] for words in simple_commands() if words[0] == "make"}
    assert named
    assert named <= targets


def test_environment_variables_are_read_somewhere():
    files = (
        p for d in ("clipforensics", "conf") for p in (ROOT / d).rglob("*") if p.suffix in (".py", ".yaml")
    )
    code = "".join(path.read_text(encoding="utf-8") for path in files)
    named = set(re.findall(r"\b(CLIPFORENSICS_[A-Z]+|[A-Z_]+_ROOT)\b", WORDS))
    assert len(named) >= 5
    assert [name for name in named if name not in code] == []


@pytest.mark.parametrize("words", MODULES, ids=" ".join)
def test_modules_in_commands_exist(words):
    if words[2] != "pytest":
        path = ROOT / Path(*words[2].split("."))
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()
    else:
        assert [w for w in words[3:] if w.startswith("tests") and not (ROOT / w).exists()] == []


@pytest.mark.parametrize("words", OURS, ids=" ".join)
def test_our_commands_are_among_those_that_there_are(words):
    assert words[1] in COMMANDS


def test_every_command_is_known():
    known = {"clipforensics", "make", "dvc", "rm", *NOT_OURS}
    assert {words[0] for words in simple_commands()} <= known


def test_paths_of_the_project_exist():
    """Files that a page names in code, where they are part of the project and not of a run."""
    kept = r"`((?:clipforensics|stages|conf|tests|benchmarks)/[\w./-]+)`"
    for page, text in TEXTS.items():
        for name in re.findall(kept, text):
            assert "NAME" in name or (ROOT / name).exists(), f"{name} in {page.name}"


def test_every_stage_is_explained():
    text = TEXTS[PAGES / "explanation/rooms.md"]
    assert [stage for stage in STAGES if f"| `{stage}` |" not in text] == []


def test_the_league_holds_the_committed_run():
    text = TEXTS[PAGES / "how-to/compare-methods.md"]
    assert [row for row in league_rows() if row not in text] == []


def test_what_the_pages_conclude_is_so():
    """Sentences about the committed run that nobody writes anew but a person who reads them."""
    ends = [row["differences"]["lora"] for row in sample_rows()]
    assert all(end["low"] is None or end["low"] <= 0 <= end["high"] for end in ends), "sample.md: holds 0"
    gaps = [row for row in read_metrics("comparison.json")["leak_gaps"] if row["level"] == "video"]
    shown = [one["low"] for row in gaps for one in row["detectors"].values() if one["low"] is not None]
    assert shown
    assert all(low <= 0 for low in shown), "sample.md: nothing says that twins are easier"
    probe, lora = headlines("baseline"), headlines("lora")
    assert lora["video auc"] > probe["video auc"], "tutorial.md: AUC is higher"
    assert lora["video f1"] < probe["video f1"], "tutorial.md: F1 is lower"


def test_nothing_is_left_to_fill_in():
    for page, text in TEXTS.items():
        assert "TODO" not in text, page
        assert re.findall(r"<[a-z]+ of [a-z ]+>|<this repository>", text) == [], page
