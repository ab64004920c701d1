"""The engine over batches: order, blocks, other columns, damage by one rule, what has no literal."""

from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from exsweep.detect import Engine, engine
from exsweep.knowledge.rules import RuleSet, tree
from tests.detect.build import CSV, FORMATS, W3C, make_batch, swept_lines

Load = Callable[..., RuleSet]
TWO = """
title: put
logsource: {category: webserver}
detection: {s: {http.request.method: PUT}, condition: s}
---
title: path
logsource: {category: webserver}
detection: {s: {url.path|contains: evil}, condition: s}
"""


def test_matches_come_in_order_of_batch_row_and_rule(load: Load) -> None:
    made = Engine(load(TWO).running, FORMATS)
    one = make_batch(W3C, [{"cs-uri-stem": "/evil", "cs-method": "PUT"}, {}, {"cs-uri-stem": "/evil"}])
    other = make_batch(W3C, [{}, {"cs-method": "PUT"}])
    found = [(match.batch, match.row, match.rule.id) for match in made.match([one, other])]
    assert found == [(0, 0, "path"), (0, 0, "put"), (0, 2, "path"), (1, 1, "put")]


def test_batches_of_one_format_may_have_other_columns(load: Load) -> None:
    made = Engine(load(TWO).running, FORMATS)
    with_method = make_batch(W3C, [{"cs-method": "PUT"}], columns=["cs-method"])
    without = make_batch(W3C, [{"cs-uri-stem": "/evil"}], columns=["CS-URI-STEM", "cs-uri-stem"])
    none = make_batch(W3C, [], columns=["cs-method"])
    assert [(match.batch, match.rule.id) for match in made.match([with_method, none, without])] == [
        (0, "put")
    ]
    spelled = make_batch(W3C, [{"CS-Method": "PUT"}], columns=["CS-Method"])
    assert [match.rule.id for match in made.match([spelled])] == ["put"]


def test_a_large_batch_is_judged_in_blocks(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BLOCK", 7)
    made = Engine(load(TWO).running, FORMATS)
    batches = [make_batch(W3C, [{"cs-uri-stem": f"/evil{n}"} for n in range(size)]) for size in (5, 0, 20, 3)]
    found = [(match.batch, match.row) for match in made.match(batches)]
    assert found == [(batch, row) for batch, size in ((0, 5), (2, 20), (3, 3)) for row in range(size)]


def test_a_slice_of_a_batch_is_read_where_it_is(load: Load) -> None:
    made = Engine(load(TWO).running, FORMATS)
    whole = make_batch(W3C, [{"cs-uri-stem": f"/{'evil' if n % 3 == 0 else 'good'}{n}"} for n in range(30)])
    cut = type(whole)(
        W3C, whole.table.slice(10, 9), whole.line[10:19], whole.offset[10:19], whole.time_ms[10:19]
    )
    assert [match.row for match in made.match([cut])] == [2, 5, 8]
    assert made.candidates(cut).tolist() == [2, 5, 8]


def test_more_rules_than_one_integer_has_bits(load: Load) -> None:
    text = "---\n".join(
        f"title: r{n:03}\nlogsource: {{category: webserver}}\ndetection: {{s: {{cs-uri-stem|contains: evil{n:03}}}, condition: s}}\n"
        for n in range(150)
    )
    made = Engine(load(text).running, FORMATS)
    batch = make_batch(W3C, [{"cs-uri-stem": f"/evil{n:03}"} for n in range(150)])
    assert [(match.row, match.rule.id) for match in made.match([batch])] == [
        (n, f"r{n:03}") for n in range(150)
    ]


def test_a_list_of_thousands_of_values_is_one_rule(load: Load) -> None:
    names = ", ".join(f"evil{n}.aspx" for n in range(5_000))
    rules = load(f"detection:\n  s: {{cs-uri-stem|endswith: [{names}]}}\n  condition: s\n")
    made = Engine(rules.running, FORMATS)
    batch = make_batch(W3C, [{"cs-uri-stem": "/evil4999.aspx"}, {"cs-uri-stem": "/evil5000.aspx"}])
    assert [match.row for match in made.match([batch])] == [0]
    assert not made.failures


def test_a_rule_that_the_database_cannot_run_is_named_and_harms_no_other(load: Load) -> None:
    rules = load(TWO).running
    broken = msgspec.structs.replace(rules[0], id="broken", condition=tree.Regex("url.path", "("))
    made = Engine([broken, *rules], FORMATS)
    batch = make_batch(W3C, [{"cs-uri-stem": "/evil"}])
    assert [match.rule.id for match in made.match([batch])] == ["path"]
    assert list(made.failures) == ["broken"]


def test_a_rule_without_a_literal_sees_every_row_of_its_log_only(load: Load) -> None:
    made = Engine(
        load(
            "title: t\nlogsource: {product: windows, service: iis}\ndetection: {s: {time-taken|gt: 9}, condition: s}\n"
        ).running,
        FORMATS,
    )
    batch = make_batch(W3C, [{"time-taken": "10"}, {"time-taken": "9"}])
    assert made.unfiltered(W3C.id) == ("t",)
    assert made.candidates(batch).tolist() == [0, 1]
    assert swept_lines(made, W3C.id, b"one\ntwo\n") == [0, 1]
    assert made.unfiltered(CSV.id) == ()
    assert swept_lines(made, CSV.id, b"one\ntwo\n") == []
    assert [match.row for match in made.match([batch])] == [0]


def test_the_sieve_gives_the_numbers_of_lines(load: Load) -> None:
    made = Engine(load(TWO).running, FORMATS)
    data = b"x /good\ny /EVIL\r\n\nz /good\n/evil"
    assert swept_lines(made, W3C.id, memoryview(data)) == [1, 4]
    assert swept_lines(made, W3C.id, b"") == []


def test_a_log_whose_values_span_lines_is_never_sieved(load: Load) -> None:
    form = msgspec.structs.replace(CSV, multiline=True)
    made = Engine(load(TWO).running, [form])
    assert swept_lines(made, form.id, b"nothing\nhere\n") == [0, 1]


@pytest.mark.parametrize(("ordinary", "asked"), [(b"/frequent/", b"rareness"), (b"rareness", b"/frequent/")])
def test_a_sweep_looks_for_what_is_rare_in_ordinary_logs(load: Load, ordinary: bytes, asked: bytes) -> None:
    rules = load("detection:\n  s: {cs-uri-stem|contains|all: [/frequent/, rareness]}\n  condition: s\n")
    made = Engine(rules.running, FORMATS, lambda kind: b"GET %s\n" % ordinary * 50)
    assert asked in made.swept(W3C.id)
    assert ordinary not in made.swept(W3C.id)
    for data in (b"GET /frequent/\n" * 70_000, b"GET rareness\n", b""):  # the log itself changes nothing
        assert swept_lines(made, W3C.id, data + b"GET /frequent/rareness\n")[-1] == data.count(b"\n")
        assert asked in made.swept(W3C.id)


def test_the_database_reaches_nothing(load: Load) -> None:
    made = Engine(load(TWO).running, FORMATS)
    made.match([make_batch(W3C, [{"cs-uri-stem": "/evil"}])])
    for statement in (
        "select * from read_text('/etc/hostname')",
        "install httpfs",
        "copy (select 1) to 'x.csv'",
    ):
        with pytest.raises(Exception, match=r"(?i)disabled|permission|not allowed|external"):
            made._database().execute(statement)


def test_nothing_in_nothing_out(load: Load) -> None:
    made = Engine([], FORMATS)
    batch = make_batch(W3C, [{"cs-uri-stem": "/evil"}])
    assert made.match([]) == []
    assert made.match([batch]) == []
    assert made.candidates(batch).tolist() == []
    assert made.candidates(make_batch(W3C, [])).tolist() == []
    assert made.candidates(batch).dtype == np.int64


def test_a_frequent_literal_that_stands_in_another_is_asked_for_once(load: Load) -> None:
    rule = "title: t{0}\nlogsource: {{category: webserver}}\ndetection: {{s: {{cs-uri-stem|contains: {0}}}, condition: s}}\n"
    wanted = ("/a/long/path/", "long/path/", "/rare/")
    data = b"".join(b"GET /a/long/path/%d\nGET /other/%d\n" % (one, one) for one in range(3_000))
    made = Engine(load("---\n".join(rule.format(one) for one in wanted)).running, FORMATS, lambda kind: data)
    assert swept_lines(made, W3C.id, data + b"GET /rare/\n") == [*range(0, 6_000, 2), 6_000]
    asked = made.swept(W3C.id)
    assert b"long/path/" in asked
    assert b"/a/long/path/" not in asked


PAGES = """
detection:
  pages: {cs-uri-stem|endswith: [.asmx, .aspx]}
  known: {cs-uri-stem: /EWS/Exchange.asmx}
  condition: pages and not known
"""


def test_a_sweep_spares_lines_whose_literals_stand_in_values_that_every_rule_refuses(load: Load) -> None:
    made = Engine(load(PAGES).running, FORMATS)
    ordinary = b"2021-03-01 10:00:00 POST /EWS/Exchange.asmx - 200\n" * 500
    odd = b"2021-03-01 10:00:00 POST /EWS/Exchange.asmxx/x.asmx - 200\n"
    assert swept_lines(made, W3C.id, ordinary + odd) == [500]
    assert swept_lines(made, W3C.id, odd + ordinary) == [0]


def test_a_sweep_spares_nothing_of_which_one_rule_says_nothing(load: Load) -> None:
    everywhere = "detection:\n  keywords: ['exchange.asmx']\n  condition: keywords\n"
    made = Engine([*load(PAGES).running, *load(everywhere).running], FORMATS)
    ordinary = b"2021-03-01 10:00:00 POST /EWS/Exchange.asmx - 200\n" * 500
    assert swept_lines(made, W3C.id, ordinary) == list(range(500))
