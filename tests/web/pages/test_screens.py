"""Pages: what they say, that evidence is text on each of them, and that lists and numbers agree."""

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from starlette.testclient import TestClient

from exsweep.fleet import lists, people, queue
from exsweep.fleet.store import Fleet
from exsweep.model import Level
from exsweep.web.draw import qr
from exsweep.web.draw.times import both
from exsweep.web.pages.case import steps_of
from exsweep.web.service import Service
from exsweep.web.templating import FOLDER, environment
from tests.export.samples import SAMPLES
from tests.fleet.build import NOW, at
from tests.web.conftest import keep
from tests.web.pages.screens import addresses, servers

HOSTILE = '"><img src=x onerror="document.title=\'HIT\'"><script>alert(1)</script>'
MARK = re.compile(r"<(?:img|script(?! src=\"/static/)|svg onload)", re.I)


@pytest.fixture
def full(service: Service) -> Service:
    """A store with every sample, one whose every text is hostile, and one with a name that fights the page (H80)."""
    made = [sample() for sample in SAMPLES.values()]
    first = made[0]
    server = msgspec.structs.replace(first.server, name=f"h{HOSTILE}", organisation=HOSTILE)
    hostile = msgspec.structs.replace(first, server=server, manifest_sha256="1" * 64, custody=())
    names = msgspec.structs.replace(first.server, name="n" * 10_000 + "\u202e\n\u200b", organisation=None)
    long = msgspec.structs.replace(first, server=names, manifest_sha256="2" * 64, custody=())
    keep(service, *made, hostile, long)
    return service


class Tags(HTMLParser):
    """Tags and attributes of a page, as a browser takes them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def read(text: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(text)
    return parser.seen


def test_no_page_runs_links_or_styles_what_evidence_says(full: Service, client: TestClient) -> None:
    for address in addresses(full):
        answer = client.get(address, headers={"accept": "text/html"})
        assert answer.status_code == 200, (address, answer.text[-400:])
        if not answer.headers["content-type"].startswith("text/html") or "sandbox" in answer.headers.get(
            "content-security-policy", ""
        ):
            continue
        for tag, attributes in read(answer.text):
            assert tag not in ("img", "iframe", "object", "embed", "base"), address
            assert tag != "script" or attributes.get("src", "").startswith("/static/"), address  # type: ignore[union-attr]
            for name, value in attributes.items():
                assert not name.startswith("on") and name != "style", (address, name)
                if name in ("href", "src", "action"):
                    assert (value or "").startswith(("/", "#", "?")) and not (value or "").startswith("//"), (
                        address,
                        value,
                    )


def test_a_name_of_ten_thousand_characters_is_cut_and_its_id_stands_beside_it(
    full: Service, client: TestClient
) -> None:
    text = client.get("/cases", params={"limit": 200}).text
    long = next(server for server in servers(full) if "nnnnn" in _row(text, server))
    assert "more characters" in _row(text, long)
    assert len(_row(text, long)) < 1_500


def _row(text: str, server: str) -> str:
    return next((row for row in text.split("<tr>") if server in row), "")


def test_every_template_escapes_whatever_it_is_called() -> None:
    made = environment()
    assert made.autoescape is True
    for name in made.list_templates():
        if name.startswith("report/"):
            continue
        source = (FOLDER / "templates" / name).read_text("utf-8")
        assert "|safe" not in source.replace(" ", ""), name
        assert not re.search(r"\son\w+=", source), name
        assert not re.search(r"\sstyle=", source), name
        assert not re.search(r"=\{\{", source), f"{name}: an attribute without quotes"


def test_no_file_of_the_pages_names_another_origin() -> None:
    for path in sorted(Path(FOLDER / "static").iterdir()) + sorted(Path(FOLDER / "templates").iterdir()):
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|[\"'(]//\w", text), path.name
        assert path.suffix != ".css" or "url(" not in text, path.name


def test_the_five_numbers_add_up_and_each_leads_to_a_list_of_that_length(
    full: Service, client: TestClient
) -> None:
    told = client.get("/api/v1/fleet").json()["numbers"]
    assert sum(told[band] for band in lists.BANDS) == told["total"] == len(servers(full))
    for band in lists.BANDS:
        assert client.get("/api/v1/cases", params={"band": band}).json()["total"] == told[band], band


def test_pages_of_a_list_hold_every_server_once(full: Service) -> None:
    with Fleet.open(full.settings.store, who="tester") as fleet:
        seen: list[str] = []
        after = None
        while True:
            page = lists.servers(fleet, NOW, lists.Wanted(), after=after, limit=3)
            seen += [each.server for each in page.rows]
            after = page.next
            if after is None:
                break
        assert seen == [each.server for each in queue.queue(fleet, NOW, limit=1_000)]
        assert len(set(seen)) == page.total


def test_a_list_holds_only_servers_of_the_tenants_one_may_see(service: Service) -> None:
    samples = [sample() for sample in SAMPLES.values()]
    keep(service, samples[0], tenant="one")
    keep(service, samples[1], tenant="other")
    with Fleet.open(service.settings.store, who="tester") as fleet:
        mine = (fleet.tenant("one"),)
        assert lists.servers(fleet, NOW, lists.Wanted(), tenants=mine).total == 1
        assert lists.servers(fleet, NOW, lists.Wanted(), tenants=()).total == 0
        assert sum(count for _, count in lists.values_of(fleet, "sector", mine)) == 1


def test_the_case_says_verdict_steps_and_what_was_not_seen(full: Service, client: TestClient) -> None:
    for server in servers(full):
        told = client.get(f"/api/v1/cases/{server}").json()
        text = html.unescape(client.get(f"/cases/{server}").text)
        assert f'<h1 id="answer">{told["verdict"]["headline"].partition(" <")[0]}' in text
        assert all(step["title"][:60] in text for step in told["steps"] if step["first"])
        assert "What we could not see" in text


def test_the_timeline_finds_cuts_and_shows_what_stands_around_a_line(
    full: Service, client: TestClient
) -> None:
    server = next(
        each for each in servers(full) if client.get(f"/api/v1/cases/{each}/timeline").json()["all"]
    )
    whole = client.get(f"/api/v1/cases/{server}/timeline").json()
    line = whole["rows"][0]
    day = line["time"][:10]
    cut = client.get(f"/api/v1/cases/{server}/timeline", params={"first": day, "last": day}).json()
    assert 0 < cut["total"] <= whole["total"]
    assert all(row["time"].startswith(day) for row in cut["rows"])
    assert (
        client.get(f"/api/v1/cases/{server}/timeline", params={"find": "no such text \x00"}).json()["total"]
        == 0
    )
    around = client.get(f"/api/v1/cases/{server}/timeline/{line['id']}").json()
    assert line["id"] in [row["id"] for row in around["rows"]]
    assert client.get(f"/cases/{server}/timeline/{line['id']}").status_code == 200
    assert client.get(f"/cases/{server}/timeline/nothing").status_code == 404


def test_an_older_judgement_of_another_server_is_not_found(full: Service, client: TestClient) -> None:
    one, other = servers(full)[:2]
    number = client.get(f"/api/v1/cases/{other}").json()["number"]
    assert client.get(f"/cases/{one}", params={"assessment": number}).status_code == 404


def test_a_pin_needs_a_reason_and_stands_under_a_name(full: Service, client: TestClient) -> None:
    server = servers(full)[-1]
    page = client.get(f"/servers/{server}").text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf
    form = {"csrf": csrf[1], "reason": "their hospital shares this server", "hours": "2"}
    assert client.post(f"/servers/{server}/pin", data=form | {"reason": ""}).status_code == 422
    shown = client.post(f"/servers/{server}/pin", data=form).text
    assert "their hospital shares this server" in shown
    assert client.get("/api/v1/fleet").json()["queue"][0]["server"] == server


def test_contacts_and_letters_are_kept_and_followed(full: Service, client: TestClient) -> None:
    server = servers(full)[0]
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get(f"/servers/{server}").text)
    assert csrf
    base = {"csrf": csrf[1]}
    contact = base | {"name": "J. Ortiz", "channel": "phone", "address": "555 0100"}
    assert "J. Ortiz" in client.post(f"/servers/{server}/contacts", data=contact).text
    letter = base | {"name": "A. Lee", "who": "State team", "phone": "555 0199", "page": "state.example/team"}
    page = client.post(f"/servers/{server}/letters", data=letter).text
    assert "drafted" in page
    number = client.get(f"/api/v1/servers/{server}").json()["notices"][0]["number"]
    page = client.post(f"/servers/{server}/letters/{number}", data=base | {"state": "sent"}).text
    assert "told, no answer" in page
    other = servers(full)[1]
    assert (
        client.post(f"/servers/{other}/letters/{number}", data=base | {"state": "answered"}).status_code
        == 422
    )


def test_a_history_tells_what_came_back_after_cleaning(service: Service, client: TestClient) -> None:
    before = SAMPLES["school_in_use"]()
    keep(service, before)
    (server,) = servers(service)
    with Fleet.open(service.settings.store, who="tester") as fleet:
        people.cleaned(fleet, fleet.server(server), at=NOW - 3_600, now=NOW)
    assert client.get("/api/v1/fleet").json()["due"] == 0
    shown = client.get(f"/api/v1/servers/{server}").json()
    assert len(shown["plan"]) == 4 and not any(each["done"] for each in shown["plan"])
    assert "no records yet" in client.get(f"/servers/{server}").text


def test_tables_are_given_as_csv_without_formulas(full: Service, client: TestClient) -> None:
    for address in ("/cases.csv", "/fleet/curve.csv", "/fleet/groups.csv"):
        answer = client.get(address)
        assert answer.headers["content-type"].startswith("text/csv")
        assert not re.search(r"(?m)(^|,)[=+@]", answer.text), address


def test_a_moment_is_told_in_utc_and_in_the_zone_of_the_reader() -> None:
    moment = at("03-03 04:12")
    assert both(moment) == "3 Mar 2021, 04:12 UTC"
    assert both(moment, "America/Chicago") == "3 Mar 2021, 04:12 UTC (2 Mar, 22:12 Chicago)"
    assert both(moment, "../../etc/passwd") == both(moment, "No/Such") == both(moment)


def test_the_code_on_the_letter_is_drawn_from_squares_alone() -> None:
    code = qr.code("http://127.0.0.1:8420/cases/srv_0123456789ab")
    assert re.fullmatch(r"(M\d+ \d+h1v1h-1z)+", code.path)
    assert code.size >= 21 + 8


def test_each_level_has_a_shape_and_words_on_the_list(full: Service, client: TestClient) -> None:
    text = client.get("/cases").text
    assert all(f'value="{level.value}"' in text for level in Level)


def test_the_page_for_those_in_a_hurry_needs_no_account(visitor: TestClient) -> None:
    text = visitor.get("/now").text
    assert "10 minutes" in text and "Do not turn the server off." in text


def test_a_step_ticked_for_one_answer_is_not_done_for_another() -> None:
    """The first steps are those of the level: `cut the network` is not `send these files`."""
    in_use = SAMPLES["school_in_use"]()
    later = msgspec.structs.replace(in_use.verdict, level=Level.BROKEN_INTO)
    broken_into = msgspec.structs.replace(in_use, verdict=later)
    first = [{each.step for each in steps_of(of) if each.first} for of in (in_use, broken_into)]
    assert all(first) and not first[0] & first[1]


def test_what_the_person_at_this_computer_did_is_told_in_the_language_of_the_reader(
    full: Service, client: TestClient
) -> None:
    server = servers(full)[0]
    step = client.get(f"/api/v1/cases/{server}").json()["steps"][0]["step"]
    client.post(f"/api/v1/cases/{server}/steps", json={"step": step, "done": True})
    page = client.get(f"/cases/{server}", headers={"accept-language": "es"}).text
    assert "Hecho por este equipo" in page and "this computer" not in page


def test_the_letter_names_the_answer_in_words(full: Service, client: TestClient) -> None:
    page = client.get(f"/cases/{servers(full)[0]}/letter").text
    assert "In use by intruders (<code>in_use</code>)." in page


def test_on_paper_a_chart_and_its_key_have_the_same_shades() -> None:
    css = (FOLDER / "static" / "app.css").read_text("utf-8").rpartition("@media print{")[2]
    shades: dict[str, str] = {}
    for names, rule in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
        if found := re.search(r"fill:(#\w+);background:(#\w+)", rule):
            assert found[1] == found[2]
            shades |= {name.strip(): found[1] for name in names.split(",")}
    pairs = (
        (".days .bar", ".k-bar"),
        (".days .spread", ".k-spread"),
        (".groups .p-broken", ".p-broken.key-box"),
    )
    more = (".groups .p-suspicious", ".p-suspicious.key-box"), (".groups .p-rest", ".p-rest.key-box")
    assert all(shades[bar] == shades[key] for bar, key in (*pairs, *more))
    assert len({shades[name] for name in (".b-worked", ".b-tried", ".b-other")}) == 3
