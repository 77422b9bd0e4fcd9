"""The page in headless Chromium: a video goes in, progress is told, its verdict is shown safely."""

import shutil

import pytest

from tests.support.browser import Tab, needs_browser
from tests.support.clips import make_clip
from tests.support.scoring_packages import write_scoring_package
from tests.support.servers import running

pytestmark = [needs_browser, pytest.mark.slow]

SHOWN = "!document.getElementById('{}').hidden"
WIDTH = "document.documentElement.scrollWidth"
NASTY = "<img src=x onerror=alert(1)>.mp4"
LONG = "n" * 150 + ".mp4"
CARD = "# Card <script>alert(1)</script>\n\n![x](https://evil.example/a.png)\n\n[run](javascript:alert(1))\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return tmp_path_factory.mktemp("browsed")


@pytest.fixture(scope="module")
def server(made):
    model = write_scoring_package(made / "package", method="lora")
    (model / "README.md").write_text(CARD)
    with running(model, "--max-megabytes", "1", tmp=made / "tmp") as found:
        yield found


@pytest.fixture(scope="module")
def clip(made):
    return make_clip(made / "clip.mp4")


@pytest.fixture
def tab(tmp_path):
    with Tab(tmp_path / "profile") as found:
        yield found


def text(tab, name):
    return tab.run(f"document.getElementById('{name}').innerText")


def focus(tab):
    return tab.run("document.activeElement.id")


def no_complaint(tab, server):
    assert tab.said == []
    assert [one for one in tab.asked if not one.startswith((server.url, "data:", "blob:"))] == []


@pytest.mark.parametrize("width", [1200, 390])
def test_a_video_is_chosen_scored_and_shown(tab, server, clip, width):
    tab.open(f"{server.url}/", width=width)
    tab.wait("document.getElementById('card').textContent !== ''")
    assert "1 MB and 600 seconds" in text(tab, "limits")
    assert tab.run(WIDTH) == width
    tab.choose("#file", clip)
    tab.wait(SHOWN.format("result"))
    assert focus(tab) == "result"
    assert text(tab, "name") == "clip.mp4"
    assert "calls this video" in text(tab, "opinion") or "No opinion" in text(tab, "opinion")
    assert "What the score is worth" in text(tab, "figures")
    assert (
        tab.run("document.querySelectorAll('#figures .shots img').length") == 8
    )  # a crop and a heatmap a frame
    assert tab.run("[...document.images].every(one => one.naturalWidth > 0)")
    assert (
        tab.run("getComputedStyle(document.querySelector('.drop')).borderTopStyle") == "dashed"
    )  # the style counts
    tab.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert tab.run(WIDTH) == width
    no_complaint(tab, server)


def test_names_and_cards_neither_run_nor_stick_out(tab, server, made, clip):
    tab.open(f"{server.url}/", width=390)
    tab.wait("document.getElementById('card').textContent !== ''")
    assert "<script>alert(1)</script>" in tab.run("document.getElementById('card').textContent")
    assert tab.run("document.querySelectorAll('#card script, #card img').length") == 0
    assert tab.run("[...document.querySelectorAll('#card a')].map(one => one.protocol)") == ["https:"]
    for name in (NASTY, LONG):
        tab.choose("#file", shutil.copy(clip, made / name))
        tab.wait(SHOWN.format("result"))
        assert text(tab, "name") == name
        assert tab.run("document.querySelectorAll('main img[src=x]').length") == 0
        tab.run("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert tab.run(WIDTH) == 390
        tab.run("document.getElementById('another').click()")
    no_complaint(tab, server)


def test_progress_is_told_and_the_work_can_be_cancelled(tab, server, clip):
    (scorer,) = server.scorers
    scorer.suspend()
    waiting = [server.send(clip, "/v1/jobs").json["id"] for _ in range(3)]
    tab.open(f"{server.url}/", width=390)
    tab.choose("#file", clip)
    tab.wait("document.getElementById('live').textContent === 'Waiting: 2 before it'")
    assert tab.run("document.querySelector('[aria-current=step]').textContent") == "wait"
    assert tab.run("document.getElementById('live').getAttribute('aria-live')") == "polite"
    assert focus(tab) == "cancel"
    assert server.ask("GET", "/healthz").json["waiting"] == 3
    tab.press("Enter", 13)
    tab.wait(SHOWN.format("ask"))
    assert focus(tab) == "file"
    tab.wait(f"fetch('{server.url}/healthz').then(one => one.json()).then(one => one.waiting === 2)")
    scorer.resume()
    assert [server.wait_for(job)["state"] for job in waiting] == ["done"] * 3


def test_what_goes_wrong_is_told_in_words(tab, server, made):
    (made / "text.mp4").write_text("no video")
    (made / "big.mp4").write_bytes(bytes(1 << 21))
    tab.open(f"{server.url}/", width=1200)
    tab.wait("document.getElementById('limits').textContent.includes('1 MB')")
    for name, title, why in (
        ("text.mp4", "It cannot be scored", "not a video"),
        ("big.mp4", "Too large", "It has 2 MB"),
    ):
        tab.choose("#file", made / name)
        tab.wait(SHOWN.format("problem"))
        assert focus(tab) == "problem"
        assert (text(tab, "which"), text(tab, "failure")) == (name, title)
        assert why in text(tab, "why")
        tab.run("document.getElementById('another').click()")
    no_complaint(tab, server)


def test_a_scorer_that_dies_is_told_and_the_next_video_is_scored(tab, server, clip):
    (scorer,) = server.scorers
    scorer.suspend()
    tab.open(f"{server.url}/", width=1200)
    tab.choose("#file", clip)
    tab.wait("document.querySelector('[aria-current=step]')?.dataset.step === 'reading'")
    scorer.kill()
    tab.wait(SHOWN.format("problem"))
    assert text(tab, "failure") == "Scoring it failed"
    tab.run("document.getElementById('another').click()")
    tab.choose("#file", clip)
    tab.wait(SHOWN.format("result"))


def test_the_keyboard_alone_reaches_everything(tab, server):
    tab.open(f"{server.url}/", width=1200)
    tab.wait("document.getElementById('card').textContent !== ''")
    reached = []
    for _ in range(3):
        tab.press("Tab", 9)
        reached.append(tab.run("document.activeElement.id || document.activeElement.tagName"))
    assert reached == ["file", "SUMMARY", "A"]


def test_a_script_that_was_smuggled_in_would_be_stopped_and_noticed(tab, server):
    tab.open(f"{server.url}/", width=1200)
    tab.run(
        "const made = document.createElement('script'); made.textContent = 'window.ran = 1';"
        "document.body.append(made)"
    )
    assert tab.run("window.ran === undefined")
    assert any("Content Security Policy" in one for one in tab.said)
