"""Names of the evidence as logical paths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsweep.evidence.names import Claims, common_top, logical, shown, stem_of


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"inetpub/logs/x.log", "inetpub/logs/x.log"),
        (b"./a//b/./c", "a/b/c"),
        (b"inetpub\\logs\\x.log", "inetpub/logs/x.log"),
        (b"/abs", "abs"),
        (b"C:\\Windows\\x", "C/Windows/x"),
        (b"c:/Windows/x", "C/Windows/x"),
        (b"\\\\?\\C:\\x", "C/x"),
        (b"\\\\.\\C:", "C"),
        (b"\\\\host\\share\\x", "UNC/host/share/x"),
        (b"\\\\?\\UNC\\host\\share\\x", "UNC/host/share/x"),
        (b"uploads/auto/C%3A/inetpub/x.log", "uploads/auto/C/inetpub/x.log"),
        (b"%5C%5C.%5CC%3A/$MFT", "C/$MFT"),
        (b"C%253A/x", "C%3A/x"),
        (b"a/../b", "b"),
        (b"../../evil.txt", "evil.txt"),
        (b"%2e%2e/%2e%2e/evil.txt", "evil.txt"),
        (b"..", "unnamed"),
        (b"", "unnamed"),
        (b"a/b:ads.txt", "a/b:ads.txt"),
        (b"\xff\xfe.aspx", r"\xff\xfe.aspx"),
        (b"a\x1b[31m.log", r"a\x1b[31m.log"),
        ("global\u200b.asax".encode(), r"global\u200b.asax"),
        ("\u202egpj.exe".encode(), r"\u202egpj.exe"),
        ("ältere/\u5831\u544a.log".encode(), "ältere/\u5831\u544a.log"),
    ],
)
def test_names_become_logical_paths(raw: bytes, path: str) -> None:
    assert logical(raw).path == path


@given(st.binary(max_size=60))
def test_no_name_leads_out_or_holds_anything_unseen(raw: bytes) -> None:
    name = logical(raw)
    assert name.path.isprintable()
    assert name.shown.isprintable()
    assert not name.path.startswith("/")
    assert ".." not in name.path.split("/")
    assert "\\\\" not in name.path or "%" in name.shown


@given(st.binary(max_size=30), st.binary(max_size=30))
def test_what_is_shown_of_unreadable_bytes_tells_them_apart(one: bytes, two: bytes) -> None:
    if b"\\" not in one + two:
        assert (shown(one) == shown(two)) == (one == two)


def test_claims_keep_equal_names_apart() -> None:
    claims = Claims()
    assert [claims.claim(name)[0] for name in ("a", "a", "A", "a", "a#2")] == [
        "a",
        "a#2",
        "A",
        "a#3",
        "a#2#2",
    ]


def test_the_common_top_is_the_stem_only_when_all_share_it() -> None:
    assert common_top(["x/a", "x/b"], "x") == "x/"
    assert common_top(["x/a", "y"], "x") == ""
    assert common_top([], "x") == ""


def test_the_stem_leaves_out_what_says_archive() -> None:
    assert [stem_of(name) for name in ("a.zip", "a.tar.gz", "a.TGZ", "a.b.zip", "a")] == [
        "a",
        "a",
        "a",
        "a.b",
        "a",
    ]
