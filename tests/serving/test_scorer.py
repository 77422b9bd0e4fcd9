"""The scoring process itself: its messages, what it survives, and when it ends."""

import json
import multiprocessing
import os
import signal
from contextlib import contextmanager

import pytest

from clipforensics.serving.models import Model
from clipforensics.serving.scorer import Setting, run

PATIENCE = 120


@contextmanager
def scoring(model, folder):
    """The process and this end of its pipe."""
    context = multiprocessing.get_context("spawn")
    pipe, other = context.Pipe()
    process = context.Process(target=run, args=(other, Setting([f"--model={model}"], folder, 5)), daemon=True)
    process.start()
    other.close()
    try:
        yield process, pipe
    finally:
        process.kill()
        process.join()
        pipe.close()


def heard(pipe):
    assert pipe.poll(PATIENCE)
    return json.loads(pipe.recv_bytes())


def asked(pipe, path, **given):
    """The last message on a video, and the stages before it."""
    pipe.send_bytes(
        json.dumps({"path": str(path), "name": "b.mp4", "prior": None, "draw": False, **given}).encode()
    )
    stages = []
    while "stage" in (message := heard(pipe)):
        stages.append(message["stage"])
    return message, stages


def test_it_loads_answers_survives_and_ends_with_its_pipe(package, short_clip, tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    with scoring(package, tmp_path) as (process, pipe):
        about = heard(pipe)["ready"]
        assert set(about["model"]) == set(Model.model_fields) - {"limits"}
        message, stages = asked(pipe, short_clip)
        assert (message["answer"]["verdict"]["path"], stages) == ("b.mp4", ["reading", "scoring"])
        assert "not a video" in asked(pipe, tmp_path / "text.mp4")[0]["unreadable"]
        assert asked(pipe, short_clip, colour="red") == ({"failed": "TypeError"}, [])
        os.kill(process.pid, signal.SIGINT)  # a terminal's Ctrl-C comes to it too
        assert asked(pipe, short_clip)[0] == message
        pipe.close()
        process.join(PATIENCE)
        assert process.exitcode == 0


def test_a_model_that_cannot_be_had_is_a_reason_in_one_line(tmp_path):
    with scoring(tmp_path / "none", tmp_path) as (process, pipe):
        reason = heard(pipe)["refused"]
        assert str(tmp_path / "none") in reason
        assert "\n" not in reason
        process.join(PATIENCE)
        assert process.exitcode == 0


@pytest.mark.parametrize("field", ["model", "folder", "seconds"])
def test_a_setting_does_not_change_once_it_was_sent(field, tmp_path):
    with pytest.raises(AttributeError):
        setattr(Setting((), tmp_path, 5), field, None)
