"""The page's policy lets its own style and script run, and names no other address."""

import base64
import hashlib
import re

from clipforensics.serving.page import Page


def test_the_policy_names_its_own_style_and_script_and_forbids_the_rest():
    page = Page.read()
    for kind in ("style", "script"):
        (text,) = re.findall(rf"<{kind}>(.*?)</{kind}>", page.html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in page.policy
    assert "default-src 'none'" in page.policy
    assert "unsafe" not in page.policy
    assert "http" not in page.policy


def test_it_holds_no_other_address_and_nothing_that_the_policy_would_stop():
    html = Page.read().html
    assert re.findall(r"https?://", html) == []
    assert re.findall(r'\s(?:on[a-z]+|style)="', html) == []
    assert len(re.findall(r"<(?:script|style)\b", html)) == 2


def test_another_script_is_another_policy():
    assert (
        Page("<style></style><script>1</script>").policy != Page("<style></style><script>2</script>").policy
    )
