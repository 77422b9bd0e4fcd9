"""docker/Dockerfile against what make and README do. GitHub builds the image; here its steps are read."""

import re
import shlex
import tomllib

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from clipforensics.command_line import COMMANDS, main
from tests.support.imports import ROOT
from tests.support.locks import LAYERS

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs/how-to/container.md").read_text(encoding="utf-8")


def steps() -> list[tuple[str, str]]:
    """Instructions with what follows them, in order; comments left out, continued lines joined."""
    text = (ROOT / "docker/Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [(line.split(maxsplit=1)[0], " ".join(line.split()[1:])) for line in joined]


def all_of(name: str) -> list[str]:
    return [rest for instruction, rest in steps() if instruction == name]


ENVIRONMENT = dict(word.split("=", 1) for line in all_of("ENV") for word in shlex.split(line))
INSTALLS = [part.strip() for line in all_of("RUN") for part in line.split("&&") if "pip install" in part]
COPIED = {word.removeprefix("./") for line in all_of("COPY") for word in line.split()[:-1]}


def test_its_python_is_one_that_ci_tries():
    (image,) = all_of("FROM")
    (version,) = re.fullmatch(r"python:(3\.\d+)-slim", image).groups()
    assert version in SpecifierSet(PROJECT["project"]["requires-python"])
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    assert version in jobs["test"]["strategy"]["matrix"]["python"]


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("README.md", r"export TORCH_INDEX=(https://[^\s`]+)"),
        ("docs/tutorial.md", r"export TORCH_INDEX=(https://[^\s`]+)"),
        ("docs/how-to/container.md", r"--index-url (https://[^\s`]+)"),
        (".github/workflows/ci.yml", r"TORCH_INDEX: (https://\S+)"),
        ("Makefile", r"; (https://\S+) saves gigabytes"),
    ],
)
def test_torch_comes_from_where_everybody_is_told_to_take_it_from(file, said):
    text = (ROOT / file).read_text(encoding="utf-8")
    (url,) = set(re.findall(said, text))
    assert ENVIRONMENT["TORCH_INDEX"] == url


def test_its_steps_are_those_of_make_install():
    variables = dict(re.findall(r"^(\w+) := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    locked = variables["LOCKED"].replace("$(PIP)", variables["PIP"])
    options = {word for word in shlex.split(locked) if word.startswith("--no-") or word == "--require-hashes"}
    build, lock, torch, own = (shlex.split(line)[4:] for line in INSTALLS)
    assert {*build[:-2]} == {*lock[:-2]} == options
    assert (build[-1], lock[-1], torch[-1]) == (
        *("requirements/build.lock", "requirements/$LOCK.lock"),
        "requirements/torch.txt",
    )
    assert torch[:2] == ["--index-url", "$TORCH_INDEX"]
    assert own == ["--no-deps", "--no-build-isolation", "."]


def test_its_locks_exist():
    (given,) = set(re.findall(r"--build-arg LOCK=(\S+)", PAGE))
    (default,) = (line.removeprefix("LOCK=") for line in all_of("ARG"))
    assert (default, given) == ("score", "pipeline")
    assert {default, given} <= set(LAYERS)
    extras = {*re.findall(r"'\.\[(\w+)\]'", PAGE)}
    assert {"faces", "pipeline", "test"} <= extras <= set(PROJECT["project"]["optional-dependencies"])


def test_it_takes_what_the_wheel_is_made_of_and_nothing_else():
    project = PROJECT["project"]
    made_of = {"clipforensics", "pyproject.toml", project["readme"], *project["license-files"]}
    assert {*made_of, "requirements"} == COPIED
    assert all((ROOT / name).exists() for name in COPIED)


def test_nothing_else_is_even_sent_to_docker():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    first, *others = (line for line in lines if line and not line.startswith("#"))
    assert first == "*"
    assert {line.removeprefix("!") for line in others if line.startswith("!")} == COPIED
    assert [line for line in others if not line.startswith("!")] == ["**/__pycache__"]


def test_it_ends_as_a_user_without_rights_in_the_command():
    names = [name for name, _ in steps()]
    (user,) = all_of("USER")
    assert user != "root"
    assert ENVIRONMENT["USER"] == user, "DVC wants a name whatever number `docker run --user` gives"
    assert any(f" {user}" in line for line in all_of("RUN") if line.startswith("useradd "))
    assert names.index("USER") > max(place for place, name in enumerate(names) if name == "RUN")
    assert all_of("ENTRYPOINT") == ['["clipforensics"]']
    assert "clipforensics" in PROJECT["project"]["scripts"]


RUNS = [shlex.split(line[2:]) for line in PAGE.splitlines() if line.startswith("$ docker run ")]


@pytest.mark.parametrize("words", RUNS, ids=" ".join)
def test_what_the_page_runs_in_it_is_a_command(words, capsys):
    place = next(n for n, word in enumerate(words) if word.split(":")[0] == "clipforensics")
    inside = words[place + 1 :]
    if "--entrypoint" in words:
        assert (words[words.index("--entrypoint") + 1], *inside) == ("dvc", "repro")
        return
    assert inside[0] in COMMANDS
    with pytest.raises(SystemExit) as stopped:
        main([inside[0], "--help"])
    assert stopped.value.code == 0
    told = set(re.findall(r"--[\w-]+", capsys.readouterr().out))
    assert {word for word in inside if word.startswith("--")} <= told
