"""Tables with a row a detector, on a run of thirteen."""

from clipforensics.report.reading import lookup
from clipforensics.report.reading.cast import cast_of
from clipforensics.report.sections import by_detector
from clipforensics.report.wording.names import METRICS, ORACLE, label_of
from clipforensics.report.wording.tables import LEGEND
from tests.support import made_up_run
from tests.support.comparison_cells import metric_row, plain_spaces, two_protocols


def test_strata_of_every_detector_stand_in_a_table_a_protocol():
    compared = made_up_run.comparison()
    usual, folds = by_detector.strata_tables(compared, cast_of(compared).order)
    assert [c.name for c in usual.columns[1:]] == [
        "all (100)", "twin (90)", "no twin (10)", "identity seen (98)", "nobody seen (2)", "twin minus"
         " no twin",
    ]  # fmt: skip
    assert [c.name for c in folds.columns[1:]] == ["all (100)", "all, fold mean"]
    assert by_detector.POOLED in folds.notes
    video, differences, *frames = usual.groups
    assert [len(g.rows) for g in usual.groups] == [13, 12, 13, 12]
    assert [g.name for g in frames] == ["Frame AUC", "Frame AUC, minus Baseline"]
    assert {len(r) for g in usual.groups for r in g.rows} == {len(usual.columns)}
    cell = lookup.find_cell(compared, stratum="twin", level="video")
    (row,) = [r for r in differences.rows if r[0].text == label_of("lora")]
    assert row[2].text == by_detector.difference_cell(cell["differences"]["lora"]).text
    assert row[2].further[0] == "p .200"
    assert video.rows[0][6].text[0] in "+−", "a gap has a sign"
    (frame,) = [r for r in frames[0].rows if r[0].text == label_of("lora")]
    assert frame[6].text == "–", "by frame this run has no gap, and nothing stands in its column"


def test_strata_that_are_the_whole_again_or_empty_are_left_out():
    compared = made_up_run.comparison()
    for one in compared["cells"]:
        if one["stratum"] == "seen_identity":
            one["n_fake"] = 100
        if one["stratum"] == "clean":
            one["n_fake"] = 0
    usual, _ = by_detector.strata_tables(compared, cast_of(compared).order)
    assert [c.name for c in usual.columns[1:4]] == ["all (100)", "twin (90)", "no twin (10)"]


def test_the_permutation_of_twins_stands_beneath_its_gap():
    compared = made_up_run.comparison()
    usual, _ = by_detector.strata_tables(compared, cast_of(compared).order)
    assert not any(by_detector.PERMUTATION in note.lower() for note in usual.notes)
    gap = next(g for g in lookup.gaps_of(compared, "per_class", "video") if g["subtrahend"] == "no_twin")
    gap["detectors"]["lora"]["permutation"] = {"p": 0.0123, "n": 10000}
    usual, _ = by_detector.strata_tables(compared, cast_of(compared).order)
    (row,) = [r for r in usual.groups[0].rows if r[0].text == label_of("lora")]
    assert "permutation p .012" in row[-1].further
    assert any(note.startswith("Permutation p: how often") for note in usual.notes)


def test_means_of_folds_may_have_an_interval():
    compared = made_up_run.comparison()
    pooled = next(c for c in compared["cells"] if c.get("fold_mean"))
    pooled["fold_mean"]["detectors"]["lora"] = {"auc": 0.7, "low": 0.6, "high": 0.8}
    _, folds = by_detector.strata_tables(compared, cast_of(compared).order)
    (row,) = [r for r in folds.groups[0].rows if r[0].text == label_of("lora")]
    assert (row[2].text, plain_spaces(row[2].note)) == (".700", "[.600, .800]")


def test_power_and_simultaneous_intervals_stand_beneath_with_their_legend():
    compared = made_up_run.comparison()
    found = lookup.find_cell(compared, stratum="all", level="video")["differences"]["lora"]
    found |= {"low": -0.1, "high": 0.2, "simultaneous": {"low": -0.2, "high": 0.3},
              "power": {"level": 0.8, "detectable": 0.172}, "caution": "one side at exactly 1"}  # fmt: skip
    usual, folds = by_detector.strata_tables(compared, cast_of(compared).order)
    (row,) = [r for r in usual.groups[1].rows if r[0].text == label_of("lora")]
    assert [plain_spaces(text) for text in row[1].further] == ["p .200", "all [−.200, .300]", "shows .17"]
    assert row[1].mark == "one side at exactly 1"
    assert {LEGEND["simultaneous"], LEGEND["power"]} <= set(usual.notes)
    assert not set(LEGEND.values()) & set(folds.notes)


def test_metrics_of_every_detector_have_a_column_each_and_a_table_a_kind():
    compared = made_up_run.comparison()
    tables = by_detector.metric_tables(compared, cast_of(compared).order)
    assert [t.caption for t in tables] == [
        f"{kind}, {name}" for name in ("per class", "grouped folds") for kind in METRICS
    ]
    assert [len(t.columns) for t in tables[:4]] == [4, 5, 6, 5]
    assert [(g.name, len(g.rows)) for g in tables[0].groups] == [
        ("By video", 13), ("By video, minus Baseline", 12), ("By frame", 13), ("By frame, minus"
         " Baseline", 12),
    ]  # fmt: skip


def undefined_metric(name, reason):
    row = metric_row(name, 0.5, oracle=True, undefined=reason)
    nothing = {"value": None, "low": None, "high": None}
    return {**row, "detectors": {"baseline": nothing, "lora": nothing}, "differences": {"lora": nothing}}


def test_metrics_without_a_name_are_others_or_an_oracles_and_dashes_have_their_reason():
    rows = [metric_row("ece", 0.3), metric_row("auc", 0.7),
            metric_row("mine", 0.4, undefined={"lora": "one class"}),
            metric_row("auc", 0.6, "grouped", "frame"), metric_row("eer", 0.2, oracle=True),
            metric_row("their_own", 0.1, oracle=True),
            undefined_metric("tpr_at_fpr_0.01", "too few reals")]  # fmt: skip
    tables = by_detector.metric_tables(two_protocols(metrics=rows), ("baseline", "lora"))
    assert [(t.caption, [c.name for c in t.columns[1:]]) for t in tables] == [
        ("Ranking, which needs no threshold, per class", ["AUC"]),
        (
            f"{ORACLE}, per class",
            [
                "equal error rate, ROC interpolated ↓",
                "TPR at FPR 1%",
                "their_own",
            ],
        ),
        ("Calibrated scores, per class", ["expected calibration error ↓"]),
        ("Others, per class", ["mine"]),
        ("Ranking, which needs no threshold, grouped", ["AUC"]),
    ]
    values, gaps = tables[0].groups
    assert (values.rows[0][1].text, plain_spaces(values.rows[0][1].note)) == (".700", "[.600, .800]")
    assert (gaps.rows[0][1].text, gaps.rows[0][1].further) == ("+.200", ("p .010",))
    assert "TPR at FPR 1%: too few reals" in tables[1].notes
    assert tables[1].groups[0].rows[0][2].text == "–"
    assert "mine, lora: one class" in tables[3].notes
    assert by_detector.metric_tables(two_protocols(), ("baseline", "lora")) == []


def test_robustness_of_every_detector_begins_at_the_test_as_it_is():
    found = made_up_run.robustness()
    tables = by_detector.robustness_tables(found, found["rows"], made_up_run.DETECTORS, "baseline")
    assert [t.caption for t in tables] == [
        f"{name} by strength"
        for name in ("JPEG", "H.264", "Blur", "Noise", "Down- and up-scaling", "Brightness")
    ]
    undegraded = found["rows"][0]["detectors"]["lora"]["auc"]
    for table in tables:
        assert [c.name for c in table.columns[1:]] == [
            "0 setting 0",
            *(f"{n} setting {n}" for n in range(1, 6)),
        ]
        assert [len(g.rows) for g in table.groups] == [13, 13, 12]
        (row,) = [r for r in table.groups[0].rows if r[0].text == label_of("lora")]
        assert row[1].text == f"{undegraded:.3f}".lstrip("0")
