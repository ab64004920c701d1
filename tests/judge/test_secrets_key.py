"""The file with the key of the marks: made once, read by its owner alone, never too short."""

import stat
import sys

import pytest

from exsweep.cli.secrets_key import key_in
from exsweep.errors import UsageError


def test_a_key_is_made_where_there_is_none_and_stays(tmp_path):
    key = key_in(tmp_path / "team.key")
    assert len(key) == 64
    assert key_in(tmp_path / "team.key") == key
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "team.key").stat().st_mode) == 0o600


def test_a_file_too_short_for_a_key_is_refused(tmp_path):
    (tmp_path / "team.key").write_text("secret\n")
    with pytest.raises(UsageError, match="holds no key"):
        key_in(tmp_path / "team.key")
