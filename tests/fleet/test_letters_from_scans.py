"""From the result of a scan to a draft that somebody can send: said in words from outside, and never only to the server itself."""

import email
import email.policy
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from exsweep.cli import run
from exsweep.errors import ExitCode
from exsweep.fleet import drafts, notify
from exsweep.fleet.store import Fleet
from exsweep.knowledge.builds import newest
from exsweep.model import decode, encode
from exsweep.scan import Identity, Kind, Proof, ScanResult, Sight, assessment, line
from exsweep.scan.opinion import opinion
from exsweep.scan.security_txt import SecurityTxt
from exsweep.scan.webshells import PageSeen

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PAGE = PageSeen(
    path="/aspnet_client/supp0rt.aspx",
    sight=Sight.SEEN,
    why="it ran",
    proof=Proof.STRONG,
    status=200,
    sha256="ab" * 32,
)
NEWEST = newest("Exchange Server SE")
SIGNED = [
    "--signed",
    "Ada",
    "--office",
    "CERT Example",
    "--phone",
    "+1 555 0100",
    "--page",
    "https://cert.example.net",
]
FROM_INSIDE = ("broke in", "broken into", "intruders are using", "no signs", "safe", "clean")


def seen(name: str, build: str | None, *, when: datetime = NOW, **more: object) -> ScanResult:
    identity = Identity(kind=Kind.EXACT if build else Kind.HIDDEN, why=("seen",), build=build)
    one = ScanResult(
        target=f"{name}:443",
        name=name,
        time=when,
        identity=identity,
        opinion=opinion(identity, when.date()),
        scope="Order 1",
    )
    return msgspec.structs.replace(one, **more)


OPEN = seen(
    "mail.example.at",
    "15.1.2106.2",
    security_txt=SecurityTxt(mails=("soc@partner.example", "it@example.at")),
    webshells=(PAGE,),
)
RESULTS = (
    OPEN,
    seen("mail.only-own.com", "15.1.2106.2", security_txt=SecurityTxt(mails=("it@only-own.com",))),
    seen("mail.example.edu", "15.2.1748.26"),
    seen("mail.example.org", NEWEST.build if NEWEST else None),
    seen("hidden.example.org", None),
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EXSWEEP_FLEET", str(tmp_path / "fleet.db"))
    results = tmp_path / "results.jsonl"
    results.write_bytes(b"".join(map(line, RESULTS)))
    assert run(["fleet", "add", str(results)]) == ExitCode.OK
    return tmp_path


def test_an_assessment_from_outside_is_read_back_the_same_with_its_contacts_and_keys_of_its_words() -> None:
    one = assessment(OPEN)
    assert decode(encode(one)) == one
    assert [(each.by, each.to) for each in one.server.contacts][:2] == [
        ("email", "soc@partner.example"),
        ("email", "it@example.at"),
    ]
    assert one.verdict.said is not None
    assert one.verdict.said.headline.key == "from_outside.shell_strong"
    for result in RESULTS:
        words = assessment(result).verdict
        assert words.headline.startswith("From outside")
        assert not any(
            said in " ".join((words.headline, *words.text, *words.do_now)).lower() for said in FROM_INSIDE
        )


def test_all_letters_are_drafted_and_whoever_has_only_own_mailboxes_is_named_and_gets_none(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = store / "drafts"
    code = run(["fleet", "notify", "--all", *SIGNED, "--out", str(out), "--from", "cert@cert.example.net"])
    said = capsys.readouterr()
    assert code == ExitCode.CANNOT_TELL
    assert "2 letters drafted" in said.out
    assert "Nothing was sent" in said.out
    assert "mail.only-own.com: Only mailboxes that may lie on the server itself" in said.err
    assert sorted(each.name for each in out.iterdir()) == [
        "letter-1-mail.example.at.eml", "letter-1-mail.example.at.txt", "letter-2-mail.example.edu.txt",
    ]  # fmt: skip
    mail = email.message_from_bytes(
        (out / "letter-1-mail.example.at.eml").read_bytes(), policy=email.policy.default
    )
    assert (mail["To"], mail["From"], mail["X-Unsent"]) == (
        "soc@partner.example",
        "cert@cert.example.net",
        "1",
    )
    body = mail.get_content().replace("\r\n", "\n")
    for part in (
        "supp0rt.aspx (status 200, SHA-256 abab",
        "How to check that this letter is real",
        "CVE-2021-26855",
        "20 November 2026, 12:00 UTC",
        "Ada, CERT Example",
        "no\nattack and no password",
        "exsweep triage",
        "https://cert.at/",
        "TLP:AMBER",
    ):
        assert part in body, part
    assert "it@example.at" not in mail.as_string()
    assert not list(mail.iter_attachments())
    assert "phone: look up the number" in (out / "letter-2-mail.example.edu.txt").read_text()
    assert run(["fleet", "notify", "--all", *SIGNED, "--out", str(out)]) == ExitCode.CANNOT_TELL
    assert "0 letters drafted" in capsys.readouterr().out, "nobody is written to twice by --all"


def test_a_letter_about_a_scan_is_whole_in_spanish(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(
            [
                "fleet",
                "notify",
                "mail.example.at",
                *SIGNED,
                "--language",
                "es",
                "--out",
                str(store),
                "--from",
                "a@cert.example",
            ]
        )
        == 0
    )
    mail = email.message_from_bytes(
        (store / "letter-1-mail.example.at.eml").read_bytes(), policy=email.policy.default
    )
    assert mail["Content-Language"] == "es"
    body = mail.get_content().replace("\r\n", "\n")
    assert "Desde fuera vimos en su servidor una página" in body
    assert "20 de noviembre de 2026" in body
    for english in ("From outside", "Collect the records", "For your IT person", "and 115 more", "none"):
        assert english not in body


def test_states_follow_and_a_later_scan_that_sees_the_newest_build_says_so(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fleet", "notify", "mail.example.edu", *SIGNED]) == ExitCode.OK
    assert run(["fleet", "letter", "1", "answered"]) == ExitCode.USAGE
    for state in ("sent", "bounced", "sent", "answered"):
        assert run(["fleet", "letter", "1", state]) == ExitCode.OK
    assert NEWEST is not None
    later = store / "later.jsonl"
    later.write_bytes(line(seen("mail.example.edu", NEWEST.build, when=NOW + timedelta(days=7))))
    capsys.readouterr()
    with Fleet.open(str(store / "fleet.db"), who="test") as fleet:
        fleet.database.run("UPDATE notice SET drafted = drafted - 10")
        assert [each.up_to_date for each in notify.letters(fleet)] == [False]
    assert run(["fleet", "add", str(later)]) == ExitCode.OK
    assert run(["fleet", "letters"]) == ExitCode.OK
    assert "looks up to date since: ask, then note fixed" in capsys.readouterr().out
    assert run(["fleet", "letter", "1", "fixed"]) == ExitCode.OK


@pytest.mark.parametrize(
    "arguments", [[], ["mail.example.at", "--all"], ["mail.example.at", "--from", "a@b.example"]]
)
def test_whom_to_write_to_must_be_said_clearly(store: Path, arguments: list[str]) -> None:
    assert run(["fleet", "notify", *arguments, *SIGNED]) == ExitCode.USAGE


def test_evidence_in_a_draft_is_text_and_never_a_header(store: Path) -> None:
    letter = notify.Letter(
        number=1, server="srv_1", name="../mail\r\nBcc: x@y.example", subject="About", plain="p", technical="t", channels=(),
        to=("soc@partner.example", "x@y.example\r\nBcc: z@y.example"),
    )  # fmt: skip
    (text, _), (name, data) = drafts.files_of(letter, "cert@cert.example.net")
    assert "/" not in name and "\n" not in name and not text.startswith(".")
    mail = email.message_from_bytes(data, policy=email.policy.default)
    assert mail["Bcc"] is None
    assert mail["To"] == "soc@partner.example"
