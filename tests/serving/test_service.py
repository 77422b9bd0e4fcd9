"""The whole server in a process of its own: what it answers, what it survives, and what it leaves behind."""

import re
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import psutil
import pytest
from PIL import Image
from pydantic import TypeAdapter

from clipforensics.scoring.detector import Detector
from clipforensics.serving.models import Answer, Health, Job, Model, Problem
from tests.support.clips import make_clip, make_sound
from tests.support.scoring_packages import write_scoring_package
from tests.support.servers import BOUNDARY, form, running
from tests.support.shared_data import FOOTAGE, needs_shared

LIMITS = ("--max-megabytes", "1", "--max-seconds", "5", "--time-limit", "20")
SIGNAL = "signal 9"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def model(made):
    return write_scoring_package(made / "package")


@pytest.fixture(scope="module")
def server(made, model):
    with running(model, *LIMITS, tmp=made / "tmp") as found:
        yield found


@pytest.fixture(scope="module")
def clip(made):
    return make_clip(made / "clip.mp4")


def fits(kind, answer):
    """Whether an answer is what OpenAPI promises, with nothing beside it."""
    TypeAdapter(kind).validate_python(answer.json, extra="forbid")
    return True


def refused(answer):
    assert fits(Problem, answer)
    return answer.status, answer.json["error"]


def test_a_verdict_is_that_of_the_detector(server, model, clip):
    answer = server.send(clip, name="<script>alert(1)</script>.mp4")
    assert answer.status == 200
    assert fits(Answer, answer)
    expected = Detector.from_pretrained(model).score(clip).to_dict()
    name = "script>.mp4"  # what stands behind the last /
    expected |= {"path": name, "exhibit": expected["exhibit"] | {"path": name}}
    found = answer.json
    for key in ("people", "frames", "warnings"):
        assert len(found.pop(key)) == len(expected.pop(key))
    assert found.pop("score") == pytest.approx(expected.pop("score"), abs=1e-6)
    near = ("low", "high", "probability", "p_real", "p_manipulated")
    assert [found.pop(key) for key in near] == pytest.approx([expected.pop(key) for key in near], abs=1e-5)
    assert found.pop("evidence")["words"] == expected.pop("evidence")["words"]
    assert found == expected
    assert list(server.uploads.iterdir()) == []


def test_the_prior_moves_the_probability_alone(server, clip):
    plain, rare = server.send(clip).json, server.send(clip, "/v1/score?prior=0.001").json
    assert rare["prior"] == 0.001
    assert rare["probability"] < plain["probability"]
    assert rare["score"] == plain["score"]
    for wrong in ("0", "1", "x", "nan"):
        assert refused(server.send(clip, f"/v1/score?prior={wrong}")) == (422, "bad request")


def test_a_job_is_asked_for_until_it_is_done_and_then_forgotten(server, clip):
    begun = server.send(clip, "/v1/jobs", name='a<b>"c.mp4')
    assert begun.status == 202
    assert fits(Job, begun)
    assert begun.headers["location"] == f"/v1/jobs/{begun.json['id']}"
    job = server.wait_for(begun.json["id"])
    assert (job["state"], job["name"], job["problem"]) == ("done", "a<b>%22c.mp4", None)
    assert job["verdict"]["path"] == job["name"]
    assert job["words"]["headline"].lower().startswith(("the detector calls", job["verdict"]["opinion"]))
    assert job["figures"].count("<svg") > 4
    assert "a<b" not in job["figures"]
    assert fits(Job, server.ask("GET", f"/v1/jobs/{job['id']}"))
    assert server.ask("DELETE", f"/v1/jobs/{job['id']}").status == 204
    for method in ("GET", "DELETE"):
        assert refused(server.ask(method, f"/v1/jobs/{job['id']}")) == (404, "unknown job")


def test_what_cannot_be_read_is_told_with_its_reason(server, made):
    (made / "text.mp4").write_text("no video")
    (made / "empty.mp4").write_bytes(b"")
    whole = make_clip(made / "whole.mp4", n_frames=60).read_bytes()
    (made / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    reasons = {}
    for file in (made / "text.mp4", made / "empty.mp4", made / "cut.mp4", make_sound(made / "sound.mp4")):
        answer = server.send(file)
        assert refused(answer) == (422, "unreadable")
        reasons[file.stem] = answer.json["detail"]
    assert "not a video" in reasons["text"]
    assert "empty" in reasons["empty"]
    assert "no video" in reasons["sound"]
    failed = server.wait_for(server.send(made / "text.mp4", "/v1/jobs").json["id"])
    assert (failed["state"], failed["status"]) == ("failed", 422)
    assert failed["problem"]["detail"] == reasons["text"]


def test_a_picture_is_one_frame(server, made):
    Image.new("RGB", (60, 50), "red").save(made / "a.png")
    answer = server.send(made / "a.png")
    assert answer.status == 200
    assert answer.json["exhibit"]["codec"] == "pictures"


def test_too_much_is_refused_before_it_is_read(server):
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.putrequest("POST", "/v1/score")
    connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    connection.putheader("Content-Length", str(1 << 34))
    connection.endheaders()  # and not a byte of it
    answer = connection.getresponse()
    assert answer.status == 413
    connection.close()
    assert list(server.uploads.iterdir()) == []


def test_too_much_that_does_not_say_so_is_cut_off(server):
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    sent = 0

    def endless():
        nonlocal sent
        yield form(b"", "a.mp4").split(b"\r\n--")[0]
        while sent < 1 << 28:
            sent += 1 << 16
            yield bytes(1 << 16)

    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    try:
        connection.request("POST", "/v1/score", endless(), kind, encode_chunked=True)
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # it was closed while more was sent
    connection.close()
    assert sent < 1 << 26
    assert list(server.uploads.iterdir()) == []


def test_wrong_requests_are_told_what_is_wrong(server, clip):
    assert refused(server.ask("POST", "/v1/score", b"{}", content_type="application/json")) == (
        415,
        "not multipart",
    )
    assert refused(server.ask("POST", "/v1/score", b"x", content_type="multipart/form-data; boundary=a")) == (
        400,
        "bad request",
    )
    assert refused(server.ask("GET", "/nothing")) == (404, "not found")
    assert refused(server.ask("GET", "/docs")) == (404, "not found")
    wrong = server.ask("PUT", "/v1/jobs/x")
    assert refused(wrong) == (405, "not allowed")
    assert wrong.headers["allow"] == "DELETE, GET"


def test_pages_elsewhere_and_names_elsewhere_are_refused(server, clip):
    assert refused(server.send(clip, origin="http://evil.example")) == (403, "cross-origin")
    assert refused(server.send(clip, sec_fetch_site="cross-site")) == (403, "cross-origin")
    assert server.send(clip, origin=server.url).status == 200
    for address in ("/", "/v1/model", "/healthz", "/openapi.json"):
        assert refused(server.ask("GET", address, host="evil.example")) == (400, "bad host")
        found = server.ask("GET", address)
        assert found.status == 200
        assert "access-control-allow-origin" not in found.headers
        assert found.headers["cache-control"] == "no-store"


def test_it_says_what_it_is(server):
    model, health = server.ask("GET", "/v1/model"), server.ask("GET", "/healthz")
    assert fits(Model, model)
    assert fits(Health, health)
    assert health.json == {"status": "ok", "uploading": 0, "waiting": 0, "working": 0, "workers": 1}
    assert (model.json["limits"]["megabytes"], model.json["limits"]["seconds"]) == (1, 5)
    assert not model.json["model"].startswith("/")
    assert "A detector" in server.ask("GET", "/card").body.decode()
    policy = server.ask("GET", "/").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_ten_at_once_are_all_answered(server, made):
    clips = [make_clip(made / f"many-{n}.mp4", seed=n) for n in range(10)]
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(server.send, clips))
    assert Counter(answer.status for answer in answers) == {200: 10}
    assert [answer.json["path"] for answer in answers] == [clip.name for clip in clips]
    assert len({answer.json["exhibit"]["sha256"] for answer in answers}) == 10


def test_two_who_send_at_once_each_get_their_own(server, made, clip):
    other = make_clip(made / "other.mp4", seed=9)
    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(lambda file: server.send(file, "/v1/jobs").json["id"], (clip, other)))
    found = [server.wait_for(job)["verdict"] for job in both]
    assert [one["path"] for one in found] == ["clip.mp4", "other.mp4"]
    assert found[0]["score"] != found[1]["score"]


def in_background(function, *arguments):
    found = []
    thread = threading.Thread(target=lambda: found.append(function(*arguments)))
    thread.start()
    return thread, found


def until(condition):
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def busy(server):
    return server.ask("GET", "/healthz").json["working"] == 1


@pytest.mark.slow
def test_a_scorer_that_is_killed_is_reported_and_the_next_video_is_scored(server, clip):
    (scorer,) = server.scorers
    scorer.suspend()
    thread, found = in_background(server.send, clip)
    until(lambda: busy(server))
    later, found_later = in_background(server.send, clip)
    scorer.kill()
    thread.join()
    later.join()
    assert refused(found[0]) == (500, "worker died")
    assert SIGNAL in found[0].json["detail"]
    assert found_later[0].status == 200
    assert list(server.uploads.iterdir()) == []


@pytest.mark.slow
def test_a_client_that_goes_away_frees_the_scorer(server, clip):
    (scorer,) = server.scorers
    scorer.suspend()
    connection = HTTPConnection("127.0.0.1", server.port)
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    connection.request("POST", "/v1/score", form(clip.read_bytes(), "a.mp4"), kind)
    until(lambda: busy(server))
    connection.close()
    until(lambda: not busy(server))
    assert server.send(clip).status == 200
    assert list(server.uploads.iterdir()) == []


@pytest.mark.slow
def test_a_job_that_is_cancelled_frees_the_scorer(server, clip):
    (scorer,) = server.scorers
    scorer.suspend()
    job = server.send(clip, "/v1/jobs").json
    until(lambda: busy(server))
    assert server.ask("DELETE", f"/v1/jobs/{job['id']}").status == 204
    until(lambda: not busy(server))
    assert server.send(clip).status == 200
    assert list(server.uploads.iterdir()) == []


@pytest.mark.slow
def test_a_scorer_that_hangs_is_ended_at_the_time_limit(made, model, clip):
    with running(model, "--time-limit", "2", "--waiting", "0", tmp=made / "hanging") as server:
        (scorer,) = server.scorers
        scorer.suspend()
        thread, found = in_background(server.send, clip)
        until(lambda: busy(server))
        full = server.send(clip)
        assert refused(full) == (503, "busy")
        assert full.headers["retry-after"] == "5"
        thread.join()
        assert refused(found[0]) == (504, "time limit")
        assert not scorer.is_running()
        until(lambda: server.ask("GET", "/healthz").json["workers"] == 1)
        assert server.scorers[0].pid != scorer.pid


@pytest.mark.slow
def test_ctrl_c_ends_it_at_once_and_leaves_nothing(made, model, clip):
    with running(model, tmp=made / "ended") as server:
        folder, (scorer,) = server.uploads, server.scorers
        scorer.suspend()
        thread, found = in_background(server.send, clip)
        until(lambda: busy(server))
        begin = time.monotonic()
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(20) == 0
        assert time.monotonic() - begin < 10
        thread.join()
        assert refused(found[0]) == (503, "stopping")
        assert not scorer.is_running()
        assert not folder.exists()
        assert "Traceback" not in server.process.stdout.read()


@pytest.mark.slow
def test_killed_it_leaves_neither_files_nor_processes(made, model, clip):
    with running(model, tmp=made / "killed") as server:
        folder, (scorer,) = server.uploads, server.scorers
        (folder / "upload").write_bytes(b"private")
        server.process.kill()
        until(lambda: not scorer.is_running() or scorer.status() == psutil.STATUS_ZOMBIE)
        assert not folder.exists()


@pytest.mark.slow
def test_memory_does_not_grow(server, made):
    clips = [make_clip(made / f"grow-{n}.mp4", n_frames=60, width=320, height=240, seed=n) for n in range(5)]
    (scorer,) = server.scorers

    def resident():
        return [psutil.Process(pid).memory_info().rss / 2**20 for pid in (server.process.pid, scorer.pid)]

    for n in range(20):
        assert server.send(clips[n % 5], "/v1/score").status == 200
        server.wait_for(server.send(clips[n % 5], "/v1/jobs").json["id"])
    before = resident()
    for n in range(50):
        assert server.send(clips[n % 5]).status == 200
    grown = [after - start for start, after in zip(before, resident(), strict=True)]
    assert all(one < 12 for one in grown), grown


@needs_shared
@pytest.mark.slow
def test_real_clips_are_answered(made):
    from tests.support.faces import YUNET
    from tests.support.scoring_packages import AROUND

    if not YUNET.is_file():
        pytest.skip(f"no face detector at {YUNET}")
    model = write_scoring_package(made / "faces", around=AROUND)
    with running(model, tmp=made / "real") as server:
        for name in ("real/liveportrait_d1.mp4", "fake/ghost_mark.webm"):
            answer = server.send(FOOTAGE / name)
            assert answer.status == 200
            assert fits(Answer, answer)
            assert answer.json["frames"][0]["box"]


def test_what_is_wrong_with_the_command_line_is_one_line(made, model, server):
    def fails(*options):
        with pytest.raises(AssertionError) as caught, running(*options, tmp=made / "wrong"):
            pass
        lines = [line for line in str(caught.value).splitlines() if line.startswith("error:")]
        return re.sub(r"\d+", "N", lines[0])

    assert "Address already in use" in fails(model, "--port", str(server.port))
    assert "is no folder" in fails(made / "nothing")


def test_an_upload_that_is_broken_off_leaves_nothing_and_its_place_is_free_again(server, clip):
    body = form(clip.read_bytes(), "a.mp4")
    connection = HTTPConnection("127.0.0.1", server.port)
    connection.putrequest("POST", "/v1/score")
    connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[: len(body) // 2])
    until(lambda: server.ask("GET", "/healthz").json["uploading"] == 1)
    assert len(list(server.uploads.iterdir())) == 1
    connection.close()
    until(lambda: server.ask("GET", "/healthz").json["uploading"] == 0)
    assert list(server.uploads.iterdir()) == []
