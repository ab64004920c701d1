"""Whose passwords to treat as known: accounts and places, not just "passwords"."""

from datetime import UTC, datetime

import msgspec

from exsweep.judge.sessions import sessions
from exsweep.model import ImpactState, SourceReport, SourceState
from tests.judge.build import at, hit, judged, log

DAYS = ("02-20 00:00:00", "03-08 23:00:00")


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _security(**accounts: tuple[int, str, str]) -> SourceReport:
    said = {
        f"session.{name.replace('__', chr(92))}": f"{count} {_ms(at(first))} {_ms(at(last))} 2,8"
        for name, (count, first, last) in accounts.items()
    }
    return msgspec.structs.replace(log("windows_event", *DAYS), facts=said)


LOGONS = _security(
    EXAMPLE__admin01=(4, "02-25 08:00:00", "03-01 07:00:00"),
    EXAMPLE__later=(9, "03-05 08:00:00", "03-06 08:00:00"),
)


def test_a_dump_names_the_accounts_that_had_a_session_until_then() -> None:
    found = judged([hit("DUMP", "03-01 02:00:00", kind="event_process")], [LOGONS]).impact.credentials
    assert found.state is ImpactState.SEEN
    assert "1 account had a session" in found.text
    place = found.items.index("EXAMPLE\\admin01")
    assert found.touched[place].count == 4
    assert found.touched[place].first == datetime(2021, 2, 25, 8, tzinfo=UTC)
    assert "EXAMPLE\\later" not in found.items


def test_a_dump_without_a_security_log_says_that_nobody_knows_whose() -> None:
    found = judged([hit("DUMP", "03-01 02:00:00", kind="event_process")], [log("windows_event", *DAYS)])
    assert "count with everyone" in found.impact.credentials.text


def test_a_copied_directory_means_all_accounts_of_the_domain() -> None:
    found = judged([hit("NTDS", "03-01 02:00:00", kind="event_process")], [LOGONS]).impact.credentials
    assert "every account of the domain" in found.text


def test_one_log_given_twice_counts_its_logons_once() -> None:
    twice = msgspec.structs.replace(LOGONS, path="copy.evtx", state=SourceState.DUPLICATE)
    assert [(one.account, one.logons.count) for one in sessions([LOGONS, twice])] == [
        ("EXAMPLE\\later", 9),
        ("EXAMPLE\\admin01", 4),
    ]
