"""Thirteen equal detectors: how often somebody is shown to differ; the numbers that the page quotes."""

import re

import pytest

from benchmarks import many_looks
from benchmarks.many_looks import SETTINGS, Setting
from tests.docs.test_pages import TEXTS
from tests.support.refresh_docs import PAGES

TEXT = TEXTS[PAGES / "explanation/many-looks.md"]


def quoted() -> dict[tuple[int, int, float], list[float]]:
    """Rows of the page's table: real, manipulated and correlation to the shares."""
    rows = re.findall(r"^\| (\d+) / (\d+), (0\.\d) \| (\.\d+) \| (\.\d+) \| (\.\d+) \|$", TEXT, re.M)
    return {(int(row[0]), int(row[1]), float(row[2])): [float(share) for share in row[3:]] for row in rows}


def test_the_page_has_a_row_a_setting_and_says_of_how_many_runs():
    assert set(quoted()) == {(one.n_real, one.n_fake, one.correlation) for one in SETTINGS}
    assert re.findall(r"correlation; (\d+) runs", TEXT)


def test_what_the_page_says_of_its_table():
    for alone, bonferroni, max_t in quoted().values():
        assert alone > 0.15
        assert max_t <= 0.06
        assert bonferroni <= max_t


def test_twelve_looks_are_corrected(capsys):
    many_looks.main(["2"])
    assert len(capsys.readouterr().out.splitlines()) == 2 + len(SETTINGS)
    members = many_looks.differences(Setting(10, 100, 0.5), 0)
    assert len(members) == 12


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_shares_are_those_that_the_page_quotes(setting):
    """On the first 250 runs, within three standard errors of them."""
    found = many_looks.shares(setting, 250)
    print(setting, found)
    expected = quoted()[setting.n_real, setting.n_fake, setting.correlation]
    for share, quote in zip(found.values(), expected, strict=True):
        assert share == pytest.approx(quote, abs=3 * (max(quote, 0.02) / 250) ** 0.5)
    assert found["max-t"] < found["alone"]
