"""The store: everything once, nothing lost, nobody mistaken for somebody else; the same on both databases."""

import json
import time
from pathlib import Path

import msgspec
import pytest

from exsweep.errors import StoreError, UsageError
from exsweep.fleet import audit, clusters, intake, notify, people, queue, recheck, sectors
from exsweep.fleet.clock import DAY
from exsweep.fleet.dialect import Sqlite
from exsweep.fleet.show import show
from exsweep.fleet.sources import Refused, read
from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored
from exsweep.knowledge.fleet import links
from exsweep.model import Coverage, Gap, Level, Phrase, Said, Stage, encode
from exsweep.model.files import Capability
from tests.fleet.build import NOW, assessed, at, finding, page
from tests.fleet.conftest import Add

USE = finding("USE", Stage.WEBSHELL_USE, "03-08 20:00", url_path="/aspnet_client/a.aspx")


def test_the_same_assessment_is_kept_once_whenever_it_was_made(fleet: Fleet, add: Add) -> None:
    one = assessed(Level.IN_USE, USE)
    again = assessed(Level.IN_USE, USE, started=at("03-10 00:00"))
    assert add(one).assessments == 1
    done = add(again, one)
    assert (done.assessments, done.again) == (0, 2)
    assert fleet.database.number("SELECT COUNT(*) FROM finding") == 1


def test_what_was_kept_is_given_back_whole(fleet: Fleet, add: Add) -> None:
    one = assessed(Level.IN_USE, finding("USE", Stage.WEBSHELL_USE, url_path="/\x00\x1b[31m<b>/x.aspx"))
    add(one)
    assert fleet.assessment(1) == one


def test_text_that_postgresql_refuses_is_cleaned_at_the_border(fleet: Fleet, add: Add) -> None:
    add(assessed(Level.NO_SIGNS, name="MAIL\x00\x1b]0;x\x07"))
    (row,) = queue.queue(fleet, NOW)
    assert row.name == "MAIL\\0\x1b]0;x\x07"
    assert stored("\ud800") == "?"


def test_weaker_evidence_that_comes_later_takes_nothing_back_but_cleaning_does(
    fleet: Fleet, add: Add
) -> None:
    add(assessed(Level.IN_USE, USE))
    add(assessed(Level.NO_SIGNS, end=at("03-20 00:00"), cves=()), now=NOW + DAY)
    assert queue.queue(fleet, NOW)[0].tier == "T0"
    people.cleaned(fleet, 1, at=NOW + DAY // 2, now=NOW + DAY)
    assert queue.queue(fleet, NOW)[0].tier == "T6"


def test_a_scan_adds_what_it_saw_and_takes_nothing_back(fleet: Fleet, add: Add) -> None:
    outside = Coverage(gaps=(Gap(kind="outside", reason="r", effect="e", limits_verdict=True),))
    quiet = msgspec.structs.replace(assessed(Level.CANNOT_TELL, cves=["CVE-2021-26855"]), coverage=outside)
    shell = msgspec.structs.replace(
        assessed(Level.BROKEN_INTO, finding("SCAN-PAGE-SEEN", Stage.WEBSHELL), end=at("03-12 00:00")),
        coverage=outside,
    )
    add(quiet)
    assert queue.queue(fleet, NOW)[0].tier == "T4"
    add(assessed(Level.NO_SIGNS, cves=()))
    assert queue.queue(fleet, NOW)[0].tier == "T6"
    add(shell, now=NOW + DAY)
    assert queue.queue(fleet, NOW)[0].tier == "T1"
    people.cleaned(fleet, 1, at=NOW + DAY, now=NOW + DAY)
    assert queue.queue(fleet, NOW)[0].tier == "T6"


def test_new_rules_on_the_same_evidence_replace_the_old_judgement(fleet: Fleet, add: Add) -> None:
    add(assessed(Level.BROKEN_INTO, USE, manifest="aa" * 32))
    add(assessed(Level.NO_SIGNS, cves=(), manifest="aa" * 32, knowledge="k2"), now=NOW + 1)
    (row,) = queue.queue(fleet, NOW)
    assert row.tier == "T6"
    assert fleet.database.one("SELECT broken_to FROM server") == (None,)


def test_a_whole_name_joins_and_a_short_one_asks(fleet: Fleet, add: Add) -> None:
    add(assessed(name="mail.example.org"), assessed(name="mail.example.org", end=at("03-20 00:00")))
    assert queue.numbers(fleet).total == 1
    add(assessed(name="EX01"), assessed(name="EX01", end=at("03-20 00:00")))
    assert queue.numbers(fleet).total == 3
    (question,) = people.questions(fleet)
    people.answer(fleet, question.number, same=True, now=NOW)
    assert queue.numbers(fleet).total == 2 and not people.questions(fleet)
    assert fleet.database.number("SELECT COUNT(*) FROM assessment") == 4


def test_the_same_logs_join_under_one_name_and_ask_under_two(fleet: Fleet, add: Add) -> None:
    logs = ["a.log", "b.log", "c.log"]
    add(assessed(name=None, logs=logs), assessed(name="EX01", logs=[*logs[1:], "d.log"]))
    assert queue.numbers(fleet).total == 1
    add(assessed(name="CLONE", logs=logs))
    assert queue.numbers(fleet).total == 2
    assert "names differ" in people.questions(fleet)[0].reason


def test_another_tenants_evidence_never_answers_for_a_server(fleet: Fleet, add: Add) -> None:
    one = assessed(Level.IN_USE, USE)
    add(one, tenant="a")
    done = add(one, assessed(Level.NO_SIGNS, logs=["x.log", "y.log"]), tenant="b")
    assert (done.assessments, done.servers) == (2, 1)
    assert queue.queue(fleet, NOW, tenant="a")[0].tier == "T0"


def test_the_queue_is_ordered_by_tier_then_points_and_waiting_adds_up(fleet: Fleet, add: Add) -> None:
    add(assessed(Level.SUSPICIOUS, name="a.example.org"), now=NOW - 30 * DAY)
    add(assessed(Level.SUSPICIOUS, name="b.example.org"), assessed(Level.IN_USE, USE, name="c.example.org"))
    rows = queue.queue(fleet, NOW)
    assert [row.name for row in rows] == ["c.example.org", "a.example.org", "b.example.org"]
    assert rows[1].points == pytest.approx(rows[2].points + 30, abs=0.02)


def test_a_pin_has_a_name_a_reason_and_an_end(fleet: Fleet, add: Add) -> None:
    add(assessed(Level.IN_USE, USE, name="a.example.org"), assessed(name="b.example.org", cves=()))
    with pytest.raises(UsageError):
        queue.pin(fleet, 2, who=" ", reason="x", hours=1, now=NOW)
    with pytest.raises(UsageError):
        queue.pin(fleet, 2, who="Ada", reason="x", hours=49, now=NOW)
    queue.pin(fleet, 2, who="Ada", reason="a hospital", hours=48, now=NOW)
    first = queue.queue(fleet, NOW + 1)[0]
    assert first.pinned and first.name == "b.example.org" and "Ada: a hospital" in first.why
    assert not queue.queue(fleet, NOW + 2 * DAY)[0].pinned


def test_the_audit_log_only_grows_and_shows_a_changed_row(fleet: Fleet, add: Add) -> None:
    add(assessed())
    assert audit.broken_at(fleet.database) is None
    for statement in ("UPDATE audit SET who = 'x'", "DELETE FROM audit"):
        with pytest.raises(StoreError, match="only grows"):
            fleet.database.run(statement)
    if isinstance(fleet.database, Sqlite):
        fleet.database.run("DROP TRIGGER audit_no_update")
        fleet.database.run("UPDATE audit SET who = 'x' WHERE seq = 2")
        assert audit.broken_at(fleet.database) == 2


def test_numbers_add_up_and_small_cells_are_hidden_where_others_look(fleet: Fleet, add: Add) -> None:
    add(*(assessed(name=f"m{at}.mit.edu", cves=()) for at in range(6)))
    add(assessed(Level.IN_USE, USE, name="x.police.uk"))
    numbers = queue.numbers(fleet)
    assert numbers.total == 7 == numbers.in_use + numbers.no_signs
    assert {each.name: each.servers for each in sectors.groups(fleet)} == {"university": 6, "police": 1}
    assert all(each.servers is None for each in sectors.groups(fleet, shared=True))


def test_a_letter_never_goes_to_the_server_it_is_about(fleet: Fleet, add: Add) -> None:
    add(assessed(Level.IN_USE, USE))
    sender = notify.Sender(name="Ada", who="CERT", phone="1", page="cert.example.net")
    mail = people.Contact(name="Bo", channel=people.Channel.EMAIL, address="bo@example.org")
    people.add_contact(fleet, 1, mail, now=NOW)
    with pytest.raises(UsageError, match="server itself"):
        notify.draft(fleet, 1, sender, now=NOW)
    people.add_contact(
        fleet, 1, people.Contact(name="Bo", channel=people.Channel.PHONE, address="2"), now=NOW
    )
    letter = notify.draft(fleet, 1, sender, now=NOW)
    assert letter.channels == ("phone: Bo, 2",) and "{" not in letter.plain + letter.technical
    with pytest.raises(UsageError):
        notify.move(fleet, letter.number, notify.State.ANSWERED, now=NOW)
    before = show(fleet, 1).score.helpless
    notify.move(fleet, letter.number, notify.State.SENT, now=NOW)
    assert show(fleet, 1).score.helpless > before


def test_a_letter_in_spanish_is_spanish_from_the_keys_of_the_verdict(fleet: Fleet, add: Add) -> None:
    kept = assessed(Level.IN_USE, USE)
    said = Said(headline=Phrase(key="verdict.in_use.headline"), do_now=Phrase(key="verdict.in_use.do"))
    add(msgspec.structs.replace(kept, verdict=msgspec.structs.replace(kept.verdict, said=said)))
    sender = notify.Sender(name="Ada", who="CERT", phone="1", page="cert.example.net")
    letter = notify.draft(fleet, 1, sender, now=NOW, language="es")
    assert letter.subject.startswith("Sobre su servidor de correo")
    assert "Hay intrusos que usan su servidor de correo." in letter.plain
    assert "1. Desconecte el cable de red" in letter.plain
    assert "Para su técnico" in letter.technical
    assert "{" not in letter.plain + letter.technical


def test_no_letter_is_half_in_spanish(fleet: Fleet, add: Add) -> None:
    add(assessed(Level.IN_USE, USE))
    sender = notify.Sender(name="Ada", who="CERT", phone="1", page="cert.example.net")
    with pytest.raises(UsageError, match="English only"):
        notify.draft(fleet, 1, sender, now=NOW, language="es")


def test_rechecks_are_due_weekly_until_records_go_on_so_far(fleet: Fleet, add: Add) -> None:
    add(assessed(Level.IN_USE, USE))
    people.cleaned(fleet, 1, at=NOW, now=NOW)
    assert [each.week for each in recheck.due(fleet, NOW + 15 * DAY)] == [1, 2]
    add(assessed(Level.NO_SIGNS, end=at("03-19 12:00"), cves=()), now=NOW + 15 * DAY)
    assert [each.week for each in recheck.due(fleet, NOW + 15 * DAY)] == [2]


def test_servers_with_the_same_back_door_are_one_cluster_and_it_says_why(fleet: Fleet, add: Add) -> None:
    add(
        *(
            assessed(Level.IN_USE, USE, name=f"{at}.example.org", pages=[page("/a.aspx", "ef" * 32)])
            for at in range(3)
        ),
        assessed(
            Level.IN_USE, USE, name="else.example.org", pages=[page("/b.aspx", "00" * 32)], addresses=()
        ),
    )
    assert clusters.compute(fleet, NOW) == 1
    (found,) = clusters.clusters(fleet)
    assert found.servers == 3 and found.reasons[0].kind == "shell_sha256"
    assert {each.kind for each in clusters.why(fleet, 1, 2)} >= {"shell_sha256", "shell_path", "address"}


def test_a_back_door_with_other_words_and_names_ties_servers_and_a_one_liner_does_not(
    fleet: Fleet, add: Add
) -> None:
    for number, shape in enumerate(("90-aa", "90-aa", "12-bb", "12-bb")):
        pages = [page(f"/{number}.aspx", f"{number:064x}", shape)]
        add(assessed(Level.IN_USE, USE, name=f"{number}.example.org", pages=pages, addresses=()))
    assert clusters.compute(fleet, NOW) == 1
    (found,) = clusters.clusters(fleet)
    assert found.servers == 2 and found.reasons[0].kind == "shell_shape"
    assert "shell_shape" not in {each.kind for each in clusters.why(fleet, 3, 4)}


def test_every_kind_of_link_is_made_by_some_evidence_and_has_words(fleet: Fleet, add: Add) -> None:
    """Point 3 of the fleet: file, shape, secret, path, address, order of requests, text, task, wave."""
    reads = Capability(id="run-code", title="Runs code", from_request=True, inputs=("a secret",))
    door = msgspec.structs.replace(page("/a.aspx", "ef" * 32, "90-aa"), capabilities=(reads,))
    drop = finding("OAB", Stage.DROP, "03-03 04:11", ExternalUrl="http://f/<script runat>x</script>")
    task = finding("TASK", Stage.PERSISTENCE, "03-03 04:20", attack=("T1053.005",), TaskName="upd8")
    for number in range(3):
        add(
            assessed(
                Level.IN_USE, USE, drop, task, name=f"{number}.example.org", pages=[door], shells=["/a.aspx"],
                agents=["agent/1"],
            )
        )  # fmt: skip
    clusters.compute(fleet, NOW)
    found = {each.kind: each for each in clusters.why(fleet, 1, 2)}
    assert set(found) == set(links().kinds)
    assert all(each.title and each.weight > 0 for each in found.values())
    assert "a secret" not in found["secret"].value


def test_a_store_of_a_newer_program_is_refused_and_not_changed(tmp_path: Path) -> None:
    Fleet.open(tmp_path / "f.db", who="t").database.run("INSERT INTO schema_version VALUES (99)")
    with pytest.raises(StoreError, match="version 99"):
        Fleet.open(tmp_path / "f.db", who="t")


def test_files_that_are_no_assessments_are_counted_and_said(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_bytes(encode(assessed()))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "assessment.json").write_bytes(encode(assessed(name="c.example.org")))
    (tmp_path / "d.json").write_text("[" * 100_000)
    (tmp_path / "s.jsonl").write_text(json.dumps({"schema": "exsweep.scan/1"}) + "\n")
    found = list(read((tmp_path,)))
    assert sum(isinstance(each, Refused) for each in found) == 3
    assert len(found) == 5


def test_a_killed_run_is_whole_up_to_its_last_batch(fleet: Fleet) -> None:
    def dies():  # type: ignore[no-untyped-def]  # a source that breaks off
        for number in range(250):
            yield "here", assessed(name=f"{number}.example.org")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        intake.add(fleet, dies(), now=int(time.time()))
    assert queue.numbers(fleet).total == 200
    assert audit.broken_at(fleet.database) is None
