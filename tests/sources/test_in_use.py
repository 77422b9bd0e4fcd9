"""The data sets of a run: one is trained on, the others are tested on under names of their own."""

from pathlib import Path

import pytest
import yaml

from clipforensics.core.faults import InputError
from clipforensics.sources.in_use import (
    collect_profiles,
    read_common,
    read_data_sets,
    read_roots,
    write_profiles,
)
from tests.sources.test_celebdf import LIST, TREE


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A CSV of videos as `dataset`, Celeb-DF to be tested on."""
    celeb = tmp_path / "celeb"
    for folder, names in TREE.items():
        (celeb / folder).mkdir(parents=True)
        for name in names:
            (celeb / folder / name).touch()
    (tmp_path / "own").mkdir()
    (tmp_path / "own/videos.csv").write_text(
        "path,label,manipulation,target,source\na.mp4,0,real,a,\nb.mp4,1,Celeb-synthesis,a,b\n"
    )
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / "own" / name).touch()
    profiles = tmp_path / "conf/data"
    profiles.mkdir(parents=True)
    own = {"layout": "manifest", "root": str(tmp_path / "own"), "manifest": "videos.csv"}
    (profiles / "own.yaml").write_text(yaml.safe_dump(own))
    other = {"layout": "celebdf", "root": str(celeb), "identities_of": "Celeb-DF", "cropped": True}
    (profiles / "celeb.yaml").write_text(yaml.safe_dump(other))
    (profiles / "sample.yaml").write_text("layout: sample\nroot: data/sample\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings(**protocol):
    Path("params.yaml").write_text(yaml.safe_dump({"dataset": "own", "protocol": protocol}))


def collected(**protocol):
    settings(**protocol)
    return collect_profiles(Path("params.yaml"), Path("conf/data"))


def used(**protocol):
    path = Path("data/profiles.yaml")
    write_profiles(path, collected(**protocol))
    return read_data_sets(path)


def test_only_the_first_is_trained_on(project):
    own, celeb = used(test_on=["celeb"])
    assert (own.name, own.is_trained_on, own.root) == ("own", True, project / "own")
    assert (celeb.name, celeb.is_trained_on, celeb.root) == ("celeb", False, project / "celeb")
    assert read_roots(Path("data/profiles.yaml")) == {"own": own.root, "celeb": celeb.root}
    common = read_common(Path("data/profiles.yaml"))
    assert [one.cropped for one in common.values()] == [False, True]


def test_without_others_there_is_one(project):
    assert [one.name for one in used()] == [one.name for one in used(test_on=[])] == ["own"]


def test_what_is_only_tested_is_named_after_its_data_set(project):
    own, celeb = used(test_on=["celeb"])
    ours, _ = own.find_videos()
    theirs, skipped = celeb.find_videos()
    assert [video.manipulation for video in ours] == ["real", "Celeb-synthesis"]
    assert {video.manipulation for video in theirs} == {"real@celeb", "Celeb-synthesis@celeb"}
    assert {video.identities_of for video in theirs} == {"Celeb-DF"}
    assert {video.identities_of for video in ours} == {""}
    assert all("@" not in video.key for video in theirs)
    assert skipped == []


def test_of_a_publishers_parts_only_test_is_tested(project):
    (project / "celeb/List_of_testing_videos.txt").write_text(LIST)
    _, celeb = used(test_on=["celeb"])
    videos, _ = celeb.find_videos()
    assert sorted(video.path for video in videos) == sorted(line.split()[1] for line in LIST.splitlines())
    Path("params.yaml").write_text("dataset: celeb\n")
    (trained,) = collect_profiles(Path("params.yaml"), Path("conf/data"))
    assert trained == "celeb"
    assert len(used(test_on=["celeb"])[1].find_videos()[0]) == len(LIST.splitlines())


def test_two_videos_of_one_name_stop_before_a_video_is_opened(project):
    rows = (project / "own/videos.csv").read_text() + "a.webm,0,real,a,\n"
    (project / "own/videos.csv").write_text(rows)
    (project / "own/a.webm").touch()
    with pytest.raises(InputError, match=r"'a.webm' and 'a.mp4' have the same key"):
        used()[0].find_videos()


def test_a_file_that_is_left_out_names_its_data_set(project):
    (project / "celeb/Celeb-real/noise.mp4").touch()
    _, celeb = used(test_on=["celeb"])
    (skipped,) = celeb.find_videos()[1]
    assert (skipped.dataset, skipped.path) == ("celeb", "Celeb-real/noise.mp4")


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (["celeb", "own"], r"`protocol.test_on`: 'own' is named already; remove it"),
        (["celeb", "celeb"], r"'celeb' is named already"),
        (["celebs"], r"`protocol.test_on` is 'celebs', but .* does not exist; perhaps `celeb` was meant"),
        (["../x"], r"`protocol.test_on` is '../x'; it must be the name of a profile"),
        (["sample"], r"'sample' is rendered here, where it is `dataset`; remove it"),
    ],
)
def test_a_name_that_cannot_be_tested_on_is_refused(project, named, message):
    with pytest.raises(InputError, match=message):
        collected(test_on=named)


@pytest.mark.parametrize("named", [None, "celeb"])
def test_what_is_no_list_is_left_to_whoever_checks_the_section(project, named):
    assert list(collected(test_on=named)) == ["own"]


def test_a_profile_that_is_wrong_is_named(project):
    (project / "conf/data/celeb.yaml").write_text("layout: celebdf\nwrong: 1\n")
    with pytest.raises(InputError, match="profile celeb: `wrong` is not a parameter"):
        used(test_on=["celeb"])
