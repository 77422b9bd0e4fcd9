"""What pages of docs/ repeat from code and metrics; `python -m tests.support.refresh_docs` writes it anew.

A page holds `<!-- refresh: NAME -->`, the text, `<!-- end -->`. The tests hold every page to this text.
"""

import ast
import contextlib
import io
import json
import re
import textwrap
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from clipforensics.comparison.headline import headline_of
from clipforensics.verdict import command as verdict
from tests.support.imports import ROOT
from tests.support.published_scores import beside_table, twins_table
from tests.support.settings_in_words import default_in_words, keys_of_params, type_of_each_key
from tests.support.shared_data import PEER_SCORES

PAGES = ROOT / "docs"
SETTINGS = PAGES / "reference" / "settings.md"
BLOCK = re.compile(r"(<!-- refresh: (\w+) -->\n).*?(<!-- end -->)", re.S)
DIFF = ("grouped auc", "no_twin auc", "twin auc", "video auc", "video detector", "video f1")
COLUMNS = "| protocol | test fakes | real / fake | baseline [95 %] | LoRA [95 %] | LoRA - baseline [95 %] |"


def read_metrics(name: str) -> Any:
    return json.loads((ROOT / "metrics" / name).read_text(encoding="utf-8"))


def pages() -> list[Path]:
    """Pages that people wrote."""
    return [path for path in sorted(PAGES.rglob("*.md")) if not {"api", "_build"} & set(path.parts)]


def refreshed(path: Path) -> str:
    """A page with its blocks, and the tables of settings, as they should be."""
    text = BLOCK.sub(rewritten, path.read_text("utf-8"))
    return with_types_and_defaults(text) if path == SETTINGS else text


def rewritten(block: re.Match[str]) -> str:
    """A block as it should be; as it is, where what it is made from lies beside other checkouts alone."""
    if block[2] in FROM_SHARED and not PEER_SCORES.is_dir():
        return block[0]
    return f"{block[1]}{BLOCKS[block[2]]()}\n{block[3]}"


def with_types_and_defaults(text: str) -> str:
    """Rows of the settings with the type of the code and the default of params.yaml; the rest stays."""
    types, defaults = type_of_each_key(), keys_of_params()
    parts, section = [], ""
    for line in text.splitlines():
        section = heading_of(line, section)
        key, cells = f"{section}{line[3:].split('`')[0]}", line.split(" | ")
        if len(cells) == 5 and key in defaults:  # a test names the others
            cells[1], cells[3] = types[key], default_in_words(defaults[key])
        parts.append(" | ".join(cells))
    return "\n".join(parts) + "\n"


def heading_of(line: str, before: str) -> str:
    """The section that a line is in, with a dot, given that of the line before."""
    found = re.fullmatch(r"## (?:`([\w.]+)`|.*)", line)
    return before if not found else f"{found[1]}." if found[1] else ""


def interval(values: dict[str, Any], form: str) -> str:
    """`0.84 [0.61, 0.95]`; the interval may be undefined."""
    if values["low"] is None:
        return f"{values['auc']:{form}} [-]"
    return f"{values['auc']:{form}} [{values['low']:{form}}, {values['high']:{form}}]"


def sample_rows() -> Iterator[dict[str, Any]]:
    """Rows of the committed run that the pages show: by video, all strata of the leaking protocol."""
    for row in read_metrics("comparison.json")["cells"]:
        shown = row["level"] == "video" and row["stratum"] in ("all", "twin", "no_twin") and row["n_fake"]
        if shown and (row["protocol"] == "per_class" or row["stratum"] == "all"):
            yield row


def sample_table() -> str:
    lines = [COLUMNS, "|---|---|---|---|---|---|"]
    for row in sample_rows():
        base, lora = (interval(row["detectors"][name], ".2f") for name in ("baseline", "lora"))
        counts = f"{row['n_real']} / {row['n_fake']}"
        place = f"{row['protocol']} | {row['manipulation']}, {row['stratum']} | {counts}"
        lines.append(f"| {place} | {base} | {lora} | {interval(row['differences']['lora'], '+.2f')} |")
    return "\n".join(lines)


FIRST = (
    ("per_class", "NeuralTextures", "all"),
    ("per_class", "NeuralTextures", "twin"),
    ("per_class", "NeuralTextures", "no_twin"),
    ("grouped", "NeuralTextures", "all"),
    ("grouped", "Deepfakes", "all"),
    ("grouped", "Face2Face", "all"),
)
"""Rows of README: protocol, manipulation and stratum."""

IN_WORDS = {"all": "all fakes", "twin": "fakes with a twin in training", "no_twin": "fakes without a twin"}
PROTOCOLS = {"per_class": "usual (leaks)", "grouped": "no leak"}


def first_table() -> str:
    lines = [
        "| protocol | tested on | real / fake | baseline | LoRA | LoRA - baseline |",
        "|---|---|---|---|---|---|",
    ]
    rows = {(row["protocol"], row["manipulation"], row["stratum"]): row for row in sample_rows()}
    for place in FIRST:
        row, (protocol, manipulation, stratum) = rows[place], place
        base, lora = (interval(row["detectors"][name], ".2f") for name in ("baseline", "lora"))
        where = (
            f"{PROTOCOLS[protocol]} | {manipulation}, {IN_WORDS[stratum]} | {row['n_real']} / {row['n_fake']}"
        )
        lines.append(f"| {where} | {base} | {lora} | {interval(row['differences']['lora'], '+.2f')} |")
    return "\n".join(lines)


def ratios_table() -> str:
    """Likelihood ratios of the committed run on two manipulations, by the method that is shown."""
    content = read_metrics("likelihood.json")
    lines = [
        "| protocol | tested on | detector | Cllr [95 %] | Cllr_min | LR at least | LR at most |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in content["rows"]:
        if row["method"] == content["method"] and row["manipulation"] in ("NeuralTextures", "FaceSwap"):
            place = f"{row['protocol']} | {row['manipulation']} | {row['detector']}"
            if row["cllr"] is None:
                lines.append(f"| {place} | none: {row['undefined']} | | | |")
                continue
            cost = interval({"auc": row["cllr"], "low": row["cllr_low"], "high": row["cllr_high"]}, ".2f")
            bounds = f"1/{10 ** -row['elub_low']:.1f} | {10 ** row['elub_high']:.1f}"
            lines.append(f"| {place} | {cost} | {row['cllr_min']:.2f} | {bounds} |")
    return "\n".join(lines)


def headline_table() -> str:
    """The headline's row of the committed run, upright: it is read by people who have not read a word yet."""
    row = next(sample_rows())
    lines = ["| video AUC on NeuralTextures, 10 real and 100 fake videos | |", "|---|---|"]
    lines.append(f"| baseline (linear probe) | {interval(row['detectors']['baseline'], '.2f')} |")
    lines.append(f"| LoRA | {interval(row['detectors']['lora'], '.2f')} |")
    lines.append(f"| LoRA minus baseline | {interval(row['differences']['lora'], '+.2f')} |")
    assert (row["manipulation"], row["n_real"], row["n_fake"]) == ("NeuralTextures", 10, 100)
    return "\n".join(lines)


def headlines(detector: str) -> dict[str, Any]:
    """`<file> <key>` -> what metrics/headline/ holds, as it would be with that `detector`."""
    found = headline_of(read_metrics("comparison.json"), detector)
    return {f"{name} {key}": value for name, entries in found.items() for key, value in entries.items()}


def diff_block() -> str:
    """Rows of `dvc metrics diff`, to the five digits that DVC shows."""
    rows = [("Path", "Metric", "HEAD", "workspace", "Change")]
    old, new = headlines("baseline"), headlines("lora")
    for place in DIFF:
        (name, key), pair = place.split(), (old[place], new[place])
        shown = [value if isinstance(value, str) else f"{round(value, 5):g}" for value in pair]
        change = "-" if isinstance(pair[0], str) else f"{round(pair[1] - pair[0], 5):g}"
        rows.append((f"metrics/headline/{name}.json", key, *shown, change))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(["```text", *(line.rstrip() for line in lines), "```"])


def sanity_sentence() -> str:
    found = read_metrics("explanations.json")["sanity"]
    lines = ["| weights shuffled | baseline | LoRA |", "|---|---|---|"]
    for words, key in (("all", "rank_correlation"), ("the head's alone", "rank_correlation_head")):
        lines.append(f"| {words} | {found['baseline'][key]:.2f} | {found['lora'][key]:.2f} |")
    return "\n".join(lines)


def league_rows() -> list[str]:
    """Rows of the committed run's league, without the place; the page has more methods."""
    rows = []
    for row in read_metrics("comparison.json")["league"]:
        aucs = [f"{row[column]['auc']:.2f}" for column in ("in_domain", "cross", "clean")]
        counts = f"`{row['detector']}` | {row['parameters']['trainable']:,} | {row['validation']['auc']:.2f}"
        rows.append(f"| {counts} | {' | '.join(aucs)} |")
    return rows


def make_table() -> str:
    """Targets of the Makefile with their own words."""
    found = re.findall(r"^([a-z]+):.*?## (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.M)
    rows = [f"| `make {name}` | {words} |" for name, words in found]
    return "\n".join(["| target | what it does |", "|---|---|", *rows])


def rooms_table() -> str:
    """Rooms by floor, as import-linter holds them, each with the sentence of its `__init__.py`."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (floors,) = (c["layers"] for c in contracts if c.get("containers") == ["clipforensics"])
    lines = ["| room | what it is |", "|---|---|"]
    names = (room.strip() for floor in floors for room in floor.split("|"))
    for room in (name for name in names if not name.startswith("_")):
        path = ROOT / "clipforensics" / room / "__init__.py"
        source = path if path.is_file() else path.parent.with_suffix(".py")
        words = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
        lines.append(f"| `{room}` | {words.splitlines()[0]} |")
    return "\n".join(lines)


def verdict_block() -> str:
    """What `clipforensics verdict` prints of the committed run, in a terminal of 100 columns."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        verdict.main([], ROOT)
    lines = [line for line in said.getvalue().splitlines() if not line.startswith("page: ")]
    folded = (textwrap.fill(line, 100, break_on_hyphens=False) for line in lines)
    return "\n".join(["```text", *folded, "```"])


FROM_SHARED = {"beside": beside_table, "twins": twins_table}
"""Blocks of what another project published (tests/support/shared_data.py); without, they stay as they are."""

BLOCKS: dict[str, Callable[[], str]] = {
    **FROM_SHARED,
    "diff": diff_block,
    "first": first_table,
    "headline": headline_table,
    "make": make_table,
    "ratios": ratios_table,
    "rooms": rooms_table,
    "sample": sample_table,
    "sanity": sanity_sentence,
    "verdict": verdict_block,
}


if __name__ == "__main__":
    for page in (ROOT / "README.md", *pages()):
        if (new := refreshed(page)) != page.read_text(encoding="utf-8"):
            page.write_text(new, encoding="utf-8")
            print(f"wrote {page.relative_to(ROOT)}")
