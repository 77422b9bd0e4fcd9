"""A database of kept work: begun anew where it is damaged, and never where it is only held or full."""

import doctest
import os
import random
import sqlite3
from contextlib import closing

import pytest

from clipforensics.core.faults import InputError
from clipforensics.machine import database as database_module
from clipforensics.machine.database import (
    DATABASE,
    Database,
    Held,
    given_back,
    read_arrays,
    row_digest,
    seen_as,
    told,
)

PUT = "insert into results (key, value) values (?, ?)"


@pytest.fixture
def database(tmp_path, monkeypatch):
    monkeypatch.setattr(database_module, "PATIENCE", 0.05)
    with closing(Database(tmp_path)) as opened:
        opened.change(PUT, [("a", b"1")])
        yield opened


def keys(database):
    return [key for (key,) in database.rows("select key from results order by key")]


def test_the_example_runs():
    found = doctest.testmod(database_module)
    assert (found.failed, found.attempted) == (0, 7)


@pytest.mark.parametrize("how", ["zeros", "noise", "cut", "other tables"])
def test_one_that_proves_to_be_damaged_is_empty_and_goes_on(tmp_path, how):
    with closing(Database(tmp_path)) as database:
        database.change(PUT, [(str(n), b"x" * 100) for n in range(500)])
    path = tmp_path / DATABASE
    content = path.read_bytes()
    if how == "other tables":
        path.unlink()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("create table results (key text primary key)")
    else:  # all but the first page, so that it can be opened
        n_rest = len(content) - 4096
        rest = {"zeros": bytes(n_rest), "noise": random.Random(0).randbytes(n_rest), "cut": b""}[how]
        path.write_bytes(content[:4096] + rest)
    with closing(Database(tmp_path)) as database:
        assert list(database.rows("select value from results where key = '7'")) == []
        database.change(PUT, [("new", b"1")])
    with closing(Database(tmp_path)) as database:
        assert keys(database) == ["new"]


def test_damage_is_met_while_it_is_written_and_while_it_is_read(tmp_path):
    for statement in (PUT, "select * from results"):
        with closing(Database(tmp_path)) as database:
            database.change(PUT, [(f"{n:04}", b"x" * 100) for n in range(2000)])
            found = database.rows("select key from results")
            next(found)
            with (tmp_path / DATABASE).open("r+b") as file:
                file.seek(8192)
                file.write(bytes((tmp_path / DATABASE).stat().st_size - 8192))
            database.do(lambda connection: connection.execute("pragma shrink_memory"))
            if statement == PUT:
                database.change(PUT, [("0000", b"1")])
                assert keys(database) == ["0000"]
                database.change("delete from results", [()])
            assert len(list(found)) < 2000
            assert keys(database) == []


def test_text_that_is_none_is_damage_that_its_digest_tells(database):
    database.do(lambda connection: connection.execute("update results set key = cast(x'ff41' as text)"))
    assert keys(database) == ["\ufffdA"]
    assert row_digest("\ufffdA", b"1") != row_digest("a", b"1")


def test_one_that_another_process_holds_is_told_as_held_and_stays(database, tmp_path):
    with closing(sqlite3.connect(tmp_path / DATABASE)) as other:
        other.execute("begin exclusive")
        for use in (lambda: database.change(PUT, [("b", b"1")]), lambda: Database(tmp_path)):
            with pytest.raises(Held, match=r"results-2.sqlite cannot be used: another process holds it; run"):
                use()
        with pytest.raises(Held):
            read_arrays(tmp_path)
    assert keys(database) == ["a"]


def test_one_whose_disk_is_full_is_told_and_stays(database):
    database.do(lambda connection: connection.execute("pragma max_page_count = 8"))
    with pytest.raises(InputError, match="cannot be written: database or disk is full; free space"):
        database.change(PUT, [("b", b"x" * 100_000)])
    assert keys(database) == ["a"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_IOERR_WRITE, InputError),
        (sqlite3.SQLITE_READONLY_DIRECTORY, InputError),
        (sqlite3.SQLITE_BUSY_RECOVERY, Held),
        (sqlite3.SQLITE_CORRUPT_INDEX, type(None)),
        (sqlite3.SQLITE_NOTADB, type(None)),
        (sqlite3.SQLITE_ERROR, type(None)),
    ],
)
def test_what_says_nothing_against_a_database_is_no_damage(tmp_path, code, kind):
    error = sqlite3.OperationalError("so")
    error.sqlite_errorcode = code
    assert type(told(tmp_path, error)) is kind


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="cannot be written: unable to open database file"):
        Database(tmp_path / "none")


def test_a_mistake_in_a_question_is_no_damage(database):
    with pytest.raises(sqlite3.ProgrammingError):
        list(database.rows("select ?", [1, 2]))
    assert keys(database) == ["a"]


def test_reading_arrays_leaves_a_damaged_database_as_it_is(tmp_path):
    (tmp_path / DATABASE).write_bytes(b"x" * 4096)
    with pytest.raises(sqlite3.DatabaseError):
        read_arrays(tmp_path)
    assert (tmp_path / DATABASE).read_bytes() == b"x" * 4096


def test_a_file_gives_back_what_nobody_else_holds(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert given_back(path) == 5
    (tmp_path / "b").hardlink_to(path)
    assert [given_back(one) for one in (path, tmp_path / "none", tmp_path, tmp_path / "a\0b")] == [0, 0, 0, 0]


def test_another_file_of_the_same_size_and_time_is_another(tmp_path):
    path, other = tmp_path / "a", tmp_path / "b"
    for one in (path, other):
        one.write_bytes(b"12345")
    os.utime(path, ns=(1, 1))
    os.utime(other, ns=(1, 1))
    before = seen_as(path)
    other.replace(path)
    assert seen_as(path) != before
    assert seen_as(path)[:2] == before[:2]
