"""Log of Exchange's setup program: runs, the build from then on, and the day on which Exchange came."""

import pytest

from exsweep.parse.traces import reader_of

TITLE = "[{at}] [0] Starting Microsoft Exchange Server 2019 Setup\n[{at}] [0] Setup version: {version}.\n"
ROLE = "[{at}] [0]      Mailbox role: Mailbox service\n"
DONE = "[{at}] [0] The Exchange Server setup operation completed successfully.\n"
MODE = "[{at}] [0] The installation mode is set to: '{mode}'.\n"


def run(at: str, mode: str, version: str = "15.2.1118.7", more: str = "", end: str = DONE) -> str:
    return (TITLE + more + MODE + ROLE + end).format(at=f"{at} 08:11:12.0123", mode=mode, version=version)


def read(text: str):
    reader = reader_of(text.encode(), "ExchangeSetup.log")
    assert reader is not None
    rows = [batch.table.to_pylist() for batch in reader.feed(text.encode(), last=True)]
    return reader.tally, [row for some in rows for row in some]


def test_runs_and_builds_are_told_whatever_marks_the_dates_have():
    tally, rows = read(
        run("11.14.2022", "Install") + run("05/20/2023", "BuildToBuildUpgrade", "15.2.1258.12")
    )
    assert [(row["TimeStamp"], row["Mode"], row["Outcome"]) for row in rows] == [
        (b"2022-11-14T08:11:12Z", b"Install", b"success"),
        (b"2023-05-20T08:11:12Z", b"BuildToBuildUpgrade", b"success"),
    ]
    assert [(one.build, f"{one.first:%Y-%m-%d}") for one in tally.builds()] == [
        ("15.2.1118.7", "2022-11-14"),
        ("15.2.1258.12", "2023-05-20"),
    ]
    assert tally.facts["exchange.installed"] == "2022-11-14"


FAILED = "[{at}] [0] The Exchange Server setup operation didn't complete.\n"
THERE = "[{at}] [0] The local server has some Exchange files installed.\n"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        (run("11/14/2022", "BuildToBuildUpgrade"), None),
        (run("11/14/2022", "DisasterRecovery"), None),
        (run("11/14/2022", "Install", more=THERE), None),
        (run("11/14/2022", "Install", more="[{at}] [0] Command Line Parameter Name='preparead', Value=''.\n"), None),
        (run("11/14/2022", "Install", end=FAILED), None),
        (run("11/14/2022", "Install", end=FAILED) + run("11/15/2022", "Install", more=THERE), "2022-11-14"),
    ],
)  # fmt: skip
def test_the_day_on_which_exchange_came_is_told_only_where_the_log_shows_it(text: str, day: str | None):
    assert read(text)[0].facts.get("exchange.installed") == day


def test_a_run_that_failed_tells_no_build():
    assert read(run("11/14/2022", "BuildToBuildUpgrade", end=FAILED))[0].builds() == ()
