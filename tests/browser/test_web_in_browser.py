"""The pages in a real browser: nothing of the evidence runs, nothing loads from elsewhere, everybody can use them."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from exsweep.fleet import clusters, intake
from exsweep.fleet.body import pack
from exsweep.fleet.store import Fleet
from exsweep.model import Assessment
from exsweep.web import jobs, raw
from exsweep.web.early import unfinished
from exsweep.web.service import Service, Settings
from exsweep.web.viewer import Viewer
from tests.browser.follow import follow
from tests.export.samples import SAMPLES
from tests.fleet.build import NOW
from tests.web.pages.screens import addresses

pytestmark = pytest.mark.browser
Open = Callable[..., Any]
HOSTILE = '"><img src=x onerror="document.title=\'HIT\'"><svg onload="alert(1)"><script>alert(2)</script>'


def _many() -> list[Assessment]:
    made = [sample() for sample in SAMPLES.values()]
    first = made[0]
    server = msgspec.structs.replace(first.server, name=f"h{HOSTILE}", organisation=HOSTILE)
    made.append(msgspec.structs.replace(first, server=server, manifest_sha256="1" * 64, custody=()))
    long = msgspec.structs.replace(first.server, name="w" * 10_000 + "\u202e\n\u200b", organisation=None)
    made.append(msgspec.structs.replace(first, server=long, manifest_sha256="2" * 64, custody=()))
    return made


def _at_work(fleet: Fleet) -> None:
    """A job in the middle of hostile evidence, with a hunt that watches and matched."""
    hostile = _many()[-2]
    public = jobs.create(fleet, kind="triage", tenant=fleet.tenant("own"), who="tester", now=NOW)
    one = jobs.claim(fleet.database, "here:1:a", NOW)
    assert one is not None and one.job == public
    steps = (jobs.Step(state="gap", title=HOSTILE, files=7), jobs.Step(state="now", title=HOSTILE))
    match = jobs.Match(hunt="hunt_000000000000", name=HOSTILE, run="run_000000000000", records=3, servers=1)
    told = jobs.Progress(steps=steps, share=0.5, files=7, planned=10, found=4, watched=(match,))
    jobs.tell(fleet.database, one.number, "here:1:a", HOSTILE, told)
    body = pack(unfinished(hostile, left=3, planned=10)).body
    jobs.show_early(fleet.database, one.number, "here:1:a", body)


def _wish(fleet: Fleet) -> None:
    """Somebody wants to see a line of the hostile case, for a hostile reason."""
    row = fleet.database.one("SELECT inside_id, public_id FROM server ORDER BY id DESC LIMIT 1")
    assert row is not None
    finding = next(
        each
        for each in fleet.assessment(int(row[0])).findings
        if each.origins and each.origins[0].offset is not None
    )
    me = Viewer(name=HOSTILE, user=None, local=True)
    raw.ask_for(fleet, me, server=str(row[1]), finding=finding, place=0, reason=HOSTILE, now=int(time.time()))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, str]]:
    """A running service over a few servers, some of them hostile, and its address."""
    uvicorn = pytest.importorskip("uvicorn")
    from exsweep.web.application import application

    folder: Path = tmp_path_factory.mktemp("live")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    service = Service(
        Settings(
            store=str(folder / "fleet.db"),
            folder=folder / "serve",
            hosts=frozenset({f"127.0.0.1:{port}"}),
            port=port,
            jobs=0,
        )
    )
    with Fleet.open(service.settings.store, who="tester") as fleet:
        intake.add(fleet, [("here", each) for each in _many()], now=NOW)
        clusters.compute(fleet, NOW)
        _at_work(fleet)
        _wish(fleet)
    server = uvicorn.Server(
        uvicorn.Config(application(service), host="127.0.0.1", port=port, log_level="error")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield service, f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


class Watch:
    """What a page did that it should not."""

    def __init__(self, page: Any, base: str) -> None:
        self.bad: list[str] = []
        page.on("dialog", lambda dialog: (self.bad.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("console", lambda message: self.bad.append(f"console {message.text}"))
        page.on("pageerror", lambda error: self.bad.append(f"error {error}"))
        page.on("popup", lambda _: self.bad.append("popup"))
        page.on(
            "request", lambda request: None if request.url.startswith(base) else self.bad.append(request.url)
        )


@pytest.fixture
def opened(chromium: Any, live: tuple[Service, str]) -> Iterator[Open]:
    service, base = live
    contexts: list[Any] = []

    def open_browser(
        width: int = 1280, height: int = 800, scheme: str = "light", script: bool = True, **more: Any
    ) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            java_script_enabled=script,
            **more,
        )
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('CSP', e.violatedDirective))"
        )
        page.goto(f"{base}/start?token={service.start_token}")
        page.watch = Watch(page, base)
        page.base = base
        return page

    yield open_browser
    for context in contexts:
        context.close()


def _pages(service: Service) -> list[str]:
    """Screens of ours; a saved report is another page with tests of its own, a file to keep is none."""
    with Fleet.open(service.settings.store, who="tester") as fleet:
        (job,) = fleet.database.run("SELECT public_id FROM job")
        (wish,) = fleet.database.run("SELECT body FROM pending WHERE kind = 'raw'")
    asked = msgspec.json.decode(wish[0], type=raw.Wish)
    own = [f"/jobs/{job[0]}", f"/jobs/{job[0]}/so-far", f"/cases/{asked.server}/raw/{asked.raw}"]
    return own + [
        each for each in addresses(service) if not each.endswith((".csv", "/report", "/collector", "/export"))
    ]


def _unfold(page: Any) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")


def test_hostile_evidence_does_nothing_on_any_page(opened: Open, live: tuple[Service, str]) -> None:
    page = opened()
    for address in _pages(live[0]):
        page.goto(page.base + address)
        _unfold(page)
        page.wait_for_timeout(40)
        assert page.title().endswith("- exsweep"), address
        assert page.watch.bad == [], address
        assert page.locator("img, iframe, object, embed").count() == 0, address


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(
    opened: Open, live: tuple[Service, str], axe: str, scheme: str
) -> None:
    page = opened(scheme=scheme)
    for address in _pages(live[0]):
        page.goto(page.base + address)
        _unfold(page)
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [(rule["id"], rule["nodes"][0]["html"][:160]) for rule in found["violations"]] == [], address


def test_axe_finds_nothing_on_any_page_in_spanish(opened: Open, live: tuple[Service, str], axe: str) -> None:
    page = opened(width=320, height=640, locale="es-MX")
    for address in _pages(live[0]):
        page.goto(page.base + address)
        _unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, address
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [(rule["id"], rule["nodes"][0]["html"][:160]) for rule in found["violations"]] == [], address
    page.goto(page.base + "/")
    assert page.locator("#drop-lead").inner_text().startswith("Suelte aquí")
    assert page.watch.bad == []


def test_on_a_phone_axe_finds_nothing_and_nothing_scrolls_sideways(
    opened: Open, live: tuple[Service, str], axe: str
) -> None:
    page = opened(width=320, height=640)
    for address in _pages(live[0]):
        page.goto(page.base + address)
        _unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, address
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [(rule["id"], rule["nodes"][0]["html"][:160]) for rule in found["violations"]] == [], address


def test_what_can_be_pressed_is_24_px_high_or_stands_in_a_sentence(
    opened: Open, live: tuple[Service, str]
) -> None:
    page = opened(width=320, height=640)
    for address in _pages(live[0]):
        page.goto(page.base + address)
        small = page.evaluate(
            "[...document.querySelectorAll('button, summary, .mast nav a, .sub-nav a, .box, select, .q-foot a, .proof')]"
            ".filter(e => e.getClientRects().length && e.getBoundingClientRect().height < 23.9)"
            ".map(e => e.outerHTML.slice(0, 120))"
        )
        assert small == [], address


def test_from_right_to_left_nothing_scrolls_sideways(opened: Open, live: tuple[Service, str]) -> None:
    page = opened(width=400, height=700)
    for address in _pages(live[0]):
        page.goto(page.base + address)
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, address


def test_without_script_every_screen_can_be_read_and_the_list_be_cut(
    opened: Open, live: tuple[Service, str]
) -> None:
    page = opened(script=False)
    for address in _pages(live[0]):
        assert page.goto(page.base + address).status == 200
        assert page.locator("h1").first.is_visible(), address
    page.goto(page.base + "/cases")
    page.locator("select[name=level]").select_option("in_use")
    follow(page, page.locator(".filters button").first)
    assert "level=in_use" in page.url
    assert page.locator(".servers tbody tr").count() >= 1
    page.goto(page.base + "/")
    assert page.locator("#send").is_visible()
    assert page.locator("form#drop").get_attribute("action") == "/send"


def test_the_keyboard_reaches_the_page_first_and_walks_through_the_timeline(opened: Open) -> None:
    page = opened()
    page.goto(page.base + "/cases?level=in_use")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "find"
    follow(page, page.locator(".servers a").first)
    follow(page, page.locator(".sub-nav a", has_text="Timeline"))
    page.keyboard.press("j")
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") != first
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") == first
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("h1").inner_text() == "One line, and what stands around it"


def test_the_c_key_comments_on_the_line_and_goes_back_to_it(opened: Open) -> None:
    page = opened()
    page.goto(page.base + "/cases?level=in_use")
    follow(page, page.locator(".servers a").first)
    follow(page, page.locator(".sub-nav a", has_text="Timeline"))
    page.keyboard.press("j")
    line = page.evaluate("document.activeElement.id")
    page.keyboard.press("c")
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == line
    page.keyboard.press("c")
    page.keyboard.type("<b>seen</b> on the other server too, j and k are letters here")
    page.locator("[data-say] button").click()
    page.wait_for_selector(f"#{line}:focus")
    assert page.locator(f"#{line}", has_text="1 comment").count() == 1
    assert page.watch.bad == []


def test_bars_lead_to_what_they_count(opened: Open) -> None:
    page = opened(script=False)
    page.goto(page.base + "/fleet")
    bar = page.locator("svg.groups a").first
    count = bar.locator("text.tick").text_content()
    follow(page, bar)
    assert "sector=" in page.url
    assert page.locator(".big-count").inner_text().split()[0] == count
    page.goto(page.base + "/cases?level=in_use")
    follow(page, page.locator(".servers a").first)
    follow(page, page.locator(".sub-nav a", has_text="Timeline"))
    bar = page.locator("figure.chart svg a").first
    day = bar.get_attribute("href").partition("first=")[2][:10]
    follow(page, bar)
    assert f"first={day}" in page.url and page.locator(".tl li").count() >= 1


def test_verdict_and_first_steps_fit_on_a_laptop_screen(opened: Open) -> None:
    page = opened()
    page.goto(page.base + "/cases?level=in_use")
    follow(page, page.locator(".servers a").first)
    for selector in ("h1", ".ticks li:nth-child(1)", ".ticks li:nth-child(2)", ".ticks li:nth-child(3)"):
        box = page.locator(selector).bounding_box()
        assert box["y"] + box["height"] <= 800, selector


def test_from_the_verdict_two_clicks_show_the_raw_line(opened: Open) -> None:
    page = opened()
    page.goto(page.base + "/cases?level=in_use")
    follow(page, page.locator(".servers a").first)
    follow(page, page.locator(".proof").first)
    assert page.locator(".finding pre").first.is_visible()


def test_the_letter_prints_on_two_pages(opened: Open) -> None:
    page = opened()
    page.goto(page.base + "/cases?level=in_use")
    follow(page, page.locator(".servers a").first)
    follow(page, page.locator(".sub-nav a", has_text="Letter"))
    pdf = page.pdf(format="A4")
    assert pdf[:5] == b"%PDF-"
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page/") in (0, 2)
    page.emulate_media(media="print")
    assert not page.locator(".mast").is_visible()
    assert page.locator(".qr").is_visible()


def test_a_script_that_slipped_in_would_not_run(opened: Open) -> None:
    page = opened()
    page.goto(page.base + "/")
    page.evaluate("document.body.innerHTML += `<img src=x onerror=\"document.title='HIT'\">`")
    page.wait_for_timeout(200)
    assert page.title() != "HIT"
    assert any("CSP" in text for text in page.watch.bad), "the policy is not in force"


def test_start_and_fleet_are_light_enough_for_a_slow_line(opened: Open, live: tuple[Service, str]) -> None:
    """Budgets, uncompressed here: 150 KB for the first page with all it loads, 260 KB for the fleet."""
    page = opened()
    sizes: dict[str, int] = {}
    page.on("response", lambda answer: sizes.__setitem__(answer.url, len(answer.body())))
    for address, most in (("/", 150_000), ("/fleet", 260_000)):
        sizes.clear()
        page.goto(page.base + address, wait_until="networkidle")
        assert sum(sizes.values()) < most, (address, sizes)
