"""Whether there are controls: by the setting, and under auto by the data set."""

import pytest
import yaml

from clipforensics.controls.enabled import empty_folder, why_off
from clipforensics.core.faults import InputError


@pytest.fixture
def ask(tmp_path):
    def ask(enabled, layout="sample"):
        params, profiles = tmp_path / "params.yaml", tmp_path / "data"
        profiles.mkdir(exist_ok=True)
        params.write_text(yaml.safe_dump({"dataset": "mine", "controls": {"enabled": enabled}}))
        (profiles / "mine.yaml").write_text(f"layout: {layout}\n")
        return why_off(params, profiles)

    return ask


def test_auto_is_off_for_the_sample_and_on_for_real_footage(ask):
    assert "built-in sample" in ask("auto")
    assert ask("auto", "manifest") == ""


def test_always_and_never_do_not_ask_for_the_data_set(ask):
    assert ask("always") == ask("always", "manifest") == ""
    assert "never" in ask("never", "manifest")


def test_another_word_is_refused(ask):
    with pytest.raises(InputError, match="auto, always or never"):
        ask("yes")


def test_an_empty_folder_says_why(tmp_path):
    empty_folder(tmp_path / "views", "not made: because")
    assert (tmp_path / "views/README.txt").read_text() == "Controls not made: because.\n"
