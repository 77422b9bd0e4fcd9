"""Sentences of a model card that depend on what is known: leaks, thresholds, probabilities, needs."""

from clipforensics.core.records import data_set_of
from clipforensics.publishing.model import Json, Model
from clipforensics.report.wording.controls import against, row_of
from clipforensics.report.wording.markdown import Markdown, escape
from clipforensics.report.wording.names import PROTOCOLS, RULES, protocol_in_words
from clipforensics.report.wording.numbers import count, number, percent

CLUSTERS = {"identity": "identity groups", "video": "videos"}
POOLING = {"mean": "The mean", "median": "The median", "max": "The highest"}
NEEDS = {
    "peft": "torch, transformers, peft, safetensors and Pillow are needed, nothing of what made it.",
    "library": "The method is clipforensics' own: that library is needed, at the commit that made this.",
}
NOISE = "What transformers then reports as UNEXPECTED is the encoder's text tower, which is not used."
PLAIN = "torch, transformers, safetensors and Pillow are needed, nothing of what made it."


def sentences(model: Model, point: Json, *, has_encoder: bool) -> dict[str, object]:
    """The values of the template that are words."""
    bootstrap = model.comparison["bootstrap"]
    drawn = CLUSTERS.get(bootstrap["cluster"], bootstrap["cluster"])
    video = point["video"]
    validated = f"{count(video['n_real'])} real and {count(video['n_fake'])} manipulated validation videos"
    return {
        "unusable_words": "" if video["usable"] else escape(video["reason"]),
        "pooling_words": POOLING[point["pooling"]],
        "split_words": PROTOCOLS[model.protocol],
        "trained_words": "Training saw the first row." if model.is_trained else "Nothing was trained.",
        "choice_words": choice_words(model.evaluation["n_tried"]),
        "leak_words": leak_words(model.leakage),
        "rule_words": RULES[point["rule"]],
        "reals_words": reals_words(model),
        "all_fake_words": all_fake_words(model),
        "interval_words": f"{percent(bootstrap['confidence'])}, from a bootstrap over {drawn}",
        "models_words": models_words(model),
        "validation_words": validated,
        "probability_words": probability_words(video),
        "needs_words": NEEDS.get(model.loading.kind, PLAIN),
        "control_words": control_words(model),
        "noise_words": NOISE if model.loading.usage and model.loading.needs_encoder else "",
        "encoder_words": encoder_words(model, has_encoder=has_encoder),
    }


def reals_words(model: Model) -> str:
    """Which reals the rows of its results are set against."""
    own = [found for name, found in model.evaluation["test"].items() if not data_set_of(name)]
    text = f"all {count(own[0]['video']['n_real'])} real test videos"
    if len(own) == len(model.evaluation["test"]):
        return text
    return f"{text}; a row of another data set, against all of that one"


def choice_words(n_tried: int) -> str:
    """Among how many candidates validation chose the settings; empty where it chose none."""
    if n_tried == 1:
        return ""
    return f"The settings are the best of {count(n_tried)} on validation, so its numbers there are too high."


def leak_words(leakage: Json) -> Markdown:
    """Whether anybody in the test was seen in training or validation, as counted."""
    fake, real = leakage["fake"], leakage["real"]
    unknown = sum(leakage["unknown_identity"].values())
    doubt = f" Of {count(unknown)} videos it is not known who is in them." if unknown else ""
    seen = fake["any_seen"] + real["any_seen"]
    rows = leakage.get("validation", {})  # packages of older runs lack it
    chosen_on = sum(rows[kind]["any_seen"] for kind in ("real", "fake") if kind in rows)
    if chosen_on:
        doubt = f" {count(chosen_on)} show somebody from validation, on which everything was chosen.{doubt}"
    if not seen:
        return Markdown(f"No test video is known to share an identity with training.{doubt}")
    return Markdown(
        f"**This split leaks**: {count(seen)} of {count(fake['n'] + real['n'])} test videos show somebody"
        f" whom training has seen, and {count(fake['twin'])} of {count(fake['n'])} manipulated ones have a"
        f" twin there.{doubt}"
    )


def all_fake_words(model: Model) -> Markdown:
    """What calling every video manipulated would score on the first manipulation."""
    name, values = next(iter(model.evaluation["test"].items()))
    found = values["all_fake"]["video"]
    return Markdown(
        f"Calling every video manipulated scores accuracy {number(found['accuracy'])} and F1"
        f" {number(found['f1'])} on {escape(name)}."
    )


def control_words(model: Model) -> list[str]:
    """What controls say against the detector under this model's protocol, on the manipulation of the
    headline."""
    judged = model.controls.get("judged")
    if not judged:
        return []
    place = {"protocol": model.protocol, "train_set": model.cell.train_set}
    row = row_of(model.controls, **place, manipulation=judged["manipulation"])
    return [escape(text) for text in against(model.controls, [model.detector], row)] if row else []


def models_words(model: Model) -> Markdown:
    """Which models the table with intervals is of, where it is not of this one alone."""
    seeds, here = model.comparison["seeds"], protocol_in_words(model.protocol)
    several = (
        f"A number is the mean over {len(seeds)} training seeds, of which this is one. " if seeds[1:] else ""
    )
    folds = model.protocol != model.cell.split
    pooled = "Its folds are pooled: each video is scored by the model that has not seen it. " if folds else ""
    return Markdown(
        f"{several}{pooled}Rows of another split than {here} are other models of the same method."
    )


def probability_words(video: Json) -> Markdown:
    """What makes a probability of a video's score, if anything."""
    fitted = video["calibration"]
    if fitted is None:
        return Markdown("No calibration was fitted: a score of .8 is no probability of .8.")
    note = f" (slope 0: {escape(fitted['note'])})" if "note" in fitted else ""
    return Markdown(
        "A score of .8 is no probability of .8, but `sigmoid(slope * logit(score) + intercept)` is one: with"
        f" slope {fitted['slope']:.6g} and intercept {fitted['intercept']:.6g} for a video's score{note}, and"
        f" for footage like that of validation, in which a share of {number(video['prior'])} is manipulated."
    )


def encoder_words(model: Model, *, has_encoder: bool) -> Markdown:
    """Where to find the encoder, where the code does not say it."""
    encoder = model.encoder
    if encoder.folder is None or has_encoder or not model.loading.needs_encoder:
        return Markdown("")
    return Markdown(
        f"The encoder is not in this folder. It was a local one called {escape(encoder.name)}, whose weights"
        f" have the sha256 {encoder.revision}; put its path where the code names it."
    )
