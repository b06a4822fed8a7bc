import math

import pytest

from unstuck.config import Settings, checked, read_settings
from unstuck.errors import UsageError

NAMES = {"loss-broadcast": {}, "non-finite-loss": {"tolerated": 0}}


def written(folder, text):
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return read_settings(folder, NAMES)


def test_without_a_file_or_a_table_the_defaults_hold(tmp_path):
    assert written(tmp_path, "[tool.ruff]\nline-length = 1\n") == Settings()


def test_every_key_is_read_from_the_nearest_file_above(tmp_path):
    written(
        tmp_path,
        """
        [tool.unstuck]
        steps = 500
        seconds = 9.5
        fail-on = "error"
        select = ["loss-broadcast", "non-finite-loss"]
        ignore = "loss-broadcast"
        [tool.unstuck.options.non-finite-loss]
        tolerated = 3
        """,
    )
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert read_settings(tmp_path / "a" / "b", NAMES) == Settings(
        500,
        9.5,
        "error",
        ("loss-broadcast", "non-finite-loss"),
        ("loss-broadcast",),
        {"non-finite-loss": {"tolerated": 3}},
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("steps", "Expected|expected"),
        ("tool = 3", "pyproject.toml"),
        ("[tool]\nunstuck = 3", "is not a table"),
        ("[tool.unstuck]\nstep = 3", "does not know 'step'"),
        ("[tool.unstuck]\nfail_on = 'error'", "does not know 'fail_on'"),
        ("[tool.unstuck]\nsteps = 0", "steps must be a whole number above 0, not 0"),
        ("[tool.unstuck]\nsteps = 1.5", "steps must be"),
        ("[tool.unstuck]\nsteps = inf", "steps must be"),
        ("[tool.unstuck]\nsteps = nan", "steps must be"),
        ("[tool.unstuck]\nsteps = true", "steps must be"),
        ("[tool.unstuck]\nsteps = '3'", "steps must be"),
        ("[tool.unstuck]\nseconds = 0", "seconds must be"),
        ("[tool.unstuck]\nseconds = inf", "seconds must be"),
        ("[tool.unstuck]\nseconds = nan", "seconds must be"),
        ("[tool.unstuck]\nseconds = [1]", "seconds must be"),
        ("[tool.unstuck]\nfail-on = 'all'", "fail-on must be one of"),
        ("[tool.unstuck]\nfail-on = ['error']", "fail-on must be one of"),
        ("[tool.unstuck]\nselect = ['nope']", "no check named 'nope'"),
        ("[tool.unstuck]\nselect = [['loss-broadcast']]", "no check named"),
        ("[tool.unstuck]\nignore = 3", "no check named 3"),
        ("[tool.unstuck]\noptions = 3", "options must be"),
        ("[tool.unstuck.options]\nnon-finite-loss = 3", "options must be"),
        ("[tool.unstuck.options.nope]\na = 3", "no check named 'nope'"),
    ],
)
def test_what_means_nothing_is_said_with_its_file(tmp_path, text, said):
    with pytest.raises(UsageError, match=said) as caught:
        written(tmp_path, text)
    assert "pyproject.toml" in caught.value.message


def test_a_file_that_is_no_text_is_said(tmp_path):
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"pyproject\.toml"):
        read_settings(tmp_path, NAMES)


def test_a_huge_time_is_a_time():
    assert checked(Settings(seconds=1e300), NAMES).seconds < math.inf


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"non-finite-loss": {"tolerate": 3}}, "has no option 'tolerate'"),
        ({"non-finite-loss": {"tolerated": "x"}}, "must be a number"),
        ({"loss-broadcast": {"share": 1}}, "has no option 'share'"),
    ],
)
def test_options_of_checks_are_checked(options, said):
    with pytest.raises(UsageError, match=said):
        checked(Settings(options=options), NAMES)
    assert checked(Settings(options={"non-finite-loss": {"tolerated": 3}}), NAMES)
