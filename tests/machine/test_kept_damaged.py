"""What is kept and was damaged on the disk is done again: never wrong, never a crash."""

import hashlib
import os
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from clipforensics.machine.database import DATABASE
from clipforensics.machine.kept import Kept, entries, find_altered, forget, map_kept, trim


def keep(kept, name="a.npy", seed=0):
    array = np.random.default_rng(seed).integers(0, 256, (3, 4), dtype=np.uint8)
    np.save(kept.folder.parent / name, array)
    sha256 = hashlib.sha256(array.data).hexdigest()
    kept.keep_array(kept.folder.parent / name, name, sha256)
    return array


def change(folder, statement):
    """As an accident may, or time."""
    with closing(sqlite3.connect(folder / "results-2.sqlite")) as database, database:
        database.execute(statement)


def test_a_damaged_database_is_begun_anew(tmp_path):
    with Kept(tmp_path, "").opened() as kept:
        kept.put("k", 1)
    (tmp_path / "results-2.sqlite").write_bytes(b"x" * 5000)
    with Kept(tmp_path, "").opened() as kept:
        assert kept.get(["k"]) == [None]
        kept.put("k", 2)
    with Kept(tmp_path, "").opened() as kept:
        assert kept.get(["k"]) == [2]


@pytest.mark.parametrize(
    "accident",
    ["value = cast(replace(value, '1', '3') as blob)", "key = 'other'", "value = null", "digest = null"],
)
def test_a_result_of_which_a_bit_is_another_is_as_if_it_were_not_kept(tmp_path, accident):
    with Kept(tmp_path, "").opened() as kept:
        kept.put("k", {"n_frames": 1})
    change(tmp_path, f"update results set {accident}")
    with Kept(tmp_path, "").opened() as kept:
        assert kept.get(["k", "other"]) == [None, None]
        assert kept.known(["k", "other"]) == set()
        kept.put("k", {"n_frames": 2})
    with Kept(tmp_path, "").opened() as kept:
        assert kept.get(["k"]) == [{"n_frames": 2}]


@pytest.mark.parametrize("accident", ["sha256 = '0'", "node = node + 1", "name = 'b.npy'", "digest = null"])
def test_so_is_an_array(tmp_path, accident):
    with Kept(tmp_path / "kept", "").opened() as kept:
        keep(kept)
    (tmp_path / "kept/b.npy").hardlink_to(tmp_path / "a.npy")
    change(tmp_path / "kept", f"update arrays set {accident}")
    with Kept(tmp_path / "kept", "").opened() as kept:
        assert (kept.array("a.npy"), kept.array("b.npy")) == (None, None)
        keep(kept)
        assert kept.array("a.npy")


def test_damage_in_the_midst_of_work_loses_what_was_kept_and_no_more(tmp_path):
    with Kept(tmp_path, "").opened() as kept:
        for number in range(500):
            kept.put(str(number), "x" * 100)
        kept.note()
        kept.put("new", 1)
        with (tmp_path / "results-2.sqlite").open("r+b") as file:
            file.truncate(8192)
        assert kept.get(["7", "new"]) == [None, 1]
        kept.put("later", 2)
    with Kept(tmp_path, "").opened() as kept:
        assert kept.get(["new", "later"]) == [1, 2]


@pytest.mark.parametrize("name", ["", "..", "../other", "a" * 300, "a\0b"])
def test_a_damaged_name_of_an_array_names_no_file(tmp_path, name):
    (tmp_path / "other").write_text("mine")
    with Kept(tmp_path / "kept", "").opened() as kept:
        keep(kept)
        kept.put("k", 1)
    with closing(sqlite3.connect(tmp_path / f"kept/{DATABASE}")) as connection, connection:
        connection.execute("update arrays set name = ?", [name])
    forget(tmp_path / "kept", list(entries(tmp_path / "kept")))
    assert list(entries(tmp_path / "kept")) == []
    assert (tmp_path / "other").read_text() == "mine"


def test_what_damage_took_is_done_by_processes_as_all_else_is(tmp_path, capsys):
    """Not here, where a video that crashes its decoder would take all with it."""
    items = [f"{number:04}" for number in range(2000)]
    with Kept(tmp_path, "").opened() as kept:
        for item in items:
            kept.put(item, "x" * 300)
    path = tmp_path / DATABASE
    content = path.read_bytes()
    middle = len(content) // 8192 * 4096
    path.write_bytes(content[:middle] + bytes(4096) + content[middle + 4096 :])
    with Kept(tmp_path, "").opened() as kept:
        options = {"workers": 2, "died": repr, "lasting": bool}
        found = list(map_kept(process_of, items, items, kept, **options))
    assert len(found) == len(items)
    assert os.getpid() not in found
    assert f"{DATABASE} is damaged, and begun anew" in capsys.readouterr().err


def process_of(item):
    return os.getpid()


def test_damage_of_one_stages_work_stops_no_other(tmp_path):
    with Kept(tmp_path / "other", "").opened() as kept:
        for number in range(500):
            kept.put(str(number), "x" * 100)
    with (tmp_path / "other/results-2.sqlite").open("r+b") as file:
        file.truncate(8192)
    with Kept(tmp_path / "mine", "").opened() as kept:
        kept.put("k", 1)
    assert [entry.key for entry in entries(tmp_path / "mine")] == ["k"]
    assert list(entries(tmp_path / "other")) == []


def test_damage_of_when_and_how_much_is_no_crash(tmp_path):
    with Kept(tmp_path / "kept", "").opened() as kept:
        for number in range(4):
            kept.put(f"k{number}", "x")
        keep(kept)
    change(tmp_path / "kept", "update results set used = 1e300 where key = 'k0'")
    change(tmp_path / "kept", "update results set used = 'x' || x'ff' where key = 'k1'")
    change(tmp_path / "kept", "update results set used = null, value = null where key = 'k2'")
    change(tmp_path / "kept", "update arrays set name = null")
    found = list(entries(tmp_path / "kept"))
    assert [(entry.key, entry.n_bytes) for entry in found][2:] == [("k3", 5), ("k0", 5)]
    assert found[-1].used < 1e10
    trim(tmp_path, 0)
    assert list(entries(tmp_path / "kept")) == []


def test_pages_that_make_no_sense_are_found_though_no_array_is_named_there(tmp_path):
    with Kept(tmp_path, "").opened() as kept:
        for number in range(500):
            kept.put(str(number), "x" * 100)
    assert find_altered(tmp_path) == ([], 0)
    content = (tmp_path / DATABASE).read_bytes()
    middle = len(content) // 8192 * 4096
    (tmp_path / DATABASE).write_bytes(content[:middle] + bytes(4096) + content[middle + 4096 :])
    with pytest.raises(sqlite3.DatabaseError):
        find_altered(tmp_path)
    assert len((tmp_path / DATABASE).read_bytes()) == len(content), "looking mends nothing"
