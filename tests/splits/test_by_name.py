"""A split's name leads to its protocol, with that protocol's own settings; official lists are files."""

import json
from dataclasses import replace

import pytest

from clipforensics.core.faults import InputError
from clipforensics.splits.by_name import SplitSection, make_split, uses_parts
from clipforensics.splits.cut import split_by_cut
from clipforensics.splits.folds import split_by_fold
from clipforensics.splits.leakage import find_leaks
from clipforensics.splits.parts import split_by_identity, split_per_class
from clipforensics.splits.published import split_published
from clipforensics.splits.repeats import repeat_seed
from tests.support.populations import population

WHO = {"train_manipulations": ["FaceSwap"], "test_manipulations": ["NeuralTextures"]}
VIDEOS = population(40)


def section(folder):
    return SplitSection(
        on_leak="report",
        seed=3,
        real_fractions=[0.6, 0.2, 0.2],
        train_fractions=[0.8, 0.2],
        grouped_fractions=[0.6, 0.2, 0.2],
        n_folds=4,
        **{f"{part}_list": str(folder / f"{part}.json") for part in ("train", "val", "test")},
    )


def made(name, folder):
    return make_split(name, VIDEOS, section(folder), ["FaceSwap"], ["NeuralTextures"])


def test_each_name_is_its_protocol(tmp_path):
    fractions = {"real_fractions": [0.6, 0.2, 0.2], "train_fractions": [0.8, 0.2]}
    assert made("per_class", tmp_path) == split_per_class(VIDEOS, **WHO, **fractions, seed=3)
    grouped = split_by_identity(VIDEOS, **WHO, fractions=[0.6, 0.2, 0.2], seed=3)
    assert made("grouped", tmp_path) == grouped
    assert made("grouped_cut", tmp_path) == split_by_cut(VIDEOS, **WHO, fractions=[0.6, 0.2, 0.2], seed=3)
    fold = split_by_fold(VIDEOS, **WHO, n_folds=4, fold=2, seed=3)
    assert made("grouped_kfold-2", tmp_path) == fold
    assert made("grouped_kfold-1", tmp_path) != fold


def test_repeats_are_the_grouped_split_with_shuffles_of_their_own(tmp_path):
    repeats = [made(f"grouped_repeat-{i}", tmp_path) for i in (1, 2, 3)]
    tests = [{v.key for v in split.test} for split in (made("grouped", tmp_path), *repeats)]
    assert len({frozenset(keys) for keys in tests}) == 4, "each tests other people"
    for split in repeats:
        assert not any(leak.any_seen for leak in find_leaks(split.train, split.test))
        assert split.sizes() == made("grouped", tmp_path).sizes()
    again = split_by_identity(VIDEOS, **WHO, fractions=[0.6, 0.2, 0.2], seed=repeat_seed(3, 2))
    assert repeats[1] == again


def test_official_lists_are_read_from_their_files(tmp_path):
    pairs = [[f"{i:03d}", f"{i + 1:03d}"] for i in range(0, 40, 2)]
    for part, own in (("train", pairs[:12]), ("val", pairs[12:16]), ("test", pairs[16:])):
        (tmp_path / f"{part}.json").write_text(json.dumps(own))
    found = made("official", tmp_path)
    assert {v.target for v in found.test} == {name for pair in pairs[16:] for name in pair}


def test_the_official_split_is_the_publishers_parts_where_no_list_is_named(tmp_path):
    videos = [replace(v, part="test" if int(v.target) % 4 == 0 else "train") for v in VIDEOS]
    lists = {f"{part}_list": "" for part in ("train", "val", "test")}
    params = section(tmp_path).model_copy(update=lists)
    assert uses_parts(videos, params)
    assert not uses_parts(VIDEOS, params)
    assert not uses_parts(videos, section(tmp_path))
    found = make_split("official", videos, params, ["FaceSwap"], ["NeuralTextures"])
    assert found == split_published(videos, **WHO, train_fractions=[0.8, 0.2], seed=3)
    with pytest.raises(InputError, match=r"split\.train_list '': must be a file.*whose publisher"):
        make_split("official", VIDEOS, params, ["FaceSwap"], ["NeuralTextures"])


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "must be a file"), ("{", "not JSON"), ('{"a": 1}', "holds no list")],
)
def test_a_list_that_is_none_is_refused_by_its_parameter(tmp_path, content, words):
    if content is not None:
        (tmp_path / "train.json").write_text(content)
    with pytest.raises(InputError, match=f"split.train_list .*{words}"):
        made("official", tmp_path)
