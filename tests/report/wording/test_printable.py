"""Text from files on a terminal."""

from clipforensics.report.wording.printable import printable


def test_a_terminal_gets_no_control_characters():
    assert printable("a\x1b[31m\nb") == "a [31m b"
