"""What split files share, in sentences and on a small page. Pure: counts in, text out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clipforensics.report.wording.html import render_html
from clipforensics.report.wording.names import listed
from clipforensics.report.wording.numbers import count
from clipforensics.report.wording.tables import Column, Entry, Group, Table

PAGE = Path(__file__).with_name("splits.html")

Json = Mapping[str, Any]

NAMES = {
    "duplicates": ("video", "videos"),
    "frames": ("frame", "frames"),
    "twins": ("twin", "twins"),
    "identities": ("identity", "identities"),
    "youtube": ("YouTube video", "YouTube videos"),
}
"""What two parts may share, the worst first: one of it, several."""

_PARTS = {"n": "videos", "n_real": "real", "n_identities": "identities", "n_unknown": "of unknown people",
          "n_frames": "frames", "n_twice": "listed twice"}  # fmt: skip


def headline(content: Json) -> str:
    """What stands first: the pair of parts that share most, or that nothing is shared."""
    names = listed(list(content["parts"]))
    leaking = [pair for pair in content["pairs"] if shared(pair)]
    if leaking:
        worst = max(leaking, key=lambda pair: (pair["duplicates"], pair["frames"], pair["videos"]))
        return f"{worst['first']} and {worst['second']} share {shared(worst)}"
    known = f"No identity, twin, frame or video is known to be in two of {names}"
    if content["n_unknown"]:
        return f"{known}, but it is not known who is in {count(content['n_unknown'])} videos"
    return f"{known}, {NO_YOUTUBE}" if lacks_youtube(content) else known


NO_YOUTUBE = (
    "but ids that are cut from one YouTube video go unseen: give --youtube-ids (FaceForensics++'s"
    " conversion_dict.json)"
)


def lacks_youtube(content: Json) -> bool:
    """Whether names are FaceForensics++'s and nobody said which of its ids are of one YouTube video."""
    naming = content["naming"]
    return naming["name"] == "ffpp" and not naming["youtube_ids"]


def shared(pair: Json) -> str:
    """`3 videos and 12 identities`; empty where nothing is shared."""
    found = [
        f"{count(pair[k])} {one if pair[k] == 1 else many}" for k, (one, many) in NAMES.items() if pair[k]
    ]
    return listed(found) if found else ""


def points(content: Json) -> list[str]:
    """A sentence for each pair that shares something, with examples; then what lists do not say."""
    found = []
    for pair in content["pairs"]:
        if what := shared(pair):
            examples = "; ".join(f"{NAMES[k][1]}: {', '.join(v)}" for k, v in pair["examples"].items())
            n = content["parts"][pair["second"]]["n"]
            found.append(
                f"{pair['first']} and {pair['second']} share {what}; {count(pair['videos'])} of {count(n)}"
                f" videos of {pair['second']} show somebody of {pair['first']}. Such as {examples}."
            )
    twice = {name: row["n_twice"] for name, row in content["parts"].items() if row["n_twice"]}
    found += [f"{name} lists {count(n)} videos twice, under two names." for name, n in twice.items()]
    unknown = {name: row["n_unknown"] for name, row in content["parts"].items() if row["n_unknown"]}
    found += [
        f"It is not known who is in {count(n)} videos of {name}: what they share goes unseen."
        for name, n in unknown.items()
    ]
    return found


def render(content: Json) -> str:
    """The page: one offline file, names escaped; the same content gives the same bytes."""
    said = {
        "headline": headline(content),
        "points": points(content),
        "pairs": _pairs_table(content),
        "parts": _parts_table(content),
        "naming": content["naming"]["name"],
        "files": [f"{entry['file']}, sha256 {entry['sha256'][:12]}" for entry in content["inputs"]],
    }
    return render_html(PAGE, said) + "\n"


def _pairs_table(content: Json) -> Table:
    keys = [*NAMES, "videos"]
    heads = [many for _, many in NAMES.values()] + ["videos of the second that show anybody of the first"]
    columns = (Column("parts", numeric=False), *(Column(head) for head in heads))
    rows = tuple(
        (Entry(f"{pair['first']}, {pair['second']}"), *(Entry(count(pair[key])) for key in keys))
        for pair in content["pairs"]
    )
    return Table("", columns, (Group("", rows),), wrapped=True)


def _parts_table(content: Json) -> Table:
    columns = (Column("part", numeric=False), *(Column(head) for head in _PARTS.values()))
    rows = tuple(
        (Entry(name), *(Entry(count(row[key])) for key in _PARTS)) for name, row in content["parts"].items()
    )
    return Table("", columns, (Group("", rows),))
