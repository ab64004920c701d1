"""What was touched is told with how often, when, and in which folders."""

from exsweep.model import Hit, ImpactState
from tests.judge.build import at, hit, judged, log

LOGS = [
    log("iis_w3c", "02-20 00:00:00", "03-08 23:00:00"),
    log("rps_cmdlet", "02-20 00:00:00", "03-08 23:00:00"),
]


def _export(time: str, mailbox: str, more: str = "") -> Hit:
    return hit(
        "EXPORT", time, kind="rps_cmdlet", excerpt=f'New-MailboxExportRequest -Mailbox "{mailbox}"{more}'
    )


def test_mailboxes_are_told_with_records_times_and_folders() -> None:
    found = judged(
        [
            _export("03-01 02:00:00", "ceo@example.test", ' -IncludeFolders "#Inbox#"'),
            _export("03-02 02:00:00", "ceo@example.test", ' -IncludeFolders "#SentItems#"'),
            _export("03-03 02:00:00", "pay@example.test"),
        ],
        LOGS,
    ).impact.mailboxes
    assert found.state is ImpactState.SEEN
    assert found.items == ("ceo@example.test", "pay@example.test")
    ceo, pay = found.touched
    assert (ceo.count, ceo.first, ceo.last) == (2, at("03-01 02:00:00"), at("03-02 02:00:00"))
    assert ceo.folders == ("#Inbox#", "#SentItems#")
    assert (pay.count, pay.folders) == (1, ())


def test_what_is_only_possible_says_what_was_checked() -> None:
    found = judged(
        [_export("03-01 02:00:00", "ceo@example.test")],
        [*LOGS, log("windows_event", "02-20 00:00:00", "03-08 23:00:00")],
    )
    assert found.impact.hosts.state is ImpactState.POSSIBLE
    assert "We checked: " in found.impact.hosts.text


def test_bytes_of_files_that_were_fetched_are_told_apart_from_answers_of_the_back_door() -> None:
    size = {"http.response.bytes": "5000"}
    found = judged(
        [
            hit("USE", "03-01 02:00:00", path="/aspnet_client/a.aspx", method="POST", **size),
            hit("FETCHED", "03-01 02:05:00", path="/aspnet_client/b.zip", method="GET", **size),
            hit("FETCHED", "03-01 02:06:00", path="/aspnet_client/c.zip", method="GET", **size),
        ],
        LOGS,
    ).impact.files
    assert "sent at least 5000 bytes" in found.text
    assert "fetched from web folders are at least 10000 bytes" in found.text
