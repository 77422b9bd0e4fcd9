"""What is kept: found again by its key, sound or not at all, by several at once, within a limit."""

import doctest
import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import numpy as np
import pytest

from clipforensics.core.faults import InputError
from clipforensics.machine import database as database_module
from clipforensics.machine import kept as kept_module
from clipforensics.machine.kept import Kept, entries, find_altered, forget, kept_work, map_kept, trim, unnamed
from clipforensics.sources.base import layouts
from tests.support.imports import ROOT


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


def age(path):
    """By two days."""
    os.utime(path, (time.time() - 2 * kept_module.DAY,) * 2)


def test_the_example_runs():
    found = doctest.testmod(kept_module)
    assert (found.failed, found.attempted) == (0, 5)


def test_results_are_of_their_settings(tmp_path):
    with Kept(tmp_path, "one").opened() as kept:
        kept.put(kept.key("video"), {"a": [1, "ü", None]})
    for made_by, expected in (("one", {"a": [1, "ü", None]}), ("other", None)):
        with Kept(tmp_path, made_by).opened() as kept:
            assert kept.get([kept.key("video")]) == [expected]
            assert kept.known([kept.key("video")]) == ({kept.key("video")} if expected else set())


def test_what_was_found_before_an_exception_is_kept(tmp_path):
    def stopped():
        with Kept(tmp_path, "").opened() as kept:
            kept.put("k", 1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    with Kept(tmp_path, "").opened() as kept:
        assert kept.get(["k"]) == [1]


def test_a_kill_costs_what_was_found_in_the_last_moments(tmp_path):
    code = (
        "import os, sys, time; from pathlib import Path; from clipforensics.machine import kept as k\n"
        "k.BEFORE_NOTED = 0.2\n"
        "with k.Kept(Path(sys.argv[1]), '').opened() as kept:\n"
        "    kept.put('first', 1); time.sleep(.3); kept.put('second', 2); kept.put('third', 3)\n"
        "    os.kill(os.getpid(), 9)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    with Kept(tmp_path, "").opened() as kept:
        assert kept.get(["first", "second", "third"]) == [1, 2, None]


def test_an_array_takes_no_second_place_on_disk_and_is_looked_at_if_touched(tmp_path):
    with Kept(tmp_path / "kept", "").opened() as kept:
        keep(kept)
        path = kept.array("a.npy")
        assert path.samefile(tmp_path / "a.npy")
        os.utime(path)
        assert kept.array("a.npy") == path, "touched, but the same"
        np.save(path, np.zeros((3, 4), np.uint8))
        assert kept.array("a.npy") is None
        assert not path.exists()
        keep(kept)
        (tmp_path / "kept/a.npy").unlink()
        assert kept.array("a.npy") is None
        assert kept.array("never") is None


def test_several_may_use_it_at_once(tmp_path):
    def work(number):
        with Kept(tmp_path, "").opened() as kept:
            for n in range(20):
                kept.put(f"{number}-{n}", n)
                kept.note()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Kept(tmp_path, "").opened() as kept:
        assert len(kept.known([f"{number}-{n}" for number in range(4) for n in range(20)])) == 80


def test_a_disk_that_takes_no_more_is_one_line(tmp_path, monkeypatch):
    with Kept(tmp_path, "").opened() as kept:
        kept._open().do(lambda database: database.execute("pragma max_page_count = 8"))
        kept.put("k", "x" * 100_000)
        with pytest.raises(InputError, match=r"cannot be written: database or disk is full; free space"):
            kept.note()
        kept._new.clear()


def test_finished_work_does_not_end_with_another_stages_lock(tmp_path, monkeypatch):
    monkeypatch.setattr(database_module, "PATIENCE", 0.05)
    for kind in ("held", "read", "free", "late"):
        with Kept(tmp_path / kind, "").opened() as kept:
            kept.put("k", "x" * 1000)
    size = kept_module._size
    monkeypatch.setenv("CLIPFORENSICS_KEPT", "0")
    with (
        closing(sqlite3.connect(tmp_path / "held/results-2.sqlite")) as held,
        closing(sqlite3.connect(tmp_path / "read/results-2.sqlite")) as read,
        closing(sqlite3.connect(tmp_path / "late/results-2.sqlite")) as late,
    ):
        held.execute("begin exclusive")
        read.execute("begin immediate")
        then = {"late": "begin exclusive"}.get  # when it has been measured
        monkeypatch.setattr(kept_module, "_size", lambda at: (size(at), late.execute(then(at.name, "")))[0])
        with Kept(tmp_path / "mine", "").opened() as kept:
            kept.put("k", 1)
    left = {kind: len(list(entries(tmp_path / kind))) for kind in ("free", "held", "late", "mine", "read")}
    assert left == {"free": 0, "held": 1, "late": 1, "mine": 0, "read": 1}


def test_work_is_done_once_and_in_order(tmp_path):
    done = []
    options = {"workers": 1, "died": lambda item: "died", "lasting": lambda found: found != "passes"}

    def run(items, monkeypatch):
        def mapped(work, todo, **_):
            done.extend(todo)
            yield from map(work, todo)

        monkeypatch.setattr(kept_module, "map_in_order", mapped)
        with Kept(tmp_path, "").opened() as kept:
            return list(
                map_kept(lambda n: "passes" if n == 3 else n * n, items, [*map(str, items)], kept, **options)
            )

    with pytest.MonkeyPatch.context() as patch:
        assert run([1, 3, 5], patch) == [1, "passes", 25]
        assert run([5, 4, 3, 1], patch) == [25, 16, "passes", 1]
    assert done == [1, 3, 5, 4, 3]


def test_what_is_cleared_while_it_is_used_is_done_again(tmp_path):
    options = {"workers": 1, "died": str, "lasting": lambda found: True}
    for clear in (False, True):
        with Kept(tmp_path, "").opened() as kept:
            found = map_kept(str, [1, 2, 3], ["a", "b", "c"], kept, **options)
            assert next(found) == "1"
            if clear:
                forget(tmp_path, list(entries(tmp_path)))
            assert list(found) == ["2", "3"]
    with Kept(tmp_path, "").opened() as kept:
        assert kept.get(["a", "b", "c"]) == [None, "2", "3"]


def test_the_key_is_of_code_and_libraries(tmp_path, monkeypatch):
    def made_by():
        return kept_work("embed", {"a": 1}).made_by

    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    before, code = made_by(), tmp_path / "module.py"
    with monkeypatch.context() as patch:
        patch.setattr(kept_module, "library_versions", lambda: {"numpy": "0"})
        assert made_by() != before
    assert made_by() == before
    monkeypatch.setattr(kept_module, "project_code", lambda apart: [code])
    code.write_text("1")
    before = made_by()
    code.write_text("2")
    assert made_by() != before


INGESTING = """
import sys
from types import SimpleNamespace as Like
from clipforensics.sources.base import layout_module
from stages import ingest
for name in sys.argv[1:]:
    layout_module(name)
ingest.find_digests = lambda *_: None
ingest.masks_left_aside = lambda *_: 0
ingest.probe_videos = lambda *_, kept, **__: (print(kept.made_by), ([], []))[1]
one = Like(find_videos=lambda: ([], []), root=None, profile=Like(follow_links=False, digests=None))
ingest.find_and_probe(one, Like(limits=None, max_probe_seconds=1, decoding="strict"))
"""


def test_a_data_set_of_another_layout_probes_no_video_again():
    made_by = {
        subprocess.run(
            [sys.executable, "-c", INGESTING, *some], cwd=ROOT, capture_output=True, check=True
        ).stdout
        for some in (["celebdf"], layouts())
    }
    assert len(made_by) == 1


def test_its_folder_is_the_projects(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert kept_work("embed", {"a": 1}).folder == tmp_path / ".scratch/kept/embed"
    assert kept_work("embed", {"a": 1}).made_by != kept_work("embed", {"a": 2}).made_by


def test_beyond_the_limit_what_was_used_longest_ago_goes(tmp_path, monkeypatch):
    monkeypatch.setenv("CLIPFORENSICS_KEPT", "1")
    for number in range(4):
        with Kept(tmp_path / str(number), "").opened() as kept:
            keep(kept, f"{number}.npy", number)
            kept.put("k", number)
        (tmp_path / f"{number}.npy").unlink()  # nobody else holds it
        time.sleep(0.01)
    assert len(list(tmp_path.rglob("*.npy"))) == 4
    size = (tmp_path / "0/0.npy").stat().st_size
    kept_module.trim(tmp_path, 2 * size + 50)
    assert [path.name for path in sorted(tmp_path.rglob("*.npy"))] == ["2.npy", "3.npy"]
    with Kept(tmp_path / "0", "").opened() as kept:
        assert (kept.get(["k"]), kept.array("0.npy")) == ([None], None)
    kept_module.trim(tmp_path, 0)
    assert not list(tmp_path.rglob("*.npy"))
    with sqlite3.connect(tmp_path / "3/results-2.sqlite") as database:
        assert database.execute("select count(*) from results").fetchone() == (0,)


def test_what_was_found_again_stays_longest_and_what_outputs_hold_too_counts_nothing(tmp_path):
    with Kept(tmp_path / "kept", "").opened() as kept:
        for name in "abc":
            kept.put(name, name)
            keep(kept, f"{name}.npy")
    for table in ("results", "arrays"):
        change(tmp_path / "kept", f"update {table} set used = 1")
    with Kept(tmp_path / "kept", "").opened() as kept:
        kept.get(["b"])
        kept.array("b.npy")
    assert {entry.key for entry in entries(tmp_path / "kept") if entry.used > 1} == {"b", "b.npy"}
    assert {entry.key for entry in entries(tmp_path / "kept") if entry.n_bytes} == {"a", "b", "c"}
    trim(tmp_path, 4)
    assert {entry.key for entry in entries(tmp_path / "kept") if entry.n_bytes} == {"b"}


def test_only_where_there_is_too_much_is_it_gone_through(tmp_path, monkeypatch):
    with Kept(tmp_path / "kept", "").opened() as kept:
        kept.put("k", "x" * 98)
    asked = []
    monkeypatch.setattr(kept_module, "entries", lambda folder: asked.append(folder) or entries(folder))
    trim(tmp_path, 101)
    assert asked == []
    trim(tmp_path, 100)
    assert list(entries(asked[0])) == []


def test_files_that_no_row_names_go_after_a_day(tmp_path):
    folder = tmp_path / "kept"
    with Kept(folder, "").opened() as kept:
        keep(kept)
        keep(kept, "named.npy", 1)
    for name in ("a.npy", "named.npy"):
        (tmp_path / name).unlink()
    change(folder, "delete from arrays where name = 'a.npy'")
    (folder / "b.npy.4711").write_bytes(b"cut")
    (folder / "fresh.npy.4711").write_bytes(b"cut")
    (tmp_path / "output.npy").write_bytes(b"whole")
    (folder / "output.npy").hardlink_to(tmp_path / "output.npy")
    (folder / "folder").mkdir()
    for path in folder.iterdir():
        if path.name != "fresh.npy.4711":
            age(path)
    assert [entry.key for entry in unnamed(folder)] == ["a.npy", "b.npy.4711"]
    trim(tmp_path, 10**9)
    there = ["folder", "fresh.npy.4711", "named.npy", "output.npy", "results-2.sqlite"]
    assert sorted(path.name for path in folder.iterdir()) == there


@pytest.mark.parametrize("text", ["-1", "many", "nan", "inf"])
def test_a_limit_that_is_none_is_told(tmp_path, monkeypatch, text):
    monkeypatch.setenv("CLIPFORENSICS_KEPT", text)
    with pytest.raises(InputError, match=r"CLIPFORENSICS_KEPT is .* gigabytes"):
        kept_module.limit()


def test_an_array_that_holds_other_bytes_is_found_though_its_time_and_size_are_the_same(tmp_path):
    with Kept(tmp_path / "kept", "").opened() as kept:
        keep(kept)
        path = kept.array("a.npy")
    assert find_altered(tmp_path / "kept") == ([], 1)
    status = path.stat()
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\xff")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    (entry,), n_read = find_altered(tmp_path / "kept")
    assert (entry.key, n_read) == ("a.npy", 1)
