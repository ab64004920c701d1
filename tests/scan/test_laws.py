"""Laws of a scan: over all plans and all answers it stays polite, plain and within what was allowed."""

import ast
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import exsweep
from exsweep.knowledge.scanning import checks, webshells
from exsweep.scan import Target, Wishes, read_scope
from exsweep.scan.addresses import TargetError, address, host_name
from exsweep.scan.asks import SHELL, SHELL_CANARY, Ask, UnlawfulAsk, as_bytes, lawful, of_check
from exsweep.scan.heard import Heard
from exsweep.scan.plan import next_ask
from exsweep.scan.results import line, read_line, result
from exsweep.scan.visit import host_of
from exsweep.scan.webshells import pages
from tests.scan.conftest import NOW, scope_for
from tests.scan.strategies import ANSWERS, LINES, heard

TARGETS = st.sampled_from(
    [
        Target(address="127.77.0.10"),
        Target(address="2001:db8::1", port=8443),
        Target(name="mail.example.test", address="127.77.0.10"),
        Target(name="mail.example.test"),
    ]
)
WISHES = st.builds(Wishes, manifest=st.booleans(), webshells=st.booleans(), seed=st.integers(0, 9))


@st.composite
def visits(draw: st.DrawFn) -> tuple[Target, Wishes, list[Heard]]:
    """A visit to its end; after some free answers the last ones repeat, so that long visits are tried too."""
    target, wishes = draw(TARGETS), draw(WISHES)
    answers = draw(st.lists(st.tuples(ANSWERS, LINES), min_size=1, max_size=12))
    said: list[Heard] = []
    while step := next_ask(target, said, wishes):
        said.append(heard(step.ask, *answers[min(len(said), len(answers) - 1)]))
        assert len(said) < 500, "a visit without end"
    return target, wishes, said


@settings(max_examples=80)
@given(visits())
def test_no_request_ever_has_a_body_a_parameter_or_a_credential(
    visit: tuple[Target, Wishes, list[Heard]],
) -> None:
    target, _, said = visit
    for each in said:
        sent = as_bytes(each.ask, host_of(target, each.ask), scope_for(443)).decode()
        head, _, body = sent.partition("\r\n\r\n")
        first, *fields = head.split("\r\n")
        assert body == ""
        assert re.fullmatch(r"GET /[A-Za-z0-9._/-]* HTTP/1\.1", first)
        assert [field.partition(":")[0] for field in fields] == [
            "Host", "User-Agent", "X-Scan-Contact", "Accept", "Accept-Encoding", "Connection",
        ]  # fmt: skip


@settings(max_examples=80)
@given(visits())
def test_only_paths_of_the_closed_table_are_asked_for_and_each_host_only_so_often(
    visit: tuple[Target, Wishes, list[Heard]],
) -> None:
    _, wishes, said = visit
    limits = checks().limits
    plain = [each.ask for each in said if each.ask.check not in (SHELL, SHELL_CANARY)]
    assert len(plain) <= limits.requests_per_host + limits.pool_requests + limits.opt_in_requests
    assert all(checks().check(ask.check).opt_in is None or wishes.manifest for ask in plain)
    if not wishes.webshells:
        assert len(plain) == len(said)
    for each in said:
        lawful(each.ask)


@settings(max_examples=80)
@given(visits())
def test_a_suspected_shell_is_asked_for_once_and_only_after_its_canaries(
    visit: tuple[Target, Wishes, list[Heard]],
) -> None:
    _, _, said = visit
    shells = Counter(each.ask.path.lower() for each in said if each.ask.check == SHELL)
    assert all(count == 1 for count in shells.values())
    for at, each in enumerate(said):
        if each.ask.check == SHELL:
            folder = each.ask.path.lower().rpartition("/")[0]
            before = [
                one for one in said[:at]
                if one.ask.check == SHELL_CANARY and one.ask.path.lower().rpartition("/")[0] == folder
            ]  # fmt: skip
            assert len(before) >= webshells().canaries
    folders = {path.lower().rpartition("/")[0] for path in pages()}
    canaries = [each for each in said if each.ask.check == SHELL_CANARY]
    assert len(canaries) <= len(folders) * len(webshells().extensions) * webshells().canaries


@settings(max_examples=80)
@given(visits())
def test_h59_no_answer_moves_the_scan_to_another_host(visit: tuple[Target, Wishes, list[Heard]]) -> None:
    """A request has no address. Another name comes only from a certificate, once, and only for a bare address."""
    target, _, said = visit
    names = {each.ask.server_name for each in said if each.ask.server_name}
    assert len(names) <= 1
    if target.name is not None:
        assert not names
    for name in names:
        assert host_name(name) == name


@settings(max_examples=80)
@given(visits())
def test_after_silence_or_a_wish_to_be_left_alone_nothing_more_is_asked(
    visit: tuple[Target, Wishes, list[Heard]],
) -> None:
    _, _, said = visit
    for each in said[:-1]:
        assert each.reply is not None
        assert each.reply.status not in (429, 503)


@settings(max_examples=80)
@given(visits())
def test_every_visit_gives_a_result_that_can_be_written_and_read_again(
    visit: tuple[Target, Wishes, list[Heard]],
) -> None:
    target, _, said = visit
    one = result(target, said, time=NOW)
    written = line(one)
    assert read_line(written) == one
    assert written.count(b"\n") == 1


@given(
    path=st.one_of(
        st.text(max_size=60),
        st.sampled_from(["/owa/?a=1", "/ecp/x.js", "/owa/auth/logon.aspx/", "//x", "/../x"]),
    ),
    check=st.sampled_from(["owa", "control", SHELL, SHELL_CANARY]),
    method=st.sampled_from(["GET", "POST", "PUT", "OPTIONS"]),
)
def test_a_request_outside_the_table_is_stopped_before_it_is_sent(path: str, check: str, method: str) -> None:
    ask = Ask(check=check, path=path, body_bytes=1, method=method)
    allowed = method == "GET" and ((check == "owa" and path == "/owa/") or path in pages())
    if allowed:
        return
    with pytest.raises(UnlawfulAsk):
        as_bytes(ask, "mail.example.org", scope_for(443))


@pytest.mark.parametrize("host", ["a\r\nX: y", "a b", "", "a/b", "user@host"])
def test_a_host_that_is_none_never_gets_into_a_request(host: str) -> None:
    with pytest.raises(UnlawfulAsk):
        as_bytes(of_check("owa"), host, scope_for(443))


@given(st.ip_addresses(v=4), st.ip_addresses(v=6))
def test_nothing_outside_the_scope_is_allowed(four: object, six: object) -> None:
    scope = scope_for(443)
    for one in (address(str(four)), address(str(six))):
        inside = str(one).startswith("127.77.") or str(one) == "::1"
        assert (scope.refuses(None, one, from_dns=False) is None) == inside


SCOPE = """
who: Owner
from: 2020-01-01
until: 2030-01-01
contact: a@example.org
page: https://example.org/
targets: [mail.example.org, "*.example.net", 198.18.5.0/24, 8.0.0.0/8]
exclusions: [8.8.0.0/16, "*.secret.example.net"]
"""


@pytest.mark.parametrize(
    ("name", "where", "from_dns", "allowed"),
    [
        ("mail.example.org", "8.1.1.1", True, True),
        ("mail.example.org", "9.1.1.1", True, True),
        ("mail.example.org", "9.1.1.1", False, False),  # a list cannot vouch for an address
        ("mail.example.org", "127.0.0.1", True, False),  # rebinding into this computer
        ("mail.example.org", "169.254.169.254", True, False),
        ("mail.example.org", "10.1.2.3", True, False),
        ("mail.example.org", "8.8.8.8", True, False),  # excluded wins
        ("a.secret.example.net", "8.1.1.1", True, False),
        ("other.example.com", "9.1.1.1", True, False),
        (None, "198.18.5.9", False, True),  # reserved, but listed by itself
        (None, "198.18.6.9", False, False),
        (None, "8.8.4.4", False, False),
        ("mail.example.org", "64:ff9b::7f00:1", True, False),
        ("mail.example.org", "2002:7f00:1::", True, False),
        ("mail.example.org", "::ffff:127.0.0.1", True, False),
    ],
)
def test_exclusions_win_and_reserved_addresses_must_be_listed(
    name: str | None, where: str, from_dns: bool, allowed: bool
) -> None:
    scope = read_scope(SCOPE, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert (scope.refuses(name, address(where), from_dns=from_dns) is None) is allowed


def test_a_name_outside_the_scope_is_not_even_resolved() -> None:
    scope = read_scope(SCOPE, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert scope.refuses_name("other.example.com")
    assert scope.refuses_name("deep.secret.example.net")
    assert scope.refuses_name("deep.other.example.net") is None
    assert scope.refuses_name("example.net")  # the wild card does not hold the name itself


NETWORK_MODULES = {
    "socket",
    "ssl",
    "asyncio",
    "http",
    "urllib.request",
    "socketserver",
    "selectors",
    "smtplib",
    "ftplib",
}
MAY = {
    "scan/transport.py": {"socket", "ssl", "asyncio"},
    # Waiting only: tasks, turns and the clock of the event loop.
    "scan/run.py": {"asyncio"},
    "scan/turns.py": {"asyncio"},
    # The sign-in of an organisation and notices: hosts that the operator named, never one from evidence.
    "web/outside.py": {"socket", "ssl", "http"},
    # The web app waits for its browsers with the event loop; it opens no connection of its own.
    "web/application.py": {"asyncio"},
    # Tries whether its own address is free before it says that it can be reached there.
    "cli/serve.py": {"socket"},
    "web/form_sending.py": {"asyncio"},
    # Whether a file of certificates that the operator named can be read; nothing is connected.
    "web/settings_file.py": {"ssl"},
}


def test_no_other_module_can_reach_the_network() -> None:
    root = Path(exsweep.__file__).parent
    for file in sorted(root.rglob("*.py")):
        name = file.relative_to(root).as_posix()
        used = _imports(ast.parse(file.read_text(encoding="utf-8"))) & NETWORK_MODULES
        assert used <= MAY.get(name, set()), f"{name} imports {used}"


def _imports(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} | {
                alias.name.partition(".")[0] for alias in node.names
            }
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {node.module, node.module.partition(".")[0]}
    return found - {"urllib"}


def test_random_text_as_a_target_is_refused_or_is_exactly_a_name() -> None:
    for text in (
        "a@b",
        "http://x#@y",
        "0x7f.1",
        "2130706433",
        "127.1",
        "пример.рф",
        "a..b",
        "-a.b",
        "a b.c",
        "localhost",
        "1.2.3.4.5",
    ):
        with pytest.raises(TargetError):
            host_name(text)
