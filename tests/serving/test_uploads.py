"""An upload: streamed whole into a private file whose name is ours; refused early."""

import asyncio
import os
import stat
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.serving import uploads
from clipforensics.serving.faults import Refused
from clipforensics.serving.limits import MEBIBYTE, Limits
from clipforensics.serving.uploads import receive, shown_name
from tests.support.servers import BOUNDARY, form

KIND = f"multipart/form-data; boundary={BOUNDARY}"
LIMITS = Limits(megabytes=1)


def sent(folder, *pieces, kind=KIND, length=None, taken=None):
    """Receive a body in pieces; `taken` counts those that were asked for."""

    async def chunks():
        for piece in pieces:
            if taken is not None:
                taken.append(len(piece))
            yield piece

    return asyncio.run(receive(chunks(), kind, length, folder, LIMITS))


def refused(folder, *pieces, **options):
    with pytest.raises(Refused) as caught:
        sent(folder, *pieces, **options)
    assert list(folder.iterdir()) == []
    return caught.value.status, caught.value.error


@given(content=st.binary(max_size=300), cuts=st.lists(st.integers(0, 600), max_size=6))
def test_the_file_is_whole_whatever_pieces_it_comes_in(tmp_path_factory, content, cuts):
    folder = tmp_path_factory.mktemp("uploads")
    content = content + b"\r\n--" + BOUNDARY[:-1].encode() + content  # nearly the end of the form
    body = form(content, "clip.mp4")
    ends = [0, *sorted(cuts), len(body)]
    upload = sent(folder, *(body[a:b] for a, b in pairwise(ends)))
    assert upload.path.read_bytes() == content


def test_nobody_else_can_read_it_and_its_name_is_ours(tmp_path):
    upload = sent(tmp_path, form(b"abc", "../../etc/cron.d/x.mp4"))
    assert upload.path.parent == tmp_path
    assert stat.S_IMODE(upload.path.stat().st_mode) == 0o600
    assert (upload.name, upload.path.suffix) == ("x.mp4", ".mp4")
    assert len(upload.path.stem) == 32
    assert sent(tmp_path, form(b"abc", "a.sh")).path.suffix == ""


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("C:\\Users\\me\\clip.mp4", "clip.mp4"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("a\r\nb\x1b[31m\u202e.mp4", "a  b [31m .mp4"),
        ("/", "unnamed"),
        ("", "unnamed"),
        ("n" * 999, "n" * 200),
    ],
)
def test_a_name_is_its_last_part_and_printable(given_name, shown):
    assert shown_name(given_name) == shown


def test_a_body_that_says_it_is_too_large_is_not_even_begun(tmp_path):
    taken = []
    length = str(MEBIBYTE + uploads.BESIDE + 1)
    assert refused(tmp_path, b"x", length=length, taken=taken) == (413, "too large")
    assert taken == []


def test_one_that_does_not_say_so_is_stopped_at_the_limit(tmp_path):
    taken = []
    pieces = [form(b"", "a.mp4").split(b"\r\n--")[0], *[bytes(1 << 16)] * 100]
    assert refused(tmp_path, *pieces, taken=taken) == (413, "too large")
    assert sum(taken) < MEBIBYTE + 3 * (1 << 16)


def test_a_form_of_other_fields_without_end_is_stopped_too(tmp_path):
    endless = [form(b"", "a", field="other").split(b"\r\n--")[0], *[bytes(1 << 16)] * 100]
    assert refused(tmp_path, *endless) == (413, "too large")


def test_the_limit_itself_is_taken(tmp_path):
    content = os.urandom(MEBIBYTE)
    assert sent(tmp_path, form(content, "a.mp4")).path.read_bytes() == content
    (tmp_path / next(os.walk(tmp_path))[2][0]).unlink()
    assert refused(tmp_path, form(content + b"x", "a.mp4")) == (413, "too large")


@pytest.mark.parametrize(
    "kind", ["", "application/json", "multipart/form-data", "multipart/mixed; boundary=x"]
)
def test_what_is_no_form_is_told_so(tmp_path, kind):
    assert refused(tmp_path, b"{}", kind=kind) == (415, "not multipart")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form at all",
        form(b"abc", "a.mp4")[:-30],
        form(b"abc", "a.mp4", field="video"),
        form(b"abc", "a.mp4").replace(b'; filename="a.mp4"', b""),
        form(b"abc", "a.mp4")[:-4] + b"\r\n" + form(b"abc", "b.mp4"),
        form(b"abc", "a.mp4").replace(b"Content-Type", b"X" * 100_000),
    ],
    ids=["empty", "garbage", "cut", "other field", "no file", "two files", "long header"],
)
def test_a_broken_form_leaves_nothing(tmp_path, body):
    assert refused(tmp_path, body) == (400, "bad request")


def test_a_boundary_without_end_is_refused(tmp_path):
    kind = f"multipart/form-data; boundary={'x' * 5000}"
    assert refused(tmp_path, b"", kind=kind) == (400, "bad request")


def test_an_upload_that_stops_coming_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "STALLED", 0.05)

    async def chunks():
        yield form(b"abc", "a.mp4")[:-20]
        await asyncio.sleep(60)
        yield b""

    with pytest.raises(Refused, match="nothing came") as caught:
        asyncio.run(receive(chunks(), KIND, None, tmp_path, LIMITS))
    assert caught.value.status == 408
    assert list(tmp_path.iterdir()) == []


def test_a_client_that_goes_away_leaves_nothing(tmp_path):
    class Gone(Exception):
        pass

    async def chunks():
        yield form(b"abc", "a.mp4")[:-20]
        raise Gone

    with pytest.raises(Gone):
        asyncio.run(receive(chunks(), KIND, None, tmp_path, LIMITS))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told(tmp_path, monkeypatch):
    def full(file, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(uploads.os, "write", full)
    assert refused(tmp_path, form(b"abc", "a.mp4")) == (503, "busy")
