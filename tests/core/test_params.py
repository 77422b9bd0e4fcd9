"""Settings are read strictly: what is wrong is named, with its value and the remedy."""

from pathlib import Path

import pytest

from clipforensics.core import params
from clipforensics.core.faults import InputError, one_line_errors
from clipforensics.core.params import Section, check_section, read_section, read_value, read_yaml


class Demo(Section):
    rate: float
    epochs: int
    names: list[str]


GOOD = "demo:\n  rate: 0.0001\n  epochs: 3\n  names:\n  - a\n"


def read(tmp_path: Path, text: str) -> Demo:
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    return read_section(path, "demo", Demo)


def test_a_text_instead_of_a_list_is_told_how_a_list_is_written(tmp_path):
    with pytest.raises(InputError, match=r"`names`: .*list, got 'a'; a list is .*, also of one: \[a\]"):
        read(tmp_path, "demo:\n  rate: 0.0001\n  epochs: 3\n  names: a\n")


def test_good_section(tmp_path):
    section = read(tmp_path, GOOD)
    assert (section.rate, section.epochs, section.names) == (0.0001, 3, ["a"])


def test_whole_number_is_a_float(tmp_path):
    assert read(tmp_path, GOOD.replace("0.0001", "1")).rate == 1.0


@pytest.mark.parametrize("text", ["1e-4", "1E-4", "1.e-4", "10e-5", "+1e-4"])
def test_numbers_may_be_written_as_dvc_writes_them(tmp_path, text):
    """`dvc exp run -S rate=0.00001` leaves 1e-05 in params.yaml, which YAML 1.1 takes for text."""
    assert read(tmp_path, GOOD.replace("0.0001", text)).rate == pytest.approx(0.0001)


@pytest.mark.parametrize("text", ["1e", "e4", "1e-4x", "1-e4", "-", "1e-"])
def test_what_is_no_number_stays_text(tmp_path, text):
    with pytest.raises(InputError, match="rate"):
        read(tmp_path, GOOD.replace("0.0001", text))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("0.0001", "'1e-4'", ["`rate`", "'1e-4'", "write 0.0001"]),
        ("0.0001", "'1e-12'", ["`rate`", "write 0.000000000001"]),
        ("0.0001", "fast", ["`rate`", "'fast'"]),
        ("epochs: 3", "epochs: 3.5", ["`epochs`", "3.5"]),
        ("epochs: 3", "epochs: yes", ["`epochs`", "True", "booleans"]),
        ("- a", "- no", ["`names.0`", "False", "booleans"]),
        ("rate", "rat", ["`rat` is not a parameter", "epochs, names, rate", "`rate` is missing"]),
        ("epochs: 3", "", ["`epochs` is missing"]),
        ("demo", "dome", ["section `demo` is missing"]),
        ("demo:", "demo: [", ["not valid YAML"]),
    ],
)
def test_bad_section_says_what_is_wrong(tmp_path, old, new, words):
    with pytest.raises(InputError) as caught:
        read(tmp_path, GOOD.replace(old, new))
    for word in ["params.yaml", *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize("text", ["", "- 1\n", "!!python/object/apply:os.getcwd []\n"])
def test_only_safe_mappings(tmp_path, text):
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(InputError, match=r"p\.yaml"):
        read_yaml(tmp_path / "p.yaml")


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_yaml(tmp_path / "none.yaml")


def test_a_stage_shows_one_line_and_no_traceback(capsys):
    def stage() -> None:
        with one_line_errors():
            raise InputError("`x` is 3,\nmust be 4; write 4")

    with pytest.raises(SystemExit) as caught:
        stage()
    assert caught.value.code == 1
    assert capsys.readouterr().err == "error: `x` is 3, must be 4; write 4\n"


def test_other_errors_keep_their_traceback():
    def stage() -> None:
        with one_line_errors():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stage()


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: 1", "s: `k` is None"), ("s: null", "s: `k` is None"), ("s:\n  k: '5'", "s: `k` is '5'.*type int"),
     ("s:\n  k: true", "s: `k` is True")],
)  # fmt: skip
def test_a_value_of_another_stages_section_is_checked_too(tmp_path, text, message):
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(InputError, match=message):
        read_value(tmp_path / "p.yaml", "s", "k", int)


def test_a_value_is_read_from_a_section_or_the_top(tmp_path):
    (tmp_path / "p.yaml").write_text("s:\n  k: 5\nd: [x]")
    assert read_value(tmp_path / "p.yaml", "s", "k", int) == 5
    assert read_value(tmp_path / "p.yaml", "", "d", list) == ["x"]


def test_a_whole_number_is_a_value_where_a_float_is_wanted_as_in_a_section(tmp_path):
    (tmp_path / "p.yaml").write_text("s:\n  k: 5\n  t: true")
    found = read_value(tmp_path / "p.yaml", "s", "k", float)
    assert (found, type(found)) == (5.0, float)
    with pytest.raises(InputError, match="s: `t` is True"):
        read_value(tmp_path / "p.yaml", "s", "t", float)


def test_a_misspelt_key_in_a_section_within_a_section_is_told_its_neighbours(tmp_path):
    class Inner(Section):
        flip: float

    class Outer(Section):
        sampling: str
        augment: Inner

    with pytest.raises(
        InputError,
        match=r"`augment.flop` is not a parameter; perhaps `flip` was meant; the parameters here are flip$",
    ):
        check_section({"sampling": "all", "augment": {"flip": 0.1, "flop": 1}}, Outer, "train")
    with pytest.raises(
        InputError,
        match=r"`augmint` is not a parameter; perhaps `augment` was meant; the parameters here are augment, ",
    ):
        check_section({"sampling": "all", "augment": {"flip": 0.1}, "augmint": 1}, Outer, "train")


LOCKED = """schema: '2.0'
stages:
  check:
    cmd: x
    params:
      params.yaml:
        demo:
          rate: {}
          epochs: 3
          names: []
"""
NEXT = "  ingest:\n    cmd: y\n"


@pytest.fixture
def standing(tmp_path, monkeypatch):
    """params.yaml of a stage that DVC has started, in the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(params, "_standing", None)
    monkeypatch.setenv("DVC_STAGE", "train@lora")
    path = Path("params.yaml")
    path.write_text("demo:\n  rate: 0.5\n  epochs: 3\n  names: []\nother: 1\n")
    return path


def edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


def test_a_stage_reads_its_settings_once_and_notices_that_what_it_used_was_changed(standing):
    params.stand_still()
    assert read_value(standing, "demo", "rate", float) == 0.5
    edit(standing, "0.5", "0.25")
    assert read_section(standing, "demo", Demo).rate == 0.5
    said = (
        r"^params.yaml: `demo.rate` went from 0.5 to 0.25 while this stage worked; .* run `dvc repro` again$"
    )
    with pytest.raises(InputError, match=said):
        params.check_unmoved()
    edit(standing, "0.25", "0.5")
    params.check_unmoved()


def test_what_a_stage_did_not_use_may_be_changed(standing):
    params.stand_still()
    read_section(standing, "demo", Demo)
    edit(standing, "other: 1", "other: 2")
    params.check_unmoved()
    params.keep_still(standing, "")
    with pytest.raises(InputError, match="`other` went from 1 to 2"):
        params.check_unmoved()


def test_a_stage_notices_that_settings_are_not_those_with_which_the_run_began(standing):
    Path("dvc.lock").write_text(LOCKED.format(0.1) + NEXT)
    params.stand_still()
    read_value(standing, "demo", "epochs", int)
    with pytest.raises(InputError, match=r"`demo.rate` went from 0.1 to 0.5 since the stage `check` ran"):
        read_value(standing, "demo", "rate", float)


@pytest.mark.parametrize(
    ("lock", "stage"),
    [
        (LOCKED.format(0.1), "train@lora"),  # perhaps just being written
        (LOCKED.format(0.5) + NEXT, "train@lora"),
        (LOCKED.format(0.1) + NEXT, "check"),
        (LOCKED.format(0.1) + NEXT, None),
        ("", "train@lora"),
        ("stages:\n  check:\n    cmd: [\n  a:\n", "train@lora"),
    ],
)
def test_where_that_is_not_known_or_the_same_a_stage_goes_on(lock, stage, standing, monkeypatch):
    Path("dvc.lock").write_text(lock)
    if stage is None:
        monkeypatch.delenv("DVC_STAGE")
    else:
        monkeypatch.setenv("DVC_STAGE", stage)
    params.stand_still()
    assert read_value(standing, "demo", "rate", float) == 0.5
    params.check_unmoved()


@pytest.mark.parametrize("word", ["on", "no", "12:30:45", "null", "true", "1e5", "010"])
def test_a_word_that_versions_of_yaml_read_otherwise_is_no_change(standing, word):
    """DVC reads and writes YAML 1.2, in which `on` is text without quotes."""
    from dvc.utils.serialize import dump_yaml

    standing.write_text(f'demo:\n  names: ["{word}"]\n')
    dump_yaml("dvc.lock", {"stages": {"check": {"params": {"params.yaml": {"demo": {"names": [word]}}}}}})
    Path("dvc.lock").write_text(Path("dvc.lock").read_text() + NEXT)
    params.stand_still()
    assert read_value(standing, "demo", "names", list) == [word]
    params.check_unmoved()


def test_a_setting_that_is_gone_is_told(standing):
    params.stand_still()
    read_value(standing, "", "other", int)
    edit(standing, "other: 1\n", "")
    with pytest.raises(InputError, match="`other` went from 1 to nothing"):
        params.check_unmoved()
