"""Passwords, cookies, tokens and keys of the evidence do not travel in what is quoted from it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsweep.export import EXPORTERS
from exsweep.judge import fits, kept, masked
from exsweep.judge.secrets import mark_of, text
from exsweep.knowledge.secrets import found_in, secrets
from exsweep.model import decode, encode
from tests.export import school

KEY = b"a key that the whole team has"


def _with(assessment, **changes):
    import msgspec

    first, *rest = assessment.findings
    return msgspec.structs.replace(
        assessment, secrets=None, findings=(msgspec.structs.replace(first, **changes), *rest)
    )


@pytest.fixture(scope="module")
def sample():
    return school.school_in_use()


LINE = "2021-03-03 04:10:22 10.0.0.5 POST /owa/auth.owa username=bob&password={} 443 - 203.0.113.9 ua 302"


def test_a_password_in_a_query_stands_in_no_export(sample):
    line = LINE.format("Summer2021%21")
    case = masked(
        _with(sample, excerpt=line, excerpts=(line,), fields={"url.query": "password=Summer2021%21&a=1"})
    )
    for name in EXPORTERS:
        assert b"Summer2021" not in EXPORTERS[name].export(case), name
    assert case.findings[0].excerpt.startswith(
        "2021-03-03 04:10:22 10.0.0.5 POST /owa/auth.owa username=bob&password=[masked:"
    )
    assert case.findings[0].excerpt.endswith("] 443 - 203.0.113.9 ua 302")
    assert case.secrets.places["password"] == 3


def test_equal_values_have_equal_marks_however_they_are_written(sample):
    assert mark_of("Summer2021%21", "password", KEY) == mark_of("Summer2021!", "password", KEY)
    assert mark_of("Summer2021!", "password", KEY) != mark_of("Summer2022!", "password", KEY)


def test_marks_of_one_key_compare_over_servers_and_those_of_a_case_do_not(sample):
    def marks(password, other, key):
        case = masked(_with(sample, excerpt=LINE.format(password), excerpts=(LINE.format(other),)), key)
        return case.findings[0].excerpt

    assert marks("Summer2021!", "x1", KEY) == marks("Summer2021!", "y2", KEY)
    assert marks("Summer2021!", "x1", None) != marks("Summer2021!", "y2", None)
    assert marks("Summer2021!", "x1", None) == marks("Summer2021!", "x1", None)


def test_a_key_of_the_web_server_is_marked_alike_everywhere():
    key = "CB2721ABDAF8E9DC516D621D8B8BF13A"
    assert mark_of(key, "machine_key", b"one") == mark_of(key, "machine_key", b"another")


def test_cookies_keep_their_names_and_those_that_are_evidence_their_values(sample):
    cookie = (
        "cadata=AAAA/9xk+1;+Email=autodiscover/autodiscover.json%3f@evil.example.test;+X-BEResource=srv/x?~1"
    )
    line = f"2021-03-03 04:10:22 GET / - 443 - 203.0.113.9 ua {cookie} 200"
    case = masked(_with(sample, excerpt=line, fields={"cs(Cookie)": cookie}), KEY)
    shown = case.findings[0].excerpt
    assert "cadata=[masked:cookie:" in shown and "AAAA/9xk" not in shown
    assert "Email=autodiscover/autodiscover.json%3f@evil.example.test" in shown
    assert "X-BEResource=srv/x?~1" in shown


def test_a_comma_ends_a_value_only_where_commas_part_columns(sample):
    httpproxy = "2021-02-28T04:10:24.118Z,a,15,/x?password=Pa55,FBA,false"
    assert text(httpproxy, lambda value, kind: "*", ends=",").endswith("password=*,FBA,false")
    assert text("GET /x password=Pa55,word 443", lambda value, kind: "*") == "GET /x password=* 443"


def test_code_of_a_page_is_not_taken_for_a_password():
    assert found_in('pass=Request.Form["x"];', pages=True) == []
    assert found_in('string pwd = "chopper";', pages=True)


def test_masking_twice_is_masking_once_and_keeping_says_so(sample):
    case = masked(_with(sample, excerpt=LINE.format("Summer2021!")))
    assert masked(case) == case
    assert decode(encode(case)) == case
    plain = kept(_with(sample, excerpt=LINE.format("Summer2021!")))
    assert plain.secrets.kept and "Summer2021!" in plain.findings[0].excerpt
    assert b"stand in this report as they stand" in EXPORTERS["html"].export(plain)


words = st.text(st.characters(codec="ascii", exclude_characters="\r\n"), max_size=30)


@given(
    st.lists(st.tuples(words, st.text("abcXYZ019!$", min_size=1, max_size=12)), min_size=1, max_size=5), words
)
def test_a_masked_line_still_fits_the_line_that_it_quotes(pairs, end):
    line = "".join(f"{before}&password={value}&" for before, value in pairs) + end
    quoted = text(line, lambda value, kind: mark_of(value, kind, KEY))
    assert "password=[masked:" in quoted
    assert fits(quoted, line) and fits(quoted, line + " more")
    assert not fits(f"x{quoted}", line) or line.startswith("x")


def test_another_line_does_not_fit():
    quoted = "GET /x password=[masked:password:3f9a1c20b7d4]&a=1 443"
    assert fits(quoted, "GET /x password=Summer2021&a=1 443 -")
    assert not fits(quoted, "GET /y password=Summer2021&a=1 443 -")
    assert not fits(quoted, "GET /x password=&a=1 443"), "a mark stands for at least one character"


@pytest.mark.parametrize(
    "text_",
    [
        "pass=" * 800,
        "a" * 4000,
        ";" * 4000,
        "user " * 800,
        "a.password" * 400,
        "://a:" * 800,
        "basic A1" * 500,
    ],
)
def test_hostile_lines_cost_little(text_):
    begun = time.process_time()
    found_in(text_)
    assert time.process_time() - begun < 1


def test_every_pattern_is_needed_by_one_of_its_words():
    for one in secrets().patterns:
        assert all(word == word.lower() for word in one.needs)
