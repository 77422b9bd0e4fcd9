"""An upload, streamed into a file that nobody else can read; refused as soon as it is too much."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from clipforensics.footage.pictures import SUFFIXES as PICTURES
from clipforensics.scoring.inputs import VIDEOS
from clipforensics.serving.faults import Refused
from clipforensics.serving.limits import Limits

FIELD = "file"
"""The form's one field."""

BESIDE = 1 << 16
"""Bytes that a form may hold beside the file: boundaries, headers, small fields."""

STALLED = 30.0
"""Seconds without a byte after which an upload is given up."""

LONGEST = 1800.0
"""Seconds that an upload may take as a whole."""

LONGEST_NAME = 200
UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was received.

    Attributes:
        path: Where it lies; of the sender's name there is at most a known ending in it.
        name: As the sender calls it, without folders, fit to be shown.
    """

    path: Path
    name: str


async def receive(
    chunks: AsyncIterator[bytes], content_type: str, length: str | None, folder: Path, limits: Limits
) -> Upload:
    """Write the file of a form (multipart/form-data, field `file`) into a folder.

    Args:
        chunks: The body.
        content_type: Of the request.
        length: Its Content-Length, if it says one.
        folder: Private to this server.
        limits: Of the server.

    Raises:
        Refused: it is no such form, too large, or does not come; nothing of it is left.
    """
    boundary = _boundary(content_type)
    if length is not None and length.isascii() and length.isdigit() and int(length) > limits.n_bytes + BESIDE:
        raise _too_large(limits)
    form = _Form(boundary, folder, limits)
    try:
        async with asyncio.timeout(LONGEST):
            async for chunk in _in_time(chunks):
                form.write(chunk)
        return form.end()
    except TimeoutError as error:
        form.remove()
        raise Refused(408, "upload stalled", f"nothing came for {STALLED:.0f} s; send it again") from error
    except OSError as error:
        form.remove()
        raise Refused(
            503, "busy", f"the upload cannot be kept ({error.strerror}); try again later"
        ) from error
    except BaseException:  # also a client that is gone
        form.remove()
        raise
    finally:
        form.close()


async def _in_time(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    while True:
        async with asyncio.timeout(STALLED):
            chunk = await anext(chunks, None)
        if chunk is None:
            return
        yield chunk


def shown_name(given: str) -> str:
    """What is shown of a sender's file name: its last part, printable, not endless."""
    last = given.replace("\\", "/").rsplit("/", 1)[-1]
    text = "".join(c if c.isprintable() else " " for c in last).strip()
    return text[:LONGEST_NAME] or UNNAMED


def _boundary(content_type: str) -> bytes:
    kind, options = _parsed(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise Refused(
            415, "not multipart", f"send a form (multipart/form-data) with the video as its field `{FIELD}`"
        )
    return options[b"boundary"]


def _parsed(header: str | bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """A header's value and its options."""
    from python_multipart.multipart import parse_options_header

    found: tuple[bytes, dict[bytes, bytes]] = parse_options_header(header)
    return found


def _too_large(limits: Limits) -> Refused:
    return Refused(
        413, "too large", f"the file is larger than {limits.megabytes} MB; cut or compress it first"
    )


def _malformed(why: str) -> Refused:
    return Refused(400, "bad request", f"{why}; send one file as the form's field `{FIELD}`")


@dataclass
class _Part:
    """One part of the form: the header that is read just now, and whether it is the file."""

    header: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    filename: str | None = None


class _Form:
    """Parses the form as it comes: the file's bytes to the disk, of all else nothing is kept."""

    def __init__(self, boundary: bytes, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        self._n_file = self._n_all = 0
        self._ended = False
        self._part = _Part()
        self._file: int | None = None
        self.path: Path | None = None
        self.name = UNNAMED
        from python_multipart.multipart import MultipartParser

        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._header_name,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_finished,
                    "on_part_data": self._data,
                    "on_end": self._end,
                },
            )
        except ValueError as error:
            raise _malformed("the form's boundary is too long") from error

    def write(self, chunk: bytes) -> None:
        """Take in a piece of the body."""
        self._n_all += len(chunk)
        if self._n_all > self._limits.n_bytes + BESIDE:
            raise _too_large(self._limits)
        try:
            self._parser.write(chunk)
        except ValueError as error:
            raise _malformed("the form cannot be parsed") from error

    def end(self) -> Upload:
        """What was received, when the body is at its end."""
        if not self._ended:
            raise _malformed("the form ends in its middle")
        if self.path is None:
            raise _malformed(f"the form has no file called `{FIELD}`")
        return Upload(self.path, self.name)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def remove(self) -> None:
        """Leave nothing."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def _begin(self) -> None:
        self._part = _Part()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._part.header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.value += data[start:end]

    def _header_end(self) -> None:
        part = self._part
        if bytes(part.header).strip().lower() == b"content-disposition":
            _, options = _parsed(bytes(part.value))
            if options.get(b"name") == FIELD.encode() and b"filename" in options:
                part.filename = options[b"filename"].decode("utf-8", "replace")
        part.header.clear()
        part.value.clear()

    def _headers_finished(self) -> None:
        if self._part.filename is None:
            return
        if self.path is not None:
            raise _malformed("the form has several files")
        self.name = shown_name(self._part.filename)
        ending = Path(self.name).suffix.lower()
        token = secrets.token_hex(16) + (ending if ending in VIDEOS | PICTURES else "")
        self.path = self._folder / token
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part.filename is None or self._file is None:
            return
        self._n_file += end - start
        if self._n_file > self._limits.n_bytes:
            raise _too_large(self._limits)
        view = memoryview(data)[start:end]
        while view:
            view = view[os.write(self._file, view) :]

    def _end(self) -> None:
        self._ended = True
