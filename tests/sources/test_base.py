"""Profiles are checked strictly; roots and names are safe."""

import json
from pathlib import Path

import pytest

from clipforensics.core.faults import InputError
from clipforensics.sources import base
from clipforensics.sources.base import (
    identity_fault,
    layouts,
    load_profile,
    manipulation_fault,
    profile_path,
    read_youtube_ids,
    resolve_root,
)
from tests.support.shared_data import FFPP, needs_shared

SHIPPED = sorted((Path(__file__).parents[2] / "conf/data").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_shipped_profiles_are_valid(path: Path) -> None:
    profile = load_profile(path)
    assert profile.layout in layouts()
    assert profile.root or profile.root_env


def test_layouts_are_the_modules_of_the_package() -> None:
    assert {"ffpp_tree", "frame_package", "manifest", "sample"} <= set(layouts())
    assert "base" not in layouts()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layout: os\n", "`layout` is 'os'; it must be one of"),
        ("layout: base\n", "`layout` is 'base'"),
        ("layout: ../manifest\n", "must be one of"),
        ("layout: 3\n", "must be one of"),
        ("root: x\n", "`layout` is None"),
        ("- layout\n", "must hold"),
        ("layout: manifest\nmanifest: a.csv\nrot: x\n", "`rot` is not a parameter"),
        ("layout: manifest\n", "`manifest` is missing"),
        ("layout: ffpp_tree\ncompression: c99\nmanipulations:\n- a\n", "compression"),
        ("layout: ffpp_tree\ncompression: c23\nmanipulations: a\n", "manipulations"),
    ],
)
def test_wrong_profiles_are_named_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        load_profile(path)
    assert "\n" not in str(caught.value)


def test_root_comes_from_the_environment_if_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    profile = base.Profile(layout="manifest", root=str(one), root_env="THE_ROOT")
    monkeypatch.delenv("THE_ROOT", raising=False)
    assert resolve_root(profile) == one
    monkeypatch.setenv("THE_ROOT", str(two))
    assert resolve_root(profile) == two
    monkeypatch.setenv("THE_ROOT", str(tmp_path / "three"))
    with pytest.raises(InputError, match=r"^root that \$THE_ROOT names is not a folder; set THE_ROOT"):
        resolve_root(profile)


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        (base.Profile(layout="manifest"), "root is not known; set `root`"),
        (base.Profile(layout="manifest", root_env="UNSET_ROOT"), "root is not known; set UNSET_ROOT"),
        (base.Profile(layout="manifest", root="nowhere"), "'nowhere'.*is not a folder; set `root`"),
    ],
)
def test_a_missing_root_is_named(
    profile: base.Profile, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNSET_ROOT", raising=False)
    with pytest.raises(InputError, match=message):
        resolve_root(profile)


@pytest.mark.parametrize("name", ["..", "a/b", "", ".hidden", None, 3, "a b"])
def test_profile_names_stay_in_their_folder(name: object, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").touch()
    with pytest.raises(InputError, match="good"):
        profile_path(tmp_path, name)


@pytest.mark.parametrize("name", ["000", "a b", "ü'\"ñ", "a.b-c", "名"])
def test_good_names(name: str) -> None:
    assert not identity_fault("target", name)


@pytest.mark.parametrize("name", [" a", "a ", "a/b", "a\nb", "a\x00", "a\x1b[2J"])
def test_bad_names(name: str) -> None:
    assert "target" in identity_fault("target", name)


@pytest.mark.parametrize("name", ["real", "rest", "a+b", "../x", "a/b", "", " a", ".x", "a\n"])
def test_bad_manipulations(name: str) -> None:
    assert manipulation_fault(name)


@pytest.mark.parametrize("name", ["FaceSwap", "Face Swap", "ü-1_2.3"])
def test_good_manipulations(name: str) -> None:
    assert not manipulation_fault(name)


@pytest.mark.parametrize("secret", ["hunter2", "~nobody-such", "x" * 5000, "/tmp/hunter2\nmore"])
def test_the_value_of_a_variable_that_a_profile_names_is_not_told(
    secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", secret)
    with pytest.raises(InputError) as caught:
        resolve_root(base.Profile(layout="manifest", root_env="SOME_TOKEN"))
    assert str(caught.value) == (
        "root that $SOME_TOKEN names is not a folder; set SOME_TOKEN to the data set's folder"
    )


def test_youtube_ids_drop_the_index(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"000": "--b1Ua-kWJE 0", "001": "a_b 12"}))
    assert read_youtube_ids(path) == {"000": "--b1Ua-kWJE", "001": "a_b"}


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": 1}', "3", "\xff"])
def test_wrong_youtube_ids_are_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match="youtube_ids"):
        read_youtube_ids(path)
    with pytest.raises(InputError, match="does not exist"):
        read_youtube_ids(tmp_path / "other.json")


@needs_shared
def test_official_youtube_ids() -> None:
    table = read_youtube_ids(FFPP / "conversion_dict.json")
    assert len(table) == 1000
    assert len(set(table.values())) == 977
    assert table["755"] == table["756"]
