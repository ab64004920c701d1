"""Pages in the language of the reader: chosen by a link without script, else as the browser asks; every word is there."""

import re
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from exsweep.fleet.body import pack
from exsweep.fleet.store import Fleet
from exsweep.knowledge.languages import languages, texts
from exsweep.knowledge.web_words import web_words
from exsweep.web import jobs
from exsweep.web.answers import Document, Download
from exsweep.web.early import unfinished
from exsweep.web.language import language_of
from exsweep.web.routes import routes
from exsweep.web.said import in_months
from exsweep.web.service import Service
from exsweep.web.templating import FOLDER, ONLY_ENGLISH
from tests.export.samples import SAMPLES
from tests.fleet.build import NOW
from tests.web.conftest import keep
from tests.web.pages.screens import servers

SPANISH = {"accept": "text/html", "accept-language": "es-MX,es;q=0.9,en;q=0.5"}


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        ("", "", "en"),
        ("", "es", "es"),
        ("", "es-MX,es;q=0.9,en;q=0.8", "es"),
        ("", "en;q=0.9, es;q=0.5", "en"),
        ("", "fr, es;q=0.1, en;q=0", "es"),
        ("", "fr, *;q=0.5", "en"),
        ("", "es;q=nonsense", "en"),
        ("en", "es", "en"),
        ("es", "en", "es"),
        ("../../x", "es", "es"),
        ("", ",;q=,=;;" * 2_000, "en"),
    ],
)
def test_the_choice_counts_before_what_the_browser_asks(chosen: str, accepted: str, language: str) -> None:
    assert language_of(chosen, accepted) == language


def test_a_link_keeps_the_choice_and_leads_back_to_a_page_of_ours_only(client: TestClient) -> None:
    start = client.get("/", headers={"accept": "text/html"}).text
    (link,) = re.findall(r'href="(/language\?to=es[^"]*)"[^>]*>Español', start)
    answer = client.get(link.replace("&amp;", "&"), headers={"accept": "text/html"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "¿Alguien entró en su servidor" in client.get("/", headers={"accept": "text/html"}).text
    away = client.get("/language", params={"to": "en", "next": "//evil.example/x"}, follow_redirects=False)
    assert away.headers["location"] == "/"
    assert "Has someone broken into" in client.get("/", headers={"accept": "text/html"}).text
    assert client.get("/language", params={"to": "xx"}).status_code == 422


def test_programs_get_english_whatever_they_say(client: TestClient, service: Service) -> None:
    keep(service, SAMPLES["school_in_use"]())
    (server,) = servers(service)
    answer = client.get(f"/api/v1/cases/{server}", headers={"accept-language": "es"})
    assert answer.json()["verdict"]["headline"] == "Intruders are using your mail server."


PLAIN = {
    *(
        "exsweep",
        "CSV",
        "JSON",
        "SHA",
        "ATT",
        "CISA",
        "BOD",
        "SSVC",
        "coordinator",
        "for",
        "Build",
        "in_use",
        "paper",
    ),
}
"""Names, and words that stand in elements marked as English."""
QUOTES = ("code", "pre", "bdi", "kbd")


class Said(HTMLParser):
    """Text of a page that claims to be in its language: what stands in elements of another language is left out."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language, self.said, self.declared = language, list[str](), ""
        self._other: list[str] = []
        self._quoted: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "html":
            self.declared = values.get("lang") or ""
        if tag in ("meta", "link", "input", "br", "path", "rect"):
            return
        if self._other or (values.get("lang") or self.language) != self.language:
            self._other.append(tag)
        elif tag in QUOTES or "ev" in (values.get("class") or "").split():
            self._quoted.append(tag)
        for name in ("aria-label", "placeholder", "title"):
            if values.get(name) and not self._other:
                self.said.append(values[name] or "")

    def handle_endtag(self, tag: str) -> None:
        if self._other and tag in self._other:
            while self._other.pop() != tag:
                pass
        elif self._quoted and tag == self._quoted[-1]:
            self._quoted.pop()

    def handle_data(self, data: str) -> None:
        if not self._other and not self._quoted and data.strip():
            self.said.append(" ".join(data.split()))


ENGLISH_WORDS = re.compile(
    r"\b(the|and|of|with|this|that|what|from|server|who|are|is|was|not|you|your|read|seen|file|files|when|all|before|done|line|lines)\b",
    re.IGNORECASE,
)
NAMES = {"Build"}


def english_in(page: str) -> list[str]:
    parser = Said("es")
    parser.feed(page)
    assert parser.declared == "es"
    return [text for text in parser.said if ENGLISH_WORDS.search(text) and text not in NAMES]


def pages_of(service: Service) -> list[str]:
    """Each translated page that a case has, with one line and one finding of it."""
    found = [
        "/",
        "/now",
        "/jobs",
        "/cases",
        "/scan",
        "/fleet",
        "/fleet/curve",
        "/fleet/groups?by=sector",
        "/clusters",
    ]
    found += ["/rechecks", "/questions", "/hunt", "/audit", "/audit?verify=true", "/health"]
    for server in servers(service):
        found += [f"/cases/{server}{part}" for part in ("", "/timeline", "/letter")]
        found.append(f"/servers/{server}")
    return found


@pytest.mark.parametrize("name", [each for each in SAMPLES if "hostile" not in each])
def test_a_page_in_spanish_says_nothing_in_english_that_it_does_not_mark(
    client: TestClient, service: Service, name: str
) -> None:
    keep(service, SAMPLES[name]())
    left = {}
    for address in pages_of(service):
        page = client.get(address, headers=SPANISH)
        assert page.status_code == 200
        left[address] = english_in(page.text)
        assert "accept-language" in page.headers["vary"].lower()
    case = client.get(f"/cases/{servers(service)[0]}", headers=SPANISH).text
    for link in list(dict.fromkeys(re.findall(r'href="(/cases/srv_\w+/findings/[^"]+)"', case)))[:3]:
        left[link] = english_in(client.get(link.replace("&amp;", "&"), headers=SPANISH).text)
    assert {address: said for address, said in left.items() if said} == {}


def test_an_unfinished_reading_is_told_in_spanish_too(client: TestClient, service: Service) -> None:
    with Fleet.open(service.settings.store, who="tester") as fleet:
        job = jobs.create(fleet, kind="triage", tenant=fleet.tenant("own"), who="tester", now=NOW)
        one = jobs.claim(fleet.database, "here:1:a", NOW)
        assert one is not None
        told = jobs.Progress(share=0.5, files=7, planned=10, found=4)
        jobs.tell(fleet.database, one.number, "here:1:a", "Reading", told)
        early = unfinished(SAMPLES["town_no_signs"](), left=3, planned=10)
        jobs.show_early(fleet.database, one.number, "here:1:a", pack(early).body)
    page = client.get(f"/jobs/{job}/so-far", headers=SPANISH).text
    assert "Sin terminar." in page and "Faltan 3 archivos." in page and "Aún no hay una respuesta" in page
    assert "no encontramos señales" not in page.lower()
    assert english_in(client.get(f"/jobs/{job}", headers=SPANISH).text) == []


def test_every_address_that_a_browser_opens_has_a_page_in_the_language_of_the_reader() -> None:
    shown = {each.name for each in routes() if each.html and each.method == "GET" and each.then is None}
    given = {each.name for each in routes() if each.result in (Download, Document)}
    away = {"language", "start", "organisation", "organisation_back"}
    assert {
        name for name in shown - given - away if not (FOLDER / "templates" / f"{name}.html.j2").exists()
    } == set()


def test_evidence_in_the_gap_of_a_translated_sentence_stays_text(
    client: TestClient, service: Service
) -> None:
    keep(service, SAMPLES["school_in_use"]())
    (server,) = servers(service)
    ask = {"step": "now-in_use-1", "done": "true", "note": "<b>x</b> {n} {{ 7*7 }}"}
    client.post(f"/api/v1/cases/{server}/steps", json={**ask, "done": True})
    page = client.get(f"/cases/{server}", headers=SPANISH).text
    assert "<b>x</b>" not in page and "Hecho por" in page
    phone = client.get(f"/cases/{server}/letter", params={"phone": "<i>1</i>{n}"}, headers=SPANISH).text
    assert "<i>1</i>" not in phone


def templates() -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted((FOLDER / "templates").glob("*.j2")))


def test_every_word_that_a_page_says_is_there_and_every_word_is_said() -> None:
    source = templates()
    said = set(re.findall(r'\bt\("([a-z_0-9.]+)"', source)) | {"only_english"}
    missing = {each for each in said - set(web_words()) if not each.endswith((".", "_"))}
    assert missing == set()
    groups = tuple(re.findall(r'\bt\("([a-z_.]+)" ~ ', source)) + tuple(
        f"{each}." for each in re.findall(r'words_of\("(\w+)"\)', source)
    )
    made = (*groups, "problem.", "job_words.", "contact.", "step.", "tl.bar", "tl.blind", "case.gaps")
    dead = {key for key in web_words() if key not in said and not key.startswith(made)}
    assert dead == set()


def test_every_translated_page_is_a_page_and_asks_for_words() -> None:
    """Words stand in no template: what is left of one without its commands has no letters that people read."""
    for path in sorted((FOLDER / "templates").glob("*.html.j2")):
        if path.name.partition(".")[0] in ONLY_ENGLISH:
            continue
        text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", path.read_text("utf-8"), flags=re.S)
        text = re.sub(r"<(style|code|kbd)\b.*?</\1>|<[^>]*>|&\w+;", " ", text, flags=re.S)
        assert set(re.findall(r"[A-Za-z_]{3,}", text)) <= PLAIN, path.name


@pytest.mark.parametrize("language", list(languages()))
def test_every_language_has_every_word_of_the_pages(language: str) -> None:
    own = languages()[language].flat()
    assert {key for key in web_words() if f"web.{key}" not in own} == set()


@pytest.mark.parametrize("script", ["app.js", "sending.js"])
def test_scripts_say_only_words_of_the_knowledge(script: str) -> None:
    source = (FOLDER / "static" / script).read_text("utf-8")
    section, name = ("script", "said") if script == "app.js" else ("sending", "say")
    asked = set(re.findall(rf'\b{name}\("([a-z_]+)"', source))
    asked |= set(re.findall(r'\? "(on_\w+)" : "(on_\w+)"', source)[0]) if script == "app.js" else set()
    asked -= {"all", "now", "kept", "line"}  # keys of the list's lines
    known = {key.partition(".")[2] for key in web_words() if key.startswith(f"{section}.")}
    assert asked == known


def test_months_are_those_of_the_language() -> None:
    assert in_months("8 Mar 2021, 22:43 UTC", "es") == "8 mar 2021, 22:43 UTC"
    assert (
        in_months("on 3 March 2021 and 1 June 2021", "es") == "on 3 de marzo de 2021 and 1 de junio de 2021"
    )
    assert in_months("March 2021", "es") == "March 2021"
    assert texts("es")["calendar.months"]


def test_every_problem_that_is_translated_is_one_that_the_program_tells() -> None:
    sources = "".join(path.read_text("utf-8") for path in FOLDER.rglob("*.py"))
    sources = re.sub(r'"\s*\n\s*f?"', "", sources)
    literals = {re.sub(r"\{[^}]*\}", "{}", each) for each in re.findall(r'"([^"\n]+)"', sources)}
    told = {key: text for key, text in web_words().items() if key.startswith("problem.")}
    assert told
    unknown = {key for key, text in told.items() if re.sub(r"\{[^}]*\}", "{}", str(text)) not in literals}
    assert unknown == set()


def test_what_is_not_there_is_told_in_the_language_of_the_reader(client: TestClient) -> None:
    page = client.get("/cases/srv_000000000000", headers=SPANISH)
    assert page.status_code == 404 and "Aquí no hay nada." in page.text and english_in(page.text) == []
