"""Pages at known names of back doors: seen, not seen, or cannot tell; and never more than one request to each."""

import pytest

from exsweep.model import Level, decode, encode
from exsweep.scan import Proof, ScanResult, Sight, Target, Wishes, assessment, headline
from exsweep.scan.webshells import pages
from tests.scan.conftest import Watching, run_scan, scope_for
from tests.scan.double.server import Double, Handler, Manners, Request, http
from tests.scan.double.sites import MARK, dump, exchange

IIS = ("Server", "Microsoft-IIS/10.0")
RUNS = ("X-AspNet-Version", "4.0.30319")
ONE, TWO = "/aspnet_client/supp0rt.aspx", "/owa/auth/babydraco.aspx"
GATED = http(302, [IIS, ("Location", "https://x/owa/auth/errorFE.aspx?httpCode=404")])


def _with(pages_there: dict[str, bytes]) -> Handler:
    return exchange("15.1.2106.2", "15.1.2106", server="Microsoft-IIS/8.5", pages=pages_there)


def _all_200(request: Request) -> bytes:
    served = exchange("15.2.1748.39", "15.2.1748")
    return (
        served(request)
        if request.path.startswith(("/owa/auth/logon", "/EWS", "/owa/h")) or request.path == "/owa/"
        else http(200, [IIS], b"hello")
    )


def _refusing(request: Request) -> bytes:
    inside = request.path.startswith(("/aspnet_client", "/owa/auth/")) and "logon" not in request.path
    return http(403) if inside else exchange("15.2.1748.39", "15.2.1748")(request)


def _changing(request: Request) -> bytes:
    if request.path.startswith("/aspnet_client"):
        return http(404 if request.count % 2 else 410)
    return exchange("15.2.1748.39", "15.2.1748")(request)


SITES: dict[str, Handler] = {
    "nothing": _with({}),
    "dump": _with({ONE: http(200, [IIS, RUNS], dump())}),
    "empty": _with({TWO: http(200, [IIS, RUNS])}),
    "upload": _with({TWO: http(200, [IIS, RUNS], f'<form>{MARK}<input name=f type="file"></form>'.encode())}),
    "fails": _with({ONE: http(500, [IIS, RUNS], b"Runtime Error")}),
    "gated": _with({TWO: GATED}),
    "own": _with({TWO: http(200, [IIS], b"<!-- OwaPage = ASP.auth_errorfe_aspx -->")}),
    "answers all": _all_200,
    "refuses": _refusing,
    "changes": _changing,
    "moved": _with({ONE: http(301, [("Location", "https://elsewhere.example/x")])}),
    "throttles": _with({TWO: http(429)}),
}


@pytest.fixture(scope="module")
def looked(
    needs_double: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, ScanResult], dict[str, list[Request]]]:
    where = {f"127.77.{at + 1}.20": name for at, name in enumerate(SITES)}
    manners = {address: Manners(SITES[name]) for address, name in where.items()}
    with Double(tmp_path_factory.mktemp("shells"), manners) as double:
        targets = [Target(address=address, port=double.port) for address in where]
        found = run_scan(scope_for(double.port), targets, Wishes(webshells=True, seed=3))
        results = {where[one.address]: one for one in found if one.address}
        return results, {where[address]: asked for address, asked in double.requests.items()}


def _page(one: ScanResult, path: str) -> tuple[Sight, Proof | None]:
    page = next(page for page in one.webshells if page.path.lower() == path)
    return page.sight, page.proof


@pytest.mark.parametrize(
    ("site", "path", "sight", "proof"),
    [
        ("nothing", ONE, Sight.NOT_SEEN, None),
        ("nothing", TWO, Sight.NOT_SEEN, None),
        ("dump", ONE, Sight.SEEN, Proof.STRONG),
        ("empty", TWO, Sight.SEEN, Proof.MEDIUM),
        ("upload", TWO, Sight.SEEN, Proof.MEDIUM),
        ("fails", ONE, Sight.SEEN, Proof.WEAK),
        ("gated", TWO, Sight.NOT_SEEN, None),
        ("own", TWO, Sight.NOT_SEEN, None),
        ("answers all", ONE, Sight.CANNOT_TELL, None),
        ("refuses", ONE, Sight.CANNOT_TELL, None),
        ("refuses", TWO, Sight.CANNOT_TELL, None),
        ("changes", ONE, Sight.CANNOT_TELL, None),
        ("moved", ONE, Sight.CANNOT_TELL, None),
        ("throttles", TWO, Sight.CANNOT_TELL, None),
        ("nothing", "/oab/log.aspx", Sight.CANNOT_TELL, None),
    ],
)
def test_a_page_is_seen_not_seen_or_cannot_be_told(
    looked: tuple[dict[str, ScanResult], object], site: str, path: str, sight: Sight, proof: Proof | None
) -> None:
    assert _page(looked[0][site], path) == (sight, proof)


def test_only_the_one_page_is_seen(looked: tuple[dict[str, ScanResult], object]) -> None:
    for site in ("dump", "empty", "upload", "fails"):
        assert sum(page.sight is Sight.SEEN for page in looked[0][site].webshells) == 1
    for site in ("nothing", "gated", "own", "answers all", "refuses", "changes", "moved", "throttles"):
        assert not any(page.sight is Sight.SEEN for page in looked[0][site].webshells), site


def test_no_page_is_asked_for_twice_and_nothing_is_sent_with_the_request(
    looked: tuple[object, dict[str, list[Request]]],
) -> None:
    published = {path.lower() for path in pages()}
    for asked in looked[1].values():
        paths = [request.path.lower() for request in asked if request.path.lower() in published]
        assert len(paths) == len(set(paths))
        for request in asked:
            assert request.method == "GET"
            assert "?" not in request.path
            assert request.raw.endswith(b"\r\n\r\n")
            assert request.header("cookie") is None
            assert request.header("content-length") is None


def test_h64_a_folder_that_answers_everything_is_asked_for_no_published_name(
    looked: tuple[object, dict[str, list[Request]]],
) -> None:
    published = {path.lower() for path in pages()}
    inside = [
        r.path
        for r in looked[1]["answers all"]
        if r.path.lower() in published and "/aspnet_client/" in r.path
    ]
    assert inside == []


def test_the_settings_that_ran_tell_build_server_and_day_of_the_drop(
    looked: tuple[dict[str, ScanResult], object],
) -> None:
    page = next(page for page in looked[0]["dump"].webshells if page.sight is Sight.SEEN)
    assert page.facts["build"] == "Version 15.1 (Build 2106.2)"
    assert page.facts["server"] == "EXCH01"
    assert page.facts["created"] == "3/4/2021 2:17:56 AM"
    assert page.sha256 is not None
    first = assessment(looked[0]["dump"]).findings[0].first_seen
    assert first is not None
    assert first.isoformat() == "2021-03-04T02:17:56+00:00"


def test_only_a_page_that_shows_itself_raises_the_level(looked: tuple[dict[str, ScanResult], object]) -> None:
    levels = {site: assessment(one).verdict.level for site, one in looked[0].items()}
    assert levels["dump"] is Level.BROKEN_INTO
    assert levels["empty"] is Level.SUSPICIOUS
    assert levels["fails"] is Level.SUSPICIOUS
    assert {levels[site] for site in ("nothing", "gated", "answers all", "refuses")} == {Level.CANNOT_TELL}


def test_each_result_is_an_assessment_that_survives_writing_and_promises_nothing(
    looked: tuple[dict[str, ScanResult], object],
) -> None:
    for one in looked[0].values():
        made = assessment(one)
        assert decode(encode(made)) == made
        assert made.verdict.level is not Level.NO_SIGNS
        assert any(gap.limits_verdict for gap in made.coverage.gaps)
        assert headline(one).lower().startswith("from outside")


def test_watchers_learn_how_many_are_planned() -> None:
    watching = Watching()
    watching.planned(3, 1)
    assert (watching.total, watching.resumed) == (3, 1)
