"""A stranger's CSV: what is read, and the one line that says what is wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipforensics.audit import blocks, reading
from clipforensics.audit.reading import check_same_frames, read_scores
from clipforensics.core.faults import InputError
from clipforensics.naming.choosing import choose
from tests.support.score_files import VIDEOS, score_rows, write_csv, write_scores

HEADER = "manipulation,video,frame,label,score\n"
GOOD = "real,000,0,0,0.1\nNT,001_002,0,1,0.9\n"


def text_file(tmp_path, text, name="scores.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_frames_come_sorted_by_manipulation_video_and_number(tmp_path):
    rows = "real,000,1,0,.2\nNT,b_c,7,1,1e-3\nreal,000,0,0,.1\nNT,a_c,10,1,-3\nNT,a_c,9,1,4\n"
    found = read_scores(text_file(tmp_path, HEADER + rows))
    assert found.videos == (("NT", "a_c"), ("NT", "b_c"), ("real", "000"))
    assert found.labels.tolist() == [1, 1, 0]
    assert found.codes.tolist() == [0, 0, 1, 2, 2]
    assert found.frames.tolist() == [9, 10, 7, 0, 1]
    assert found.scores.tolist() == [4, -3, 0.001, 0.1, 0.2]
    assert found.ignored == ()


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(score_rows(VIDEOS)), block=st.integers(1, 20))
def test_neither_the_order_of_rows_nor_the_size_of_blocks_matters(tmp_path_factory, order, block):
    folder = tmp_path_factory.mktemp("order")
    expected = read_scores(write_scores(folder / "a.csv", VIDEOS))
    path = write_csv(folder / "b.csv", HEADER.strip().split(","), order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", block)
        found = read_scores(path)
    assert found.videos == expected.videos
    for name in ("labels", "codes", "frames", "scores"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_names_stay_text_and_one_name_under_two_manipulations_is_two_videos(tmp_path):
    rows = "real,007,0,0,0\nreal,NA,0,0,0\nDF,007,0,1,1\nNT,007,0,1,1\n"
    found = read_scores(text_file(tmp_path, HEADER + rows))
    assert found.videos == (("DF", "007"), ("NT", "007"), ("real", "007"), ("real", "NA"))


def test_columns_in_any_order_bom_spaces_quotes_and_further_columns(tmp_path):
    text = '\ufeffscore, label,path,frame,video ,manipulation\n0.5,0,"a,b",3.0," x y ",real\n.25,1,,4,z,NT\n'
    found = read_scores(text_file(tmp_path, text))
    assert found.videos == (("NT", "z"), ("real", "x y"))
    assert found.frames.tolist() == [4, 3]
    assert found.ignored == ("path",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "Manipulation,VIDEO,Frame,Label,Score\nreal,000,0,Real,0.1\nNT,001_002,0,FAKE,0.9\n"),
        ("a.csv", "manipulation;video;frame;label;score\nreal;000;0;0;0.1\nNT;001_002;0;1;0.9\n"),
        (
            "a.json",
            '[{"manipulation": "real", "video": "000", "frame": 0, "label": "real", "score": 0.1},'
            ' {"manipulation": "NT", "video": "001_002", "frame": 0, "label": 1, "score": 0.9}]',
        ),
    ],
)
def test_capitals_words_semicolons_and_json_say_the_same(tmp_path, name, text):
    found, plain = (
        read_scores(text_file(tmp_path, text, name)),
        read_scores(text_file(tmp_path, HEADER + GOOD)),
    )
    assert found.videos == plain.videos
    assert found.ignored == ()
    for column in ("labels", "frames", "scores"):
        assert getattr(found, column).tolist() == getattr(plain, column).tolist()


def test_two_columns_that_differ_in_capitals_alone_are_two(tmp_path):
    text = "manipulation,video,label,score,Score\nreal,000,0,0.1,9\nNT,001_002,1,0.9,9\n"
    found = read_scores(text_file(tmp_path, text))
    assert (found.scores.tolist(), found.ignored) == ([0.9, 0.1], ("Score",))


def test_scores_are_read_exactly(tmp_path):
    value = 0.1 + 0.2
    path = text_file(tmp_path, HEADER + f"real,0,0,0,{value!r}\nNT,1,0,1,1e-320\n")
    assert read_scores(path).scores.tolist() == [1e-320, value]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "is empty; give it a header"),
        (b"\n\n", "is empty; give it a header"),
        (HEADER, "has no rows beneath its header"),
        ("\ufeff" + HEADER, "has no rows beneath its header"),
        (HEADER.encode("utf-16"), "is not UTF-8 text"),
        (HEADER + "real,caf\udce9,0,0,1\n", "is not UTF-8 text"),
        (HEADER + 'real,"000,0,0,0.1\n', "is not CSV"),
        (HEADER + GOOD + "real,001,0,0,0.1,7\n", "is not CSV"),
        (HEADER + "real,000,0,0,0.1,\nNT,001_002,0,1,0.9,\n", "is not CSV"),
        ("manipulation,video,frame,score\n", "no column label; its header must name manipulation"),
        ((HEADER + GOOD).replace(",", "|"), "no column manipulation, video, label, score"),
        (HEADER.replace("score", "points") + GOOD, "no column score"),
        ("score," + HEADER + "1," + GOOD, "column score stands there twice"),
        (HEADER + GOOD + "NT,001_002,1,2,0.9\n", "label must be 0 (real) or 1 (manipulated), is '2'"),
        (HEADER + GOOD + "NT,001_002,1,forged,0.9\n", "data row 3: label must be 0 (real)"),
        (HEADER + GOOD + "NT,001_002,1,0.5,0.9\n", "label must be 0 (real)"),
        (HEADER + GOOD + "NT,001_002,1,1,high\n", "data row 3: score must be a finite number"),
        (HEADER + GOOD + "NT,001_002,1,1,nan\n", "a finite number, higher for manipulated, is 'nan'"),
        (HEADER + GOOD + "NT,001_002,1,1,-inf\n", "is '-inf'; mend or remove the row"),
        (HEADER + GOOD + "NT,001_002,1,1,\n", "is ''; mend or remove"),
        (HEADER + GOOD + "NT,001_002,1,1\n", "is ''; mend or remove"),
        (HEADER + GOOD + "NT,001_002,1,1,1_0\n", "is '1_0'; mend or remove"),
        (HEADER + GOOD + "NT,001_002,1.5,1,1\n", "data row 3: frame must be a whole number, is '1.5'"),
        (HEADER + GOOD + "NT,001_002,f1.png,1,1\n", "frame must be a whole number, is 'f1.png'"),
        (HEADER + GOOD + "NT,001_002,1e300,1,1\n", "frame must be a whole number, is '1e300'"),
        (HEADER + GOOD + "NT, ,1,1,1\n", "data row 3: video is empty"),
        (HEADER + GOOD + ",001_002,1,1,1\n", "data row 3: manipulation is empty"),
        (HEADER + GOOD + "NT,001_002,0,1,0.7\n", "frame 0 of 'NT/001_002' stands there twice (1 such rows"),
        (HEADER + GOOD + "NT,001_002,1,0,0.7\n", "'NT/001_002' has rows of label 0 and of label 1"),
        (HEADER + "real,0,0,0,1\nreal,1,0,0,1\n", "all 2 videos have label 0; add manipulated videos"),
        (HEADER + "NT,0,0,1,1\n", "all 1 videos have label 1; add real videos"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path, text, words):
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    path = text_file(tmp_path, data)
    with pytest.raises(InputError) as caught:
        read_scores(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_fault_behind_the_first_block_has_its_own_row_number(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 2)
    path = text_file(tmp_path, HEADER + GOOD + "NT,001_002,1,1,1\nNT,001_002,2,1,x\n")
    with pytest.raises(InputError, match="data row 4: score"):
        read_scores(path)


def test_a_path_that_is_no_file(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: cannot be read: No such file"):
        read_scores(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read: not a regular file; check the path"):
        read_scores(tmp_path)


PATHS = {
    "original_sequences/youtube/c40/frames/000/000.png": ("original_sequences", "000", 0),
    "original_sequences/youtube/c40/frames/000/007.png": ("original_sequences", "000", 7),
    "manipulated_sequences/NeuralTextures/c40/frames/001_002/0010.png": ("NeuralTextures", "001_002", 10),
    "manipulated_sequences/NeuralTextures/c40/frames/001_002/0009.png": ("NeuralTextures", "001_002", 9),
}


def path_file(folder, paths, header="path,label,score\n"):
    rows = "".join(f"{path},{int('_0' in path)},{i / 10}\n" for i, path in enumerate(paths))
    return text_file(folder, header + rows)


def test_a_path_says_manipulation_video_and_frame(tmp_path):
    found = read_scores(path_file(tmp_path, PATHS))
    rows = [(*found.videos[code], frame) for code, frame in zip(found.codes, found.frames, strict=True)]
    assert rows == sorted(PATHS.values())
    assert found.scores.tolist() == [0.3, 0.2, 0.0, 0.1]
    assert not found.by_video


def test_a_column_of_its_own_is_read_before_the_path(tmp_path):
    header = "path,label,score,manipulation\n"
    rows = "x/001_002/5.png,1,.5,NT\ny/000/6.png,0,.5,real\n"
    assert read_scores(text_file(tmp_path, header + rows)).videos == (("NT", "001_002"), ("real", "000"))


def test_names_in_a_path_are_those_of_the_stated_naming(tmp_path):
    rows = "Celeb-real/id0_0000/1.png,0,.1\nCeleb-synthesis/id0_id1_0000/1.png,1,.2\n"
    path = text_file(tmp_path, "path,label,score\n" + rows)
    found = read_scores(path, choose("celebdf"))
    assert found.videos == (("Celeb-real", "id0_0000"), ("Celeb-synthesis", "id0_id1_0000"))
    with pytest.raises(InputError) as caught:
        read_scores(path)
    for words in ("data row 1: 2 paths are not", "'Celeb-real/id0_0000/1.png'", "--naming ffpp|celebdf|dfdc"):
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (
            ["FS/001_002/1.png", "FS/003_004.mp4", "real/000/1.png"],
            "some paths are of frames and some of videos",
        ),
        (["001_002/1.png", "real/000/1.png"], "1 paths are not <manipulation>/"),
        (["FS/001_002.mp4", "FS/001_002.mp4", "real/000.mp4"], "'FS/001_002.mp4' stands there twice"),
    ],
)
def test_paths_that_cannot_be_taken(tmp_path, paths, words):
    with pytest.raises(InputError, match=words):
        read_scores(path_file(tmp_path, paths))


def test_frames_and_videos_in_different_blocks_are_refused_too(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 2)
    paths = ["real/000/1.png", "real/000/2.png", "FS/001_002.mp4", "FS/003_004.mp4"]
    with pytest.raises(InputError, match="some paths are of frames and some of videos; give a file for each"):
        read_scores(path_file(tmp_path, paths))


def test_without_frames_each_row_is_the_score_of_a_video(tmp_path):
    header = "manipulation,video,label,score\n"
    found = read_scores(text_file(tmp_path, header + "real,000,0,.1\nNT,001_002,1,.9\n"))
    assert found.by_video
    assert (found.codes.tolist(), found.frames.tolist(), found.scores.tolist()) == (
        [0, 1],
        [0, 0],
        [0.9, 0.1],
    )
    with pytest.raises(
        InputError, match=r"'real/000' stands there twice .*; add a column frame, or keep one"
    ):
        read_scores(text_file(tmp_path, header + "real,000,0,.1\nreal,000,0,.2\nNT,001_002,1,.9\n"))


def test_the_same_frames_in_another_order_can_be_compared(tmp_path):
    first = read_scores(write_scores(tmp_path / "a.csv", VIDEOS))
    second = read_scores(write_scores(tmp_path / "b.csv", dict(reversed(list(VIDEOS.items())))))
    check_same_frames([(tmp_path / "a.csv", first), (tmp_path / "b.csv", second)])


def test_a_frame_that_one_file_lacks_is_named_with_the_file_that_has_it(tmp_path):
    paths = [tmp_path / name for name in ("a.csv", "b.csv")]
    whole = read_scores(write_scores(paths[0], VIDEOS))
    rows = [row for row in score_rows(VIDEOS) if row[:3] != ("NT", "001_030", 1)]
    part = read_scores(write_csv(paths[1], HEADER.strip().split(","), rows))
    with pytest.raises(InputError, match=r"a\.csv: frame 1 of 'NT/001_030' is not in .*b\.csv"):
        check_same_frames([(paths[0], whole), (paths[1], part)])
    with pytest.raises(InputError, match=r"a\.csv: frame 1 of 'NT/001_030' is not in .*b\.csv"):
        check_same_frames([(paths[1], part), (paths[0], whole)])


def test_a_video_of_another_label_cannot_be_compared(tmp_path):
    first = read_scores(write_scores(tmp_path / "a.csv", VIDEOS))
    other = {(m, v, 1 if v == "000" else label): s for (m, v, label), s in VIDEOS.items()}
    second = read_scores(write_scores(tmp_path / "b.csv", other))
    with pytest.raises(InputError, match="'real/000' has another label than in"):
        check_same_frames([(tmp_path / "a.csv", first), (tmp_path / "b.csv", second)])


def test_rows_take_little_memory(tmp_path, monkeypatch):
    """What is held while reading is a block and the packed numbers, not the text of all rows."""
    monkeypatch.setattr(blocks, "BLOCK", 10)
    sizes = []
    real_pack = reading._pack

    def pack(block, *others):
        sizes.append(len(block))
        return real_pack(block, *others)

    monkeypatch.setattr(reading, "_pack", pack)
    table = read_scores(write_scores(tmp_path / "a.csv", VIDEOS, n_frames=20))
    assert max(sizes) <= 10
    assert sum(sizes) == len(table.codes) == 160
