"""Damaged and hostile files, made from sound footage: always the same ones."""

import os
import random
import shutil
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.support.clips import make_clip, make_mov, make_png
from tests.support.shared_data import DATA, FOOTAGE

N_FRAMES = 10
"""Of a sound clip, so that hundreds of copies are decoded in seconds."""

REAL = ("real/liveportrait_d1.mp4", "fake/ghost_elon.webm", "fake/sadtalker_still1.mp4")
"""H.264, VP9 and MPEG-4."""


def flip(path: Path, out: Path, *, seed: int) -> Path:
    """A copy with one bit flipped."""
    content = bytearray(path.read_bytes())
    bit = random.Random(seed).randrange(8 * len(content))
    content[bit // 8] ^= 1 << bit % 8
    out.write_bytes(content)
    return out


def same_pictures(path: Path, before: Sequence[NDArray[np.uint8]]) -> bool | None:
    """Whether plain PyAV gives these pictures; None if it gives up."""
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            found = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    except (av.FFmpegError, IndexError):
        return None
    return len(found) == len(before) and all(map(np.array_equal, found, before))


def shortened(path: Path, out: Path, *, first_key: int = 1, n_frames: int = 1 << 20) -> Path:
    """A copy of some packets, from the given key frame on (the first is 1), without decoding."""
    with av.open(str(path)) as source, av.open(str(out), "w") as target:
        stream = source.streams.video[0]
        copied, keys, begin, n = target.add_stream_from_template(stream), 0, 0, 0
        for packet in source.demux(stream):
            keys += packet.is_keyframe
            if not packet.size or keys < first_key or n == n_frames:
                continue
            begin, n = begin if n else packet.dts, n + 1
            packet.pts, packet.dts, packet.stream = packet.pts - begin, packet.dts - begin, copied
            target.mux(packet)
    return out


def sound_clips(folder: Path) -> list[Path]:
    """Short clips of every kind: of real footage where this machine has it, else drawn."""
    folder.mkdir(parents=True, exist_ok=True)
    if DATA.is_dir():
        clips = [shortened(FOOTAGE / name, folder / Path(name).name, n_frames=N_FRAMES) for name in REAL]
    else:
        kinds = (("a.mp4", "libx264"), ("b.webm", "libvpx-vp9"), ("c.mp4", "mpeg4"))
        clips = [make_clip(folder / name, codec=codec, n_frames=N_FRAMES) for name, codec in kinds]
    for name, codec in (("d.mkv", "libx264"), ("e.ts", "libx264"), ("f.avi", "mpeg4"), ("g.webm", "libvpx")):
        clips.append(make_clip(folder / name, codec=codec, n_frames=N_FRAMES))
    clips.append(make_mov(folder / "h.mov", [make_png(64, 48)] * N_FRAMES))
    return clips


def damages(content: bytes, seed: int) -> Iterator[tuple[str, bytes]]:
    """What may become of a file's bytes, each with a word for it."""
    chance, size = random.Random(seed), len(content)
    for part in (0, 1, 8, 100, size // 10, size // 2, size - size // 10, size - 1):
        yield "truncated", content[:part]
    for _ in range(5):
        begin, length = chance.randrange(size), chance.choice((1, 16, 300, 4000))
        yield (
            "zeroed",
            content[:begin] + bytes(len(content[begin : begin + length])) + content[begin + length :],
        )
    for n_bits in (1, 1, 1, 1, 1, 1, 9, 99):
        changed = bytearray(content)
        for _ in range(n_bits):
            changed[chance.randrange(size)] ^= 1 << chance.randrange(8)
        yield "flipped", bytes(changed)
    for _ in range(4):
        begin = chance.randrange(size)
        yield "noise", content[:begin] + chance.randbytes(64) + content[begin + 64 :]
    begin, end = sorted((chance.randrange(size), chance.randrange(size)))
    yield "cut out", content[:begin] + content[end:]
    yield "doubled", content + content
    yield "appended", content + chance.randbytes(999)
    if content[4:8] == b"ftyp":
        yield from _atoms_damaged(content, chance)


def _atoms_damaged(content: bytes, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """Atoms in another order, left out, and with sizes that are wrong."""
    atoms, at = [], 0
    while at + 8 <= len(content):
        size = struct.unpack_from(">I", content, at)[0]
        atoms.append(content[at : at + size])
        at += size
    yield "swapped", b"".join(reversed(atoms))
    yield "swapped", b"".join(atoms[1:] + atoms[:1])
    yield "swapped", b"".join(atoms[:-1])
    for name in (b"moov", b"stsz", b"stco", b"stsd", b"elst", b"mdhd"):
        place = content.find(name)
        if place > 4:
            for size in (0, 7, 0xFFFFFFFF, chance.randrange(1 << 31)):
                yield "resized", content[: place - 4] + struct.pack(">I", size) + content[place:]


def write_damaged(folder: Path, clips: Sequence[Path], *, seed: int = 0) -> list[Path]:
    """Damaged copies of clips, and sound ones under wrong endings."""
    folder.mkdir(parents=True)
    made = []
    for place, clip in enumerate(clips):
        for number, (word, content) in enumerate(damages(clip.read_bytes(), seed + place)):
            made.append(folder / f"{clip.stem} {number:02d} {word}{clip.suffix}")
            made[-1].write_bytes(content)
        for ending in (".mp4", ".avi", ".mkv", ".ts", ".gif", ".mpg"):
            if ending != clip.suffix:
                made.append(Path(shutil.copy(clip, folder / f"{clip.stem} as {ending[1:]}{ending}")))
    return made


PLAYLISTS = {
    "hls.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{target}\n#EXT-X-ENDLIST\n",
    "hls.ts": "#EXTM3U\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n",
    "concat.mkv": "ffconcat version 1.0\nfile '{target}'\n",
    "sdp.mov": "v=0\nc=IN IP4 127.0.0.1\nm=video 9999 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "dash.avi": "<MPD><Period><AdaptationSet><Representation><BaseURL>{target}</BaseURL></Representation>"
    "</AdaptationSet></Period></MPD>",
    "page.webm": "<html><video src='{target}'></html>",
}
"""Files that name another one, as text."""

OTHER_FORMATS = ("EPS", "DDS", "AVIF", "TIFF", "GIF", "ICO", "PPM", "TGA", "PDF", "JPEG2000")
"""Formats that Pillow knows and no picture of a data set may have."""

ODD_NAMES = (
    "concat:a|b.mp4", "%03d %s.mp4", "-i.mp4", "'quoted' \"twice\".mp4", "a;b&c$(d).mp4", "ü 𝔘 \u202e4pm.mp4",
    "tab\there.mp4", "line\nend.mp4", "x" * 251 + ".mp4", "no ending", ".hidden.mp4", "=HYPERLINK(1).mp4",
    os.fsdecode(b"no utf-8 \xff.mp4"),
)  # fmt: skip


def write_hostile(folder: Path, clip: Path, outside: Path) -> list[Path]:
    """What is no video but lies among them: pipes, devices, links, playlists, huge sizes, odd names.

    Args:
        folder: Made.
        clip: A sound one.
        outside: Another, out of the root.
    """
    folder.mkdir(parents=True)
    os.mkfifo(folder / "pipe.mp4")
    _socket(folder / "socket.mp4")
    (folder / "folder.mp4").mkdir()
    for name, target in (
        ("zero.mp4", "/dev/zero"), ("random.mkv", "/dev/urandom"), ("tty.mov", "/dev/tty"),
        ("self.mp4", "self.mp4"), ("gone.mp4", "gone"), ("outside.mp4", outside),
        ("mem.mp4", "/proc/self/mem"),
    ):  # fmt: skip
        (folder / name).symlink_to(target)
    for name, text in PLAYLISTS.items():
        (folder / name).write_text(text.format(target=outside), encoding="utf-8")
    for name in ODD_NAMES:
        shutil.copy(clip, folder / name)
    make_mov(folder / "huge.mov", [make_png(16000, 16000)] * 2)
    make_mov(folder / "huge later.mov", [make_png(64, 48), make_png(16000, 16000)])
    (folder / "sparse.mp4").touch()
    os.truncate(folder / "sparse.mp4", 1 << 40)
    return list(folder.iterdir())


def write_pictures(folder: Path, outside: Path) -> list[Path]:
    """Folders of pictures in each of which something is wrong.

    Args:
        folder: Made.
        outside: A picture out of the root.
    """
    spoil: dict[str, Callable[[Path], object]] = {
        "pipe": os.mkfifo,
        "zero": lambda path: path.symlink_to("/dev/zero"),
        "outside": lambda path: path.symlink_to(outside),
        "gone": lambda path: path.symlink_to("gone"),
        "folder": Path.mkdir,
        "empty": Path.touch,
        "cut": lambda path: path.write_bytes(make_png(64, 48)[:60]),
        "huge": lambda path: path.write_bytes(make_png(16000, 16000)),
        "text": lambda path: path.write_text("<svg onload='x'/>"),
        **{
            name: lambda path, name=name: Image.new("RGB", (64, 48)).save(path, format=name)
            for name in OTHER_FORMATS
        },
    }
    for name, make in spoil.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "1.png").write_bytes(make_png(64, 48))
        make(folder / name / "2.png")
    (folder / "unnumbered").mkdir()
    (folder / "unnumbered/face.png").write_bytes(make_png(64, 48))
    (folder / "none").mkdir()
    return list(folder.iterdir())


def _save(kind: str, path: Path) -> None:
    Image.new("RGB", (64, 48)).save(path, format=kind)


def _socket(path: Path) -> None:
    """A socket; its name may be longer than the system lets one bind."""
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)
