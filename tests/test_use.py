"""`clipforensics use`: what a profile sets stands in params.yaml, everything else stays to the byte."""

import re
import shutil

import pytest
import yaml
from dvc.utils.serialize import dumps_yaml, parse_yaml_for_update

from clipforensics import use
from clipforensics.check.everything import check_everything
from clipforensics.core.faults import InputError
from clipforensics.core.params import read_yaml
from tests.support.repository import ROOT

NAMES = sorted(use.profiles(ROOT / use.PROFILES))


@pytest.fixture
def project(tmp_path):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / use.PROFILES, tmp_path / use.PROFILES)
    shutil.copytree(ROOT / "conf/data", tmp_path / "conf/data")
    return tmp_path


def value(content, name):
    for part in name.split("."):
        content = content[part]
    return content


def comments(text):
    return [line.strip() for line in text.splitlines() if line.lstrip().startswith("#")]


def test_without_a_name_it_lists_what_there_is(project, capsys):
    before = (project / "params.yaml").read_bytes()
    use.main([], project)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == NAMES
    assert all(len(line.split()) > 5 for line in lines), "each says what it is"
    assert (project / "params.yaml").read_bytes() == before


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_is_written_and_told_a_line_a_value(name, project, capsys):
    path, changes = project / "params.yaml", dict(use.settings(project / use.PROFILES / f"{name}.yaml"))
    before, text = read_yaml(path), path.read_text()
    use.main([name], project)
    told, after = capsys.readouterr().out.splitlines(), read_yaml(path)
    changed = {key for key, wanted in changes.items() if value(before, key) != wanted}
    assert [line.split(":")[0] for line in told] == [key for key in changes if key in changed]
    assert all(" -> " in line for line in told)
    for key, wanted in changes.items():
        assert value(after, key) == wanted
    for key, old in use._leaves(before, ""):
        assert value(after, key) == changes.get(key, old)
    assert comments(path.read_text()) == comments(text)
    untouched = [line for line in text.splitlines() if not line.strip().startswith(("-", "#"))]
    kept = path.read_text().splitlines()
    changed_keys = {key.rpartition(".")[2] for key in changed}
    assert all(line in kept for line in untouched if line.strip().split(":")[0] not in changed_keys)
    assert dumps_yaml(parse_yaml_for_update(path.read_text(), "params.yaml")) == path.read_text()
    use.main([name], project)
    assert capsys.readouterr().out == "params.yaml says all of it already\n"


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_names_a_full_commit_and_settings_that_are_allowed(name, project, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    use.main([name], project)
    encoder = read_yaml(project / "params.yaml")["encoder"]
    assert re.fullmatch(r"[0-9a-f]{40}", encoder["revision"])
    assert "/" in encoder["model"]
    found = check_everything(project / "params.yaml", project / "conf/data").problems
    elsewhere = ("is not in the local cache", "the data set's root is not known")
    assert [line for line in found if not any(words in line for words in elsewhere)] == []


def test_several_profiles_in_their_order(project, capsys):
    use.main([NAMES[0], NAMES[-1]], project)
    wanted = dict(use.settings(project / use.PROFILES / f"{NAMES[-1]}.yaml"))
    after = read_yaml(project / "params.yaml")
    assert all(value(after, key) == one for key, one in wanted.items())
    names = [line.split(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            "encoder:\n  modell: x\n",
            "has no setting `encoder.modell`: no `modell` in `encoder`; perhaps",
        ),
        ("encodr:\n  model: x\n", "has no setting `encodr.model`: no `encodr`; perhaps `encoder` was meant"),
        ("encoder: x\n", "`encoder` is a section, not a setting"),
        ("detector:\n  name: x\n", "has no setting `detector.name`: no `name` in `detector`"),
    ],
)
def test_what_params_has_not_is_refused_and_nothing_is_written(content, words, project):
    (project / use.PROFILES / "mine.yaml").write_text("# Mine\n" + content + "detectors:\n- mlp\n")
    before = (project / "params.yaml").read_bytes()
    with pytest.raises(InputError) as told:
        use.main(["mine"], project)
    assert words in str(told.value)
    assert (project / "params.yaml").read_bytes() == before


def test_a_name_that_is_no_profile(project):
    with pytest.raises(InputError, match=r"'clip-b23' is no profile of conf/use; perhaps `clip-b32` was"):
        use.main(["clip-b23"], project)


TEXT = """\
# Head
a: 1  # one

# About b
b:
- 2
- 3
# About c
c:
  d: x
  # About e
  e: true

f: 4
"""


@pytest.mark.parametrize("new", [[7, 8, 9], [7], 5])
@pytest.mark.parametrize("name", ["a", "b", "c.d", "c.e"])
def test_what_is_written_below_a_value_stays_below_it(name, new, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(TEXT)
    use.write(path, [(name, new)])
    text = path.read_text()
    assert value(yaml.safe_load(text), name) == new
    assert re.findall("#.*", text) == re.findall("#.*", TEXT)
    for comment, key in (("# About b", "b:"), ("# About c", "c:"), ("# About e", "  e:")):
        assert text.index(comment) < text.index(f"\n{key}")
    lines = text.splitlines()
    assert lines[lines.index("# About c") - 1].startswith(("- ", "b:"))


def test_a_switch_is_no_number(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("a: 1\n")
    assert use.write(path, [("a", True)]) == ["a: 1 -> true"]
    assert path.read_text() == "a: true\n"


def test_values_are_told_as_one_writes_them(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("a: 0.1\nb: ''\nc: [1]\n")
    told = use.write(path, [("a", 0.00001), ("b", "x: y"), ("c", [0.003, "d"])])
    assert told == ["a: 0.1 -> 0.00001", "b: '' -> 'x: y'", "c: [1] -> [0.003, d]"]
