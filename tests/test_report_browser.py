"""The page in a real browser: headless Chromium, where this machine has it."""

import re
import shutil
import subprocess

import pytest

from tests.test_report_page import entry, errors, rendered

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr",
    "--allow-file-access-from-files",
]  # fmt: skip

PHONE = """<iframe src="report.html" style="width:360px;height:4000px"></iframe>
<script>onload = () => {
  const page = document.querySelector("iframe").contentDocument.documentElement;
  document.body.append(`width ${page.scrollWidth} of ${page.clientWidth}, height ${page.scrollHeight}`);
}</script>"""


def browse(folder, text):
    """Open the page in a frame as wide as a phone; what the browser logged, and the wrapper's text."""
    (folder / "report.html").write_text(text, encoding="utf-8")
    (folder / "phone.html").write_text(PHONE, encoding="utf-8")
    command = ["chromium", *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    address = (folder / "phone.html").as_uri()
    run = subprocess.run([*command, address], capture_output=True, text=True, timeout=120, check=True)
    return [line for line in run.stderr.splitlines() if "CONSOLE" in line], run.stdout


def test_a_browser_opens_it_without_a_word(tmp_path):
    """No console message (a blocked request would be one), and nothing sticks out on a phone."""
    name = "a_very_long_name_without_a_space" * 4
    wrong = {**errors(), "false_positives": [entry(f"sample/real/-/{name}", 0.7, 0)]}
    messages, found = browse(tmp_path, rendered(is_sample=True, dataset=name, errors=[("lora", wrong)]))
    assert messages == []
    width, inner, height = map(int, re.search(r"width (\d+) of (\d+), height (\d+)", found).groups())
    assert width <= inner
    assert height > 1000


@pytest.mark.parametrize("smuggled", ["<script>alert(1)</script>", '<img src="https://example.org/a.png">'])
def test_the_browser_stops_what_the_policy_forbids(tmp_path, smuggled):
    """Also shows that the test above can fail."""
    messages, _ = browse(tmp_path, rendered().replace("<h1>", f"{smuggled}<h1>"))
    assert any("Content Security Policy" in message for message in messages)
