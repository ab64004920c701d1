"""Common events are the same ones in every log, however long it is and wherever it is cut."""

import uuid
from datetime import UTC, datetime, timedelta
from random import Random

from exsweep.knowledge.clock_keys import key_of_guid, unpack
from exsweep.knowledge.formats import load_formats
from exsweep.parse import Reader
from exsweep.parse.anchors import Anchors, note

_FIELDS = "date time cs-method cs-uri-stem cs-uri-query cs-username c-ip cs(User-Agent) sc-status"
_KINDS = {one.id: one for one in load_formats()}


def _web(rows: list[tuple[datetime, str, str]]) -> bytes:
    head = f"#Software: Microsoft Internet Information Services 10.0\n#Fields: {_FIELDS}\n"
    return (
        head
        + "".join(
            f"{when:%Y-%m-%d %H:%M:%S} POST /ews/x &cafeReqId={guid}; {user} 192.0.2.9 Outlook 200\n"
            for when, guid, user in rows
        )
    ).encode()


def _proxy(rows: list[tuple[datetime, str, str]]) -> bytes:
    columns = _KINDS["httpproxy"].columns
    lines = [",".join(columns)]
    for when, guid, _ in rows:
        told = {"DateTime": f"{when:%Y-%m-%dT%H:%M:%S}.250Z", "RequestId": guid, "HttpStatus": "200"}
        lines.append(",".join(told.get(name, "") for name in columns))
    return ("\n".join(lines) + "\n").encode()


def _anchors(kind: str, data: bytes, step: int | None = None) -> bytes:
    reader, found = Reader(_KINDS[kind]), Anchors()
    step = step or len(data)
    for start in range(0, len(data), step):
        for batch in reader.feed(data[start : start + step]):
            note([found], [0], batch)
    for batch in reader.feed(b"", last=True):
        note([found], [0], batch)
    return found.packed()


def _day(number: int) -> list[tuple[datetime, str, str]]:
    chance = Random(7)
    start = datetime(2021, 3, 3, tzinfo=UTC)
    return [
        (
            start + timedelta(seconds=at * 86_000 // number),
            str(uuid.UUID(int=chance.getrandbits(128))),
            f"EXAMPLE\\user{chance.randint(1, 40)}",
        )
        for at in range(number)
    ]


def test_two_logs_of_the_same_requests_keep_the_same_ones() -> None:
    rows = _day(6_000)
    web, proxy = unpack(_anchors("iis_w3c", _web(rows))), unpack(_anchors("httpproxy", _proxy(rows)))
    shared = set(web["key"].tolist()) & set(proxy["key"].tolist())
    assert len(shared) >= 16


def test_a_log_in_pieces_keeps_the_same_ones() -> None:
    data = _web(_day(1_500))
    assert _anchors("iis_w3c", data) == _anchors("iis_w3c", data, 40_000)


def test_the_number_kept_does_not_grow_with_the_log() -> None:
    assert len(_anchors("iis_w3c", _web(_day(9_000)))) < 25_000


def test_rows_without_a_time_or_an_id_are_left_out() -> None:
    data = _web([]) + b"2021-03-03 01:02:03 GET / - - - - 200\n"
    assert _anchors("iis_w3c", data) == b""


def test_files_read_together_keep_what_each_would_keep_alone() -> None:
    (batch,) = [one for one in Reader(_KINDS["iis_w3c"]).feed(_web(_day(900)), last=True) if len(one)]
    together = [Anchors(), Anchors(), Anchors()]
    note(together, [0, 100, 600], batch)
    for one, (start, end) in zip(together, [(0, 100), (100, 600), (600, 900)], strict=True):
        alone = Anchors()
        note([alone], [0], batch.part(start, end))
        assert one.packed() == alone.packed() != b""


def test_of_ids_however_written_the_smallest_of_each_file_are_kept() -> None:
    chance = Random(3)
    start = datetime(2021, 3, 3, tzinfo=UTC)
    ids = [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(300)]
    ids += [f"{one[:19]}abcd{one[23:]}" for one in ids[:100]]  # the same first half, which is the key
    ids += (
        [one.upper() for one in ids[:100]]
        + [f"{{{one}}}" for one in ids[100:150]]
        + ["-", "", "7", ids[0][:-1]]
    )
    chance.shuffle(ids)
    data = _proxy([(start + timedelta(seconds=at), one, "") for at, one in enumerate(ids)])
    kept = {int(row["key"]) for row in unpack(_anchors("httpproxy", data))}
    every = {key for one in ids if (key := key_of_guid(one.lower())) is not None}
    assert kept == set(sorted(every)[:32])
