"""Tables of videos without footage: made up, and FaceForensics++ at its true size."""

import json
import random
from collections.abc import Iterable
from typing import Any

from clipforensics.core.records import REAL, Video
from tests.support.shared_data import FFPP


def real(
    name: str, *, youtube: str = "", dataset: str = "d", compression: str = "c40", take: str = ""
) -> Video:
    path = f"{dataset}/{compression}/{name}{take}"
    return Video(dataset, REAL, compression, name, "", take, 0, youtube, "", path)


def fake(
    manipulation: str,
    name: str,
    *,
    youtube: tuple[str, str] = ("", ""),
    dataset: str = "d",
    compression: str = "c40",
    take: str = "",
) -> Video:
    """`name` is `<target>_<source>`."""
    target, source = name.split("_")
    path = f"{dataset}/{manipulation}/{compression}/{name}{take}"
    return Video(dataset, manipulation, compression, target, source, take, 1, *youtube, path)


def read_json(name: str) -> Any:
    return json.loads((FFPP / name).read_text(encoding="utf-8"))


def frame_package(*, youtube: bool = False) -> list[Video]:
    """The package of 100 real, 100 FaceSwap and 100 NeuralTextures videos."""
    content = read_json("frame_package_ids.json")
    manipulations = ("FaceSwap", "NeuralTextures")
    return _videos(content["Real_youtube"], content["FaceSwap"], manipulations, youtube=youtube)


def full_ffpp(manipulations: Iterable[str] = ("FaceSwap", "NeuralTextures")) -> list[Video]:
    """1000 real videos and 1000 of each manipulation, with their YouTube ids."""
    pairs = [pair for part in official_lists().values() for pair in part]
    names = [f"{a}_{b}" for pair in pairs for a, b in (pair, pair[::-1])]
    return _videos([name for pair in pairs for name in pair], names, manipulations, youtube=True)


def official_lists() -> dict[str, list[list[str]]]:
    return {part: read_json(f"{part}.json") for part in ("train", "val", "test")}


def _videos(
    reals: Iterable[str], names: Iterable[str], manipulations: Iterable[str], *, youtube: bool
) -> list[Video]:
    known = read_json("conversion_dict.json") if youtube else {}
    of = {name: entry.rsplit(" ", 1)[0] for name, entry in known.items()}
    videos = [real(name, youtube=of.get(name, "")) for name in sorted(reals)]
    for manipulation in manipulations:
        for name in sorted(names):
            target, source = name.split("_")
            videos.append(fake(manipulation, name, youtube=(of.get(target, ""), of.get(source, ""))))
    return videos


def celeb_df() -> list[Video]:
    """The shape of Celeb-DF v2: 590 videos of 59 celebrities, 5,639 swaps among them, 300 other reals."""
    celebrities = [f"id{i}" for i in range(62) if i not in (14, 15, 18)]
    videos = [real(name, take=f"{k:04d}") for name in celebrities for k in range(10)]
    pairs = [f"{a}_{b}" for a in celebrities for b in celebrities if a != b]
    random.Random(0).shuffle(pairs)
    swaps = [(pairs[i % len(pairs)], f"{i // len(pairs):04d}") for i in range(5639)]
    videos += [fake("Celeb-synthesis", pair, take=take) for pair, take in swaps]
    return videos + [real(f"youtube{i:05d}") for i in range(300)]


def population(n: int = 20, manipulations: tuple[str, ...] = ("FaceSwap", "NeuralTextures")) -> list[Video]:
    """n reals, and pairs of neighbours swapped both ways."""
    names = [f"{i:03d}" for i in range(n)]
    pairs = [f"{a}_{b}" for a, b in zip(names, names[1:] + names[:1], strict=True)]
    pairs = [name for i, name in enumerate(pairs) if i % 2 == 0]
    pairs += ["_".join(reversed(name.split("_"))) for name in pairs]
    return [real(name) for name in names] + [fake(m, name) for m in manipulations for name in pairs]
