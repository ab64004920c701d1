"""Who only dresses up as Exchange: honeypots, command servers of intruders, servers that answer everything."""

from collections.abc import Sequence

from exsweep.knowledge import builds
from exsweep.knowledge.scanning import fingerprints
from exsweep.knowledge.words import render
from exsweep.scan.heard import Facts, Heard
from exsweep.scan.known import place_of, product_of

_PAGES = frozenset({"owa", "logon"})


def pretence(heard: Sequence[Heard]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(what settles that it is none, what makes it doubtful), in sentences."""
    seen = [(each, found) for each in heard if (found := each.shown) is not None]
    shown = [pair for pair in seen if pair[1].exchange]
    if not shown:
        return (), ()
    settled = [*_constant_ids(shown), *_cloud(shown), *_answers_all(seen), *_cookies(shown)]
    doubts = [*_frozen(shown), *_bare(shown), *_odd(shown), *_differs(shown)]
    wrong_iis = _impossible_server(shown)
    (settled if wrong_iis and doubts else doubts).extend(wrong_iis)
    return tuple(dict.fromkeys(settled)), tuple(dict.fromkeys(doubts))


def _doubt(key: str, **gaps: object) -> str:
    return render(f"outside.doubt.{key}", **gaps)


def _constant_ids(shown: Sequence[tuple[Heard, Facts]]) -> list[str]:
    ids = {heard.ask.path: found.request_id for heard, found in shown if found.request_id}
    known = [each for each in ids.values() if each in fingerprints().pretenders.request_ids]
    if known:
        return [_doubt("constant", id=known[0])]
    if len(set(ids.values())) < len(ids):  # one address asked twice may be answered from a proxy's memory
        return [_doubt("same_id")]
    return []


def _cloud(shown: Sequence[tuple[Heard, Facts]]) -> list[str]:
    line = fingerprints().online.line
    found: list[str] = []
    for _, each in shown:
        if each.build and each.build.startswith(line) and not each.online:
            found.append(_doubt("cloud_build", build=each.build))
        if each.build and not each.build.startswith(line) and each.online:
            found.append(_doubt("cloud_names", build=each.build))
    return found


def _answers_all(seen: Sequence[tuple[Heard, Facts]]) -> list[str]:
    control = [found for heard, found in seen if heard.ask.check == "control"]
    pages = [found for heard, found in seen if heard.ask.check in _PAGES]
    if any(each.status == 200 for each in control) and any(each.status == 200 for each in pages):
        return [_doubt("answers_all")]
    return []


def _cookies(shown: Sequence[tuple[Heard, Facts]]) -> list[str]:
    early = [name for _, each in shown for name in each.cookies if name in fingerprints().pretenders.cookies]
    return [_doubt("cookie", cookie=early[0])] if early else []


def _frozen(shown: Sequence[tuple[Heard, Facts]]) -> list[str]:
    frozen = fingerprints().pretenders.frozen_builds
    return [
        _doubt("frozen", build=each.theme)
        for _, each in shown
        if each.theme in frozen and each.front_end is None
    ]


def _bare(shown: Sequence[tuple[Heard, Facts]]) -> list[str]:
    """Every answer of 2013 and later carries X-FEServer by configuration, unless something in front removes it."""
    later = any((each.theme or each.build or "").startswith("15.") for _, each in shown)
    bare = all(each.front_end is None and each.request_id is None and each.front is None for _, each in shown)
    direct = any(each.iis is not None for _, each in shown)
    blanked = any(each.build_blanked for _, each in shown)
    if later and bare and direct and not blanked:
        return [_doubt("bare")]
    return []


def _odd(shown: Sequence[tuple[Heard, Facts]]) -> list[str]:
    found: list[str] = []
    marks = fingerprints().pretenders
    for heard, each in shown:
        if heard.ask.check == "owa" and each.status == 200 and each.theme is None:
            found.append(_doubt("no_logon"))
        if each.other_products:
            found.append(_doubt("other_product"))
        found += [_doubt("realm", realm=realm) for realm in marks.realms if realm in each.realms]
        place = place_of(each.build) if each.build else None
        if place and not place.exact and place.high is not None and not _known_branch(place):
            found.append(_doubt("no_release", build=each.build))
    return found


def _known_branch(place: builds.Place) -> bool:
    branch = builds.branch_of(place.number)
    return any(each is not None and each.branch == branch for each in (place.low, place.high))


def _differs(shown: Sequence[tuple[Heard, Facts]]) -> list[str]:
    """One server cannot be of two builds; several behind one address can."""
    header = {(each.front_end, each.build.rpartition(".")[0]) for _, each in shown if each.build}
    page = {(each.front_end, each.theme) for _, each in shown if each.theme and each.theme.count(".") == 2}
    return [
        _doubt("differs", header=one, page=other)
        for front, one in sorted(header, key=str)
        for its, other in sorted(page, key=str)
        if front == its and one != other
    ]


def _impossible_server(shown: Sequence[tuple[Heard, Facts]]) -> list[str]:
    found: list[str] = []
    for _, each in shown:
        product = product_of(each.build or each.theme or "")
        needs = fingerprints().needs_iis.get(product or "")
        if needs and each.iis is not None and each.iis < needs:
            found.append(_doubt("iis", product=product, iis=each.iis))
    return found
