"""Which stages would run: those that changed and those behind them; `check` alone moves nothing."""

from clipforensics.check.upcoming import follow, in_words

READS = {
    "check": [],
    "ingest": ["check"],
    "split@a": ["ingest"],
    "split@b": ["ingest"],
    "train@a": ["split@a"],
    "train@b": ["split@b"],
    "compare": ["train@a", "train@b"],
}


def test_what_changed_and_what_reads_it_in_the_order_of_the_run():
    assert follow(READS, {"split@b"}) == ["split@b", "train@b", "compare"]
    assert follow(READS, {"compare", "train@a"}) == ["train@a", "compare"]
    assert follow(READS, set(READS)) == list(READS)


def test_a_check_that_runs_again_moves_nothing_else():
    assert follow(READS, {"check"}) == ["check"]
    assert follow(READS, {"check", "train@a"}) == ["check", "train@a", "compare"]


def test_cells_are_counted():
    assert in_words(["check", "train@a", "train@b", "compare"], 7) == (
        "to run: 4 of 7 stages: check, 2 of train, compare"
    )
    assert in_words([], 7) == "to run: nothing; all 7 stages are up to date"
