"""Numbers on a command line: what is taken, and the one line that refuses the rest."""

import argparse

import pytest

from clipforensics.arguments import finite, positive, share, whole


def parsed(kind, text):
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--value", type=kind)
    return parser.parse_args([f"--value={text}"]).value


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [(finite, "-2.5", -2.5), (share, "0.95", 0.95), (whole, "0", 0), (positive, "1", 1)],
)
def test_what_is_taken(kind, text, value):
    found = parsed(kind, text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        *[(finite, text, f"invalid finite value: '{text}'") for text in ("nan", "inf", "-inf", "x")],
        *[(share, text, f"must lie between 0 and 1, is {text}") for text in ("0", "1", "-0.1", "nan")],
        (whole, "-1", "must not be negative, is -1"),
        (whole, "1.0", "invalid whole value: '1.0'"),
        (positive, "0", "must be at least 1, is 0"),
    ],
)
def test_what_is_refused(kind, text, message):
    with pytest.raises(argparse.ArgumentError, match=message):
        parsed(kind, text)
