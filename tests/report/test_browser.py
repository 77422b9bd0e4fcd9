"""The page in a real browser: headless Chromium, where this machine has it."""

import json
import re
import shutil
import subprocess

import pytest

from tests.report.test_thirteen_detectors import page_of
from tests.support.made_up_findings import VIDEO_NAMES, entry, errors, full_page, rendered

pytestmark = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="chromium is not installed, so no browser can open the page"
)

MEASURED = r"width (\d+) of (\d+), height (\d+), words (\d+)"

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr",
    "--allow-file-access-from-files",
]  # fmt: skip

NETWORK = "net.json"

FRAME = """<iframe src="report.html" style="width:{width}px;height:500px"></iframe>
<script>onload = () => {{
  const page = document.querySelector("iframe").contentDocument.documentElement;
  const cut = [...page.querySelectorAll(".scroll")].filter(e => e.scrollWidth > e.clientWidth + 1);
  const names = cut.map(e => e.querySelector("caption")?.textContent);
  document.body.append(`width ${{page.scrollWidth}} of ${{page.clientWidth}}, height ${{page.scrollHeight}}`);
  document.body.append(`, words ${{page.querySelector("body").innerText.split(/\\s+/).length}}`);
  document.body.append(`, cut off: ${{names.join(" | ")}}.`);
}}</script>"""

PAGES = {"sample of two": full_page, "thirteen": page_of}
WIDE = 1280 + 15
"""The scroll bar's 15 pixels beside a window of 1280."""
MOST_HIGH, MOST_WORDS = 8000, 1500


def browse(folder, text, width=360):
    """Open the page in a frame of this width; what the browser logged, and the wrapper's text."""
    (folder / "report.html").write_text(text, encoding="utf-8")
    (folder / "frame.html").write_text(FRAME.format(width=width), encoding="utf-8")
    command = [
        "chromium",
        *FLAGS,
        f"--user-data-dir={folder / 'profile'}",
        f"--log-net-log={folder / NETWORK}",
        "--dump-dom",
    ]
    address = (folder / "frame.html").as_uri()
    run = subprocess.run([*command, address], capture_output=True, text=True, timeout=120, check=True)
    messages = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    return messages, run.stdout


def asked_for(folder):
    """Addresses that a page (not the browser by itself) asked for over the network."""
    found = json.loads((folder / NETWORK).read_text(encoding="utf-8"))["events"]
    asked = [event["params"] for event in found if "url" in event.get("params", {})]
    return [p["url"] for p in asked if p["url"].startswith("http") and "file" in str(p.get("initiator"))]


def opened(page):
    """The page with every fold open, so that all of it is laid out."""
    return page.replace("<details", "<details open")


@pytest.mark.parametrize("width", [360, 1200])
def test_a_browser_opens_it_without_a_word(tmp_path, width):
    """No console message, no request, and nothing sticks out, with every section filled and open."""
    messages, found = browse(tmp_path, opened(full_page()), width)
    assert messages == []
    assert asked_for(tmp_path) == []
    page, inner, height = map(int, re.search(r"width (\d+) of (\d+), height (\d+)", found).groups())
    assert page <= inner
    assert inner > width - 30
    assert height > 4000


@pytest.mark.parametrize("width", [360, 1200])
def test_thirteen_detectors_do_not_stick_out_either(tmp_path, width):
    messages, found = browse(tmp_path, opened(page_of()), width)
    assert messages == []
    page, inner = map(int, re.search(r"width (\d+) of (\d+)", found).groups())
    assert page <= inner


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("width", [390 + 15, WIDE])
def test_folded_it_is_short_and_nothing_sticks_out(tmp_path, page, width):
    messages, found = browse(tmp_path, page(), width)
    assert messages == []
    inside, inner, height, words = map(int, re.search(MEASURED, found).groups())
    assert inside <= inner == width - 15
    assert 200 < words <= MOST_WORDS
    if width == WIDE:
        assert 1500 < height <= MOST_HIGH


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_no_table_is_cut_off_on_a_desk_with_all_folds_open(tmp_path, page):
    _, found = browse(tmp_path, opened(page()), WIDE)
    assert re.search(r"cut off: (.*)\.</body>", found)[1] == ""


def test_a_table_that_is_cut_off_would_be_noticed(tmp_path):
    wide = rendered().replace("<caption>", f'<caption><i style="white-space:nowrap">{"wide " * 400}</i>', 1)
    _, found = browse(tmp_path, wide, WIDE)
    assert "Table 1. Video AUC" in re.search(r"cut off: (.*)\.</body>", found, re.S)[1]


def printed_pages(folder, text):
    """How many sheets the page fills in print."""
    (folder / "report.html").write_text(text, encoding="utf-8")
    out = folder / "report.pdf"
    command = ["chromium", *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={out}"]
    subprocess.run(
        [*command, (folder / "report.html").as_uri()], capture_output=True, timeout=120, check=True
    )
    return len(re.findall(rb"/Type\s*/Page\b", out.read_bytes()))


def test_print_has_what_is_folded(tmp_path):
    """As many sheets as with every fold open, and many more than without the rule for print."""
    page = full_page()
    folded, unfolded = printed_pages(tmp_path, page), printed_pages(tmp_path, opened(page))
    without = printed_pages(tmp_path, page.replace("details::details-content", "details::no-such-part"))
    assert folded == unfolded
    assert without < folded / 2


@pytest.mark.parametrize("name", VIDEO_NAMES)
def test_a_name_neither_runs_nor_sticks_out(tmp_path, name):
    wrong = {**errors(), "false_positives": [entry(f"sample/real/-/{name}", 0.7, 0)]}
    page = rendered(is_sample=True, dataset=name, errors=[("lora", wrong)], leakage={name: {name: name}})
    messages, found = browse(tmp_path, opened(page))
    assert (messages, asked_for(tmp_path)) == ([], [])
    width, inner = map(int, re.search(r"width (\d+) of (\d+)", found).groups())
    assert width <= inner


@pytest.mark.parametrize("smuggled", ["<script>alert(1)</script>", '<img src="https://example.org/a.png">'])
def test_the_browser_stops_what_the_policy_forbids(tmp_path, smuggled):
    """Also shows that the tests above can fail."""
    messages, _ = browse(tmp_path, rendered().replace("<h1>", f"{smuggled}<h1>"))
    assert any("Content Security Policy" in message for message in messages)


def test_a_request_would_be_noticed(tmp_path):
    """Without the policy the browser asks, and the log has it."""
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", rendered())
    page = bare.replace("<h1>", '<img src="http://127.0.0.1:9/a.png"><h1>')
    browse(tmp_path, page)
    assert "http://127.0.0.1:9/a.png" in asked_for(tmp_path)
