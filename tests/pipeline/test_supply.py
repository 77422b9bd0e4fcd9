"""What is installed, and what GitHub runs, is what was looked at: digests, commits, nothing beside them."""

import re
import tomllib
from importlib.metadata import version

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.imports import ROOT
from tests.support.locks import (
    BASE,
    FOLDER,
    LAYERS,
    NAMES,
    NO_HASHES,
    hashes,
    installed_by,
    pins,
    reached,
    text_of,
)

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def test_there_are_no_other_locks():
    assert {path.name for path in FOLDER.iterdir()} == {*(f"{name}.lock" for name in NAMES), "torch.txt"}


@pytest.mark.parametrize("name", NAMES)
def test_every_release_has_digests(name):
    found = hashes(text_of(name))
    assert found.keys() == pins(text_of(name)).keys()
    assert all(found.values())
    assert NO_HASHES not in found


def test_a_release_is_pinned_once():
    every = [name for layer in (*LAYERS, "peers") for name in pins(text_of(layer))]
    assert len(every) == len(set(every))


@pytest.mark.parametrize("layer", LAYERS)
def test_a_lock_holds_all_that_pip_would_install(layer):
    pinned = installed_by("build") | installed_by(layer)
    assert reached(LAYERS[layer]) - pinned.keys() <= {NO_HASHES}
    for requirement in map(Requirement, LAYERS[layer]):
        if requirement.name not in {"clipforensics", NO_HASHES}:
            assert pinned[canonicalize_name(requirement.name)] in requirement.specifier, requirement


def test_what_these_tests_run_with_is_what_is_locked():
    pinned = installed_by("build") | installed_by("test")
    assert {name: version(name) for name in pinned} == pinned


def test_torch_is_the_one_that_the_package_asks_for():
    (asked,) = (one for one in BASE if Requirement(one).name == NO_HASHES)
    assert (FOLDER / "torch.txt").read_text(encoding="utf-8").split() == [asked]


def test_make_installs_nothing_without_a_digest_but_torch_and_the_project():
    variables = dict(re.findall(r"^(\w+) := (.*)$", MAKEFILE, re.M))
    assert "--require-hashes" in variables["LOCKED"]
    installs = re.findall(r"^\t(.*(?:\$\(PIP\)|\$\(LOCKED\)|pip install).*)$", MAKEFILE, re.M)
    free = [line for line in installs if "$(LOCKED)" not in line and "--require-hashes" not in line]
    assert [line.split()[-1] for line in free] == ["requirements/torch.txt", "."]
    assert not re.search(r"extra-index-url|EXTRA_INDEX", MAKEFILE, re.I), "a second index may serve any name"


def test_no_install_that_anybody_is_told_of_adds_a_second_index():
    pages = [ROOT / "README.md", ROOT / "docker/Dockerfile", *WORKFLOWS, *(ROOT / "docs").rglob("*.md")]
    assert [path for path in pages if re.search("extra.index", path.read_text(encoding="utf-8"), re.I)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_named_by_commit_and_given_no_more_than_they_need(path):
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    uses = re.findall(r"uses: (.*)", text)
    assert uses
    assert [line for line in uses if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+", line)] == []
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)
    assert not re.search(r"run:.*\$\{\{", text), "what a stranger names would reach a shell"


def test_what_is_known_of_locked_releases_is_asked_and_a_release_that_could_not_be_asked_for_fails():
    audits = re.findall(r"pip-audit (.*)", MAKEFILE.split("\nsupply:")[1])
    assert all("--strict" in line for line in audits)
    assert {file for line in audits for file in re.findall(r"-r (\S+)", line)} == {
        f"requirements/{name}" for name in ("build.lock", "test.lock", "peers.lock", "torch.txt")
    }
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    assert {"run": "make supply"} in workflow["jobs"]["supply"]["steps"]
    assert "schedule" in workflow[True]  # YAML 1.1 reads `on` so


def test_what_is_not_trusted_is_told_from_the_front_page():
    assert "[security](SECURITY.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    for path in re.findall(r"\]\(([\w./-]+?)(?:#[\w-]+)?\)", text):
        assert (ROOT / path).exists(), path


def test_the_build_takes_what_is_locked():
    built_with = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    assert {canonicalize_name(Requirement(one).name) for one in built_with["requires"]} == pins(
        text_of("build")
    ).keys()
