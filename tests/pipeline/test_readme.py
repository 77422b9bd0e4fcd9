"""The README against the code: its numbers are those of metrics/, its commands name what exists."""

import itertools
import json
import re
import shlex

import pytest
import yaml

from tests.support.imports import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
LEVEL = "video"


def commands() -> list[str]:
    """Lines of the console blocks that a user types, continuation lines joined."""
    blocks = "\n".join(re.findall(r"```console\n(.*?)```", README, re.S)).replace("\\\n", " ")
    return [line[2:].split("   #")[0] for line in blocks.splitlines() if line.startswith("$ ")]


def sample_table() -> str:
    """The committed run on the sample: video AUC of both detectors by protocol, manipulation and stratum."""
    comparison = json.loads((ROOT / "metrics/comparison.json").read_text())
    lines = [
        "| protocol | test fakes | real / fake | baseline [95 %] | LoRA [95 %] | LoRA - baseline [95 %] |",
        "|---|---|---|---|---|---|",
    ]
    for row in comparison["cells"]:
        shown = row["level"] == LEVEL and row["stratum"] in ("all", "twin", "no_twin") and row["n_fake"]
        if shown and (row["protocol"] == "per_class" or row["stratum"] == "all"):
            place = f"{row['protocol']} | {row['manipulation']}, {row['stratum']}"
            base, lora = (interval(row["detectors"][name], ".2f") for name in ("baseline", "lora"))
            gain = interval(row["differences"]["lora"], "+.2f")
            lines.append(f"| {place} | {row['n_real']} / {row['n_fake']} | {base} | {lora} | {gain} |")
    return "\n".join(lines)


def interval(values: dict, form: str) -> str:
    """`.84 [.61, .95]`; the interval may be undefined."""
    if values["low"] is None:
        return f"{values['auc']:{form}} [-]"
    return f"{values['auc']:{form}} [{values['low']:{form}}, {values['high']:{form}}]"


def test_the_table_is_the_committed_run():
    assert sample_table() in README


def test_the_league_holds_the_committed_run():
    for row in json.loads((ROOT / "metrics/comparison.json").read_text())["league"]:
        aucs = (interval(row[column], ".2f") for column in ("in_domain", "cross", "clean"))
        counts = (f"`{row['detector']}`", f"{row['parameters']['trainable']:,}")
        assert " | ".join([*counts, f"{row['validation']['auc']:.2f}", *aucs]) in README


def test_the_shipped_learning_rates_are_the_best_of_the_table():
    lines = (ROOT / "benchmarks/RESULTS.md").read_text().splitlines()
    (head,) = (line for line in lines if line.startswith("| method | 0.00003"))
    rates = [float(rate) for rate in head.split("|")[2:-1]]
    methods = yaml.safe_load((ROOT / "params.yaml").read_text())["methods"]
    trained = {name for name, section in methods.items() if "learning_rate" in section}
    start = lines.index(head) + 2
    for line in lines[start : start + len(trained)]:
        name, *cells = (cell.strip() for cell in line.split("|")[1:-1])
        bold = [rate for rate, cell in zip(rates, cells, strict=True) if cell.startswith("**")]
        values = [tuple(float(number) for number in re.findall(r"[.0-9]+", cell)) for cell in cells]
        assert bold == [methods[name]["learning_rate"]], name
        assert values[rates.index(bold[0])] == max(values), name
        trained.remove(name)
    assert not trained


def test_nothing_is_left_to_fill_in():
    assert "<!--" not in README
    assert "TODO" not in README


@pytest.mark.parametrize("command", [c for c in commands() if " -S" in c])
def test_settings_in_commands_exist(command):
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    words = shlex.split(command)
    settings = [after for word, after in itertools.pairwise(words) if word == "-S"]
    for setting in settings:
        value = params
        for part in setting.split("=")[0].split("."):
            assert part in value, f"{setting} in {command}"
            value = value[part]
        if setting.startswith("dataset="):
            assert (ROOT / "conf/data" / f"{setting.split('=')[1]}.yaml").is_file()


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"`make ([a-z]+)`", README)) | {
        c.split()[1] for c in commands() if c.startswith("make ")
    }
    assert named
    assert named <= targets


def test_environment_variables_are_read_somewhere():
    code = "".join(
        p.read_text()
        for d in ("clipforensics", "conf")
        for p in (ROOT / d).rglob("*")
        if p.suffix in (".py", ".yaml")
    )
    for name in re.findall(r"\b(CLIPFORENSICS_[A-Z]+|[A-Z_]+_ROOT)\b", README):
        assert name in code, name
