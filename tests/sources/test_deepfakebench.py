"""DeepfakeBench's JSON and folders of frames, and DF40's, in the shapes that their scripts write."""

import json
from pathlib import Path

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.records import check_unique
from clipforensics.sources import deepfakebench
from clipforensics.sources.deepfakebench import Profile

FF = "FaceForensics++"


class Bench:
    """A root that is filled as a JSON grows."""

    def __init__(self, root: Path) -> None:
        self.root, self.content = root, {}

    def add(self, *keys: str, frames: list[str], before: str = "datasets/rgb/") -> None:
        """Add a record under dataset, label, part, [compression,] video."""
        place = self.content
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = {"label": keys[1], "frames": [before + frame for frame in frames]}
        for frame in frames:
            path = self.root / frame.replace("\\", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    def find(self, **keys: object):
        (self.root / "set.json").write_text(json.dumps(self.content))
        settings = {"json_files": ["set.json"], "strip": ["datasets/rgb/"], **keys}
        profile = Profile(layout="deepfakebench", **settings)  # type: ignore[arg-type]
        return deepfakebench.find_videos(profile, self.root, dataset="bench")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def frames(folder: str, *names: str) -> list[str]:
    return [f"{folder}/{name or '000'}.png" for name in names or ("000", "010")]


def test_faceforensics_with_compressions(bench: Bench) -> None:
    for c in ("c23", "c40"):
        bench.add(
            FF, "FF-real", "train", c, "071", frames=frames(f"{FF}/original_sequences/youtube/{c}/frames/071")
        )
        bench.add(
            FF, "FF-F2F", "test", c, "953_974",
            frames=frames(f"{FF}/manipulated_sequences/Face2Face/{c}/frames/953_974"),
        )  # fmt: skip
    bench.content[FF]["FF-real"]["val"] = {"c23": {}}
    videos, skipped = bench.find(naming="ffpp")
    assert not skipped
    assert [(v.manipulation, v.compression, v.target, v.source, v.label, v.part) for v in videos] == [
        ("real", "c23", "071", "", 0, "train"),
        ("real", "c40", "071", "", 0, "train"),
        ("Face2Face", "c23", "953", "974", 1, "test"),
        ("Face2Face", "c40", "953", "974", 1, "test"),
    ]
    assert videos[0].path == f"{FF}/original_sequences/youtube/c23/frames/071"
    check_unique(videos)
    only, _ = bench.find(naming="ffpp", compression="c40")
    assert {v.compression for v in only} == {"c40"}


def test_actors_are_in_all_three_parts_so_they_are_tested(bench: Bench) -> None:
    for part in ("test", "train", "val"):
        for scene in ("exit_phone_room", "walk"):
            bench.add(
                "DeepFakeDetection", "DFD_real", part, "c23", f"01__{scene}",
                frames=frames(f"{FF}/original_sequences/actors/c23/frames/01__{scene}"),
            )  # fmt: skip
    bench.add(
        "DeepFakeDetection", "DFD_fake", "test", "c23", "01_02__walk__YVGY8LOK",
        frames=frames(f"{FF}/manipulated_sequences/DeepFakeDetection/c23/frames/01_02__walk__YVGY8LOK"),
    )  # fmt: skip
    videos, skipped = bench.find(naming="ffpp")
    assert not skipped
    assert [(v.manipulation, v.target, v.source, v.take, v.part) for v in videos] == [
        ("real", "01", "", "01__exit_phone_room", "test"),
        ("real", "01", "", "01__walk", "test"),
        ("DeepFakeDetection", "01", "02", "", "test"),
    ]


def test_celebdf_is_trained_on_but_for_what_is_tested(bench: Bench) -> None:
    for part, video in (("train", "id0_id1_0000"), ("train", "id2_id1_0003"), ("val", "id0_id1_0000"),
                        ("test", "id0_id1_0000")):  # fmt: skip
        bench.add("Celeb-DF-v2", "CelebDFv2_fake", part, video,
                  frames=frames(f"Celeb-DF-v2/Celeb-synthesis/frames/{video}"))  # fmt: skip
    bench.add(
        "Celeb-DF-v2",
        "CelebDFv2_real",
        "train",
        "00170",
        frames=frames("Celeb-DF-v2/YouTube-real/frames/00170"),
    )
    videos, _ = bench.find(naming="celebdf")
    assert [(v.manipulation, v.target, v.source, v.take, v.part) for v in videos] == [
        ("CelebDFv2", "id0", "id1", "", "test"),
        ("CelebDFv2", "id2", "id1", "", "train"),
        ("real", "", "", "00170", "train"),
    ]


def test_dfdc_whose_val_is_one_record_and_dfdcp_of_two_methods(bench: Bench) -> None:
    bench.add("DFDC", "DFDC_Real", "test", "abc", frames=frames("DFDC/test/frames/abc"))
    bench.add("DFDC", "DFDC_Real", "val", frames=frames("DFDC/test/frames/abc"))
    bench.add("DFDCP", "DFDCP_FakeA", "test", "x", frames=frames("DFDCP/method_A/frames/x"))
    videos, skipped = bench.find()
    assert not skipped
    assert [(v.manipulation, v.target, v.take, v.part) for v in videos] == [
        ("real", "", "abc", "test"),
        ("DFDCP_FakeA", "", "x", "test"),
    ]


def test_df40_swaps_are_videos_and_syntheses_single_pictures(bench: Bench) -> None:
    before = "deepfakes_detection_datasets/"
    bench.add("simswap_ff", "simswap_Fake", "train", "001_870", before=before,
              frames=frames("DF40_train/simswap/frames/001_870"))  # fmt: skip
    bench.add("simswap_ff", "simswap_Real", "train", "071", before=before,
              frames=frames(f"{FF}/original_sequences/youtube/c23/frames/071"))  # fmt: skip
    videos, skipped = bench.find(strip=[before], naming="ffpp")
    assert not skipped
    assert [(v.manipulation, v.name) for v in videos] == [("simswap", "001_870"), ("real", "071")]

    bench.content = {}
    bench.add("StyleGAN2_ff", "StyleGAN2_Fake", "test", "001", before=before,
              frames=frames("DF40/StyleGAN2/ff/001", "seed0188", "seed0200"))  # fmt: skip
    bench.add("e4e_ff", "e4e_Fake", "test", "12", before=before, frames=["DF40/e4e/ff/inversions/12.png"])
    bench.add("x", "one_Fake", "test", "77", before=before, frames=["DF40/x/frames/77/000.png"])
    videos, skipped = bench.find(strip=[before])
    assert not skipped
    assert [(v.path, v.target, v.take) for v in videos] == [
        ("DF40/StyleGAN2/ff/001/seed0188.png", "", "001.seed0188"),
        ("DF40/StyleGAN2/ff/001/seed0200.png", "", "001.seed0200"),
        ("DF40/e4e/ff/inversions/12.png", "", "12.12"),
        ("DF40/x/frames/77", "", "77"),
    ]
    _, skipped = bench.find(strip=[before], naming="ffpp")
    assert "given as manipulated, but named as real" in skipped[0].reason


def test_backslashes_are_folders(bench: Bench) -> None:
    names = [f"UADFV\\fake\\frames\\0000_fake\\{number}.png" for number in ("000", "001")]
    bench.add("UADFV", "UADFV_Fake", "test", "0000_fake", before="", frames=names)
    ((video,), skipped) = bench.find()
    assert not skipped
    assert (video.path, video.manipulation) == ("UADFV/fake/frames/0000_fake", "UADFV")


def test_several_json_files_share_their_real_videos(bench: Bench) -> None:
    real = frames(f"{FF}/original_sequences/youtube/c23/frames/071")
    bench.add("FF-DF", "FF-real", "train", "c23", "071", frames=real)
    bench.root.joinpath("other.json").write_text(json.dumps({"FF-NT": bench.content["FF-DF"]}))
    videos, skipped = bench.find(json_files=["set.json", "other.json"], naming="ffpp")
    assert (len(videos), skipped) == (1, [])


def test_what_cannot_be_placed_is_one_row_with_its_reason(bench: Bench) -> None:
    bench.add("A", "A_fake", "test", "good", frames=frames("A/good"))
    bench.add("A", "A_fake", "test", "away", frames=frames("A/away"), before="/elsewhere/")
    bench.add("A", "A_fake", "test", "up", frames=frames("A/up"), before="datasets/rgb/../../")
    bench.add("A", "A_fake", "test", "none", frames=[])
    bench.add("A", "A_fake", "test", "torn", frames=["A/t/000.png", "A/u/001.png"])
    bench.add("A", "A_fake", "training", "part", frames=frames("A/part"))
    bench.add("A", "maybe", "test", "label", frames=frames("A/label"))
    bench.add("A", "A_fake", "val", "c/2\n3", "compressed", frames=frames("A/compressed"))
    bench.add("A", "A_fake", "val", "long", frames=frames("A/long"))
    long = "x" * 300
    bench.content["A"]["A_fake"]["val"]["long"]["frames"] = [f"A/{long}/0.png", f"A/{long}/1.png"]
    bench.content["A"]["A_fake"]["test"]["gone"] = {
        "label": "A_fake",
        "frames": ["A/gone/000.png", "A/gone/1.png"],
    }
    videos, skipped = bench.find()
    assert [v.path for v in videos] == ["A/good"]
    reasons = {s.path.split("/")[-1]: s.reason for s in skipped}
    assert set(reasons) == {"away", "up", "none", "torn", "part", "label", "compressed", long, "gone"}
    for name, words in {
        "away": "name their beginning in `strip`",
        "up": "outside the root",
        "none": "no frames",
        "torn": "several folders",
        "part": "must be one of train, val, test",
        "label": "must end in _real or _fake",
        "compressed": "compression 'c/2\\n3' must not hold `/`",
        long: "it is not there",
        "gone": "it is not there",
    }.items():
        assert words in reasons[name], name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ("[1]", "'it' is no mapping"),
        ('{"a": {"b": {"test": {"v": 1}}}}', "'b/test/v' is no mapping"),
    ],
)
def test_a_json_of_another_form_is_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    profile = Profile(layout="deepfakebench", json_files=["a.json"])
    with pytest.raises(InputError, match=words):
        deepfakebench.find_videos(profile, tmp_path, dataset="d")


def test_a_json_must_be_named_and_be_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`json_files` of the profile is empty"):
        deepfakebench.find_videos(Profile(layout="deepfakebench", json_files=[]), tmp_path, dataset="d")
    with pytest.raises(InputError, match="cannot be read: No such file"):
        deepfakebench.find_videos(Profile(layout="deepfakebench", json_files=["a"]), tmp_path, dataset="d")


@pytest.mark.parametrize("turned", [False, True])
def test_of_a_contradiction_neither_side_is_kept(turned: bool, bench: Bench) -> None:
    adding = [
        ("A_real", "train", "both", "A/both"),
        ("A_fake", "test", "both", "A/both"),
        ("A_fake", "train", "one", "A/shared"),
        ("A_fake", "test", "two", "A/shared"),
        ("A_fake", "train", "parted", "A/parted"),
        ("A_fake", "holdout", "parted", "A/parted"),
        ("A_fake", "train", "good", "A/good"),
    ]
    for label, part, video, folder in adding[::-1] if turned else adding:
        bench.add("A", label, part, video, frames=frames(folder))
    bench.root.joinpath("other.json").write_text(json.dumps({"B": bench.content["A"]}))
    videos, skipped = bench.find(json_files=["set.json", "other.json"])
    assert [(v.path, v.part) for v in videos] == [("A/good", "train")]
    reasons = {s.path: s.reason for s in skipped}
    assert set(reasons) == {f"{label}/{part}/{video}" for label, part, video, _ in adding[:-1]}
    assert len(skipped) == 6
    assert "its frames are both " in reasons["A_real/train/both"]
    assert reasons["A_real/train/both"] == reasons["A_fake/test/both"]
    assert "those of two videos, " in reasons["A_fake/train/one"]
    for part in ("train", "holdout"):
        assert reasons[f"A_fake/{part}/parted"] == (
            "is put into part 'holdout'; it must be one of train, val, test; mend the JSON"
        )


def test_a_third_record_of_a_contradiction_is_not_kept_either(bench: Bench) -> None:
    for label, part in (("A_real", "train"), ("A_fake", "test"), ("A_real", "test")):
        bench.add("A", label, part, "both", frames=frames("A/both"))
    bench.content["A"] = {"A_real": {"train": bench.content["A"]["A_real"]["train"]},
                          "A_fake": bench.content["A"]["A_fake"],
                          "a_real": {"test": bench.content["A"]["A_real"]["test"]}}  # fmt: skip
    videos, skipped = bench.find()
    assert not videos
    assert len(skipped) == 3


def test_masks_lie_beside_the_frames_of_a_fake(bench: Bench) -> None:
    place = f"{FF}/manipulated_sequences/Deepfakes/c23"
    for name in ("000_003", "003_000"):
        bench.add(FF, "FF-DF", "train", "c23", name, frames=frames(f"{place}/frames/{name}"))
    real = f"{FF}/original_sequences/youtube/c23"
    bench.add(FF, "FF-real", "train", "c23", "000", frames=frames(f"{real}/frames/000"))
    for folder in (f"{place}/masks/000_003", f"{real}/masks/000"):
        (bench.root / folder).mkdir(parents=True)
    videos, skipped = bench.find(naming="ffpp")
    assert not skipped
    assert {v.name: v.mask for v in videos} == {
        "000_003": f"{place}/masks/000_003", "003_000": "", "000": "",
    }  # fmt: skip
