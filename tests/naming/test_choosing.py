"""Which naming is meant; and the refusal with five examples and the remedy."""

import json

import pytest

from clipforensics.core.faults import InputError
from clipforensics.naming.choosing import NAMINGS, choose, read_all

SERIALS = [(f"person{i:02}_0000", 1) for i in range(9)]


def identities(folder, text="video,identity\na,anna\nb,ben\n"):
    path = folder / "people.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_each_naming_reads_names_of_its_own_and_none_of_another(tmp_path):
    metadata = tmp_path / "metadata.json"
    metadata.write_text(json.dumps({"aagfhgtpmv.mp4": {"label": "FAKE", "original": "x.mp4"}}))
    names = {"ffpp": "033_097", "celebdf": "id0_id1_0000", "dfdc": "aagfhgtpmv"}
    assert tuple(names) == NAMINGS
    for kind in NAMINGS:
        naming = choose(kind, metadata=[metadata] if kind == "dfdc" else [])
        assert [other for other, name in names.items() if naming.read(name)] == [kind]
        assert naming.stated
    table = choose(identities=identities(tmp_path))
    assert (table.name, table.read("a").target) == ("identities", "anna")


def test_where_nothing_is_stated_it_is_faceforensics_and_known_as_not_stated():
    naming = choose()
    assert (naming.name, naming.stated) == ("ffpp", False)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "ffpp", "identities": "people.csv"}, "one of the two; remove the other"),
        ({"name": "dfdc"}, "need one another; give both"),
        ({"name": "ffpp", "metadata": ["m.json"]}, "need one another; give both"),
        ({"metadata": ["m.json"]}, "need one another; give both"),
        ({"name": "dfd"}, "--naming 'dfd': must be one of ffpp, celebdf, dfdc"),
    ],
)
def test_a_choice_that_cannot_be(given, words):
    with pytest.raises(InputError, match=words):
        choose(**given)


def test_a_doubtful_name_stops_with_five_examples_and_the_remedy():
    with pytest.raises(InputError) as caught:
        read_all(choose(), [("033_097", 1), ("033", 0), *SERIALS], "SCORES")
    text = str(caught.value)
    assert "Naming ffpp, which is taken where no --naming is given, is <target>" in text
    assert text.startswith(
        "SCORES: 9 of 11 names are not to be trusted, such as 'person00_0000' (not such a name)"
    )
    assert text.count("(not such a name)") == 5
    for words in (
        "which is taken where no --naming is given",
        "<target>_<source>",
        "--naming ffpp|celebdf|dfdc",
        "--identities TABLE (video,identity[,identity...])",
    ):
        assert words in text
    with pytest.raises(InputError) as caught:
        read_all(choose("ffpp"), SERIALS, "SCORES")
    assert "no --naming" not in str(caught.value)
    assert "Naming ffpp is <target>" in str(caught.value)
    assert "give --naming celebdf|dfdc, or say who" in str(caught.value)


@pytest.mark.parametrize(("name", "whole"), [("15", "015"), ("7_15.mp4", "007_015")])
def test_lost_leading_zeros_are_suspected_where_the_name_would_be_one_with_them(name, whole):
    with pytest.raises(InputError, match=f"not such a name; leading zeros lost. {whole}"):
        read_all(choose(), [(name, None)], "SCORES")
    with pytest.raises(InputError, match=r"'15x' .not such a name.\."):
        read_all(choose(), [("15x", None)], "SCORES")


def test_a_name_that_the_table_lacks_wants_its_row(tmp_path):
    with pytest.raises(
        InputError, match=r"'z' .not such a name.*give each its row there, without identities"
    ):
        read_all(choose(identities=identities(tmp_path)), [("z", 1)], "SCORES")


@pytest.mark.parametrize(
    ("name", "label", "words"),
    [
        ("018", 1, "'018' (given as manipulated, but named as real)"),
        ("018_019", 0, "'018_019' (given as real, but named as manipulated)"),
    ],
)
def test_a_name_that_says_another_label_is_doubtful(name, label, words):
    with pytest.raises(InputError) as caught:
        read_all(choose("ffpp"), [(name, label)], "TRAIN")
    assert words in str(caught.value)


def test_a_label_comes_from_the_name_or_from_outside_or_is_missed(tmp_path):
    assert [people.label for people in read_all(choose(), [("033", None), ("033_097", None)], "T")] == [0, 1]
    table = choose(identities=identities(tmp_path))
    assert [people.label for people in read_all(table, [("a", 0), ("b", 1)], "T")] == [0, 1]
    with pytest.raises(InputError, match="neither real nor manipulated by anything"):
        read_all(table, [("a", None)], "T")


def test_a_real_video_of_several_people_has_no_source(tmp_path):
    table = choose(identities=identities(tmp_path, "video,identity,identity_2,identity_3\na,anna,ben,carl\n"))
    (real,), (fake,) = (read_all(table, [("a", label)], "T") for label in (0, 1))
    assert (real.target, real.source, real.others, real.label) == ("anna", "", ("ben", "carl"), 0)
    assert (fake.target, fake.source, fake.others, fake.label) == ("anna", "ben", ("carl",), 1)
