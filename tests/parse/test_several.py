"""Small logs read together tell what each tells when it is read alone."""

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exsweep.knowledge.formats import format_of, text_formats
from exsweep.parse import NO_TIME, Reader, Sieve, Tally, is_plain, read_several
from exsweep.parse.lines import Index
from tests.parse.reading import IIS_HEADER, iis_line
from tests.parse.test_formats import SAMPLES
from tests.parse.test_reader_properties import FILE

OTHER_HEADER = (
    b"#Software: x\r\n#Version: 15.01.2106.002\r\n#Fields: date time cs-method cs-uri-stem sc-status\r\n"
)
Row = tuple[int, int, int, bytes | None, dict[str, Any]]


def short_ones(data: bytes, stops: Index) -> tuple[Index, Index]:
    """Lines of an even number of bytes; of them those of every second such number only where they are odd."""
    size = np.diff(stops, prepend=0)
    return np.flatnonzero(size % 2 == 0), np.flatnonzero(size % 4 == 0)


def holding(data: bytes, stops: Index, text: bytes) -> Index:
    """Lines with the text in them."""
    lines = np.split(np.frombuffer(data, np.uint8), stops[:-1])
    return np.array([at for at, line in enumerate(lines) if text in line.tobytes()], np.int64)


def told(tally: Tally) -> object:
    return tally.report(path="a.log", kind="x", size=1, sha256="x"), +tally.kinds, tally.header_lines


def alone(data: bytes, kind: str, sieve: Sieve | None = None) -> tuple[object, list[Row]]:
    reader = Reader(format_of(kind))
    rows: list[Row] = []
    for batch in reader.feed(data, last=True, sieve=sieve):
        numbers = zip(batch.line.tolist(), batch.offset.tolist(), batch.time_ms.tolist(), strict=True)
        cells = batch.table.to_pylist()
        rows += [(*three, batch.raw(at), cells[at]) for at, three in enumerate(numbers)]
    return told(reader.tally), sorted(rows, key=lambda row: row[0])


def together(texts: list[bytes], kind: str, sieve: Sieve | None = None) -> list[tuple[object, list[Row]]]:
    tallies, stacks = read_several(texts, format_of(kind), sieve)
    rows: list[list[Row]] = [[] for _ in texts]
    for stack in stacks:
        batch, at = stack.batch, 0
        cells = batch.table.to_pylist()
        for file, count in zip(stack.files, stack.rows, strict=True):
            for row in range(at, at + count):
                numbers = int(batch.line[row]), int(batch.offset[row]), int(batch.time_ms[row])
                rows[file].append((*numbers, stack.raw(row), cells[row]))
            at += count
        assert at == len(batch)
    return [
        (told(tally), sorted(mine, key=lambda row: row[0])) for tally, mine in zip(tallies, rows, strict=True)
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(FILE.map(lambda data: data.replace(b"\0", b"") + b"\n"), min_size=1, max_size=6),
    st.sampled_from([None, Sieve(short_ones), Sieve(short_ones, "iis_w3c")]),
)
def test_logs_with_anything_in_them_tell_together_what_they_tell_alone(
    texts: list[bytes], sieve: Sieve | None
) -> None:
    texts = [text for text in texts if is_plain(text, format_of("iis_w3c"))]
    assert together(texts, "iis_w3c", sieve) == [alone(text, "iis_w3c", sieve) for text in texts]


def test_of_logs_that_are_swept_together_only_chosen_lines_are_rows_and_every_line_counts() -> None:
    rows = [iis_line(f"10:00:{at:02}", "/ecp/" if at % 9 else "/owa/") + b"\r\n" for at in range(40)]
    other = OTHER_HEADER + b"2021-03-01 10:00:00 GET /ecp/ 200\r\n" * 20
    texts = [IIS_HEADER + b"".join(rows), other, IIS_HEADER + b"".join(rows[:3])]
    sieve = Sieve(lambda data, stops: (holding(data, stops, b"/owa/"), stops[:0]))
    read = together(texts, "iis_w3c", sieve)
    assert read == [alone(text, "iis_w3c", sieve) for text in texts]
    assert [len(found) for _, found in read] == [5, 0, 1]
    tallies, _ = read_several(texts, format_of("iis_w3c"), sieve)
    assert [(one.lines, sum(one.days.values())) for one in tallies] == [(40, 40), (20, 20), (3, 3)]


def test_the_sample_of_each_format_three_times_tells_the_same_three_times() -> None:
    kinds = {one.id for one in text_formats()}
    tried = 0
    for path in sorted(SAMPLES.glob("*.log")):
        data = path.read_bytes().rstrip(b"\n") + b"\n"
        if path.stem in kinds and is_plain(data, format_of(path.stem)):
            assert together([data] * 3, path.stem) == [alone(data, path.stem)] * 3, path.stem
            tried += 1
    assert tried > 15


def test_another_header_or_build_in_one_log_is_not_taken_for_that_of_its_neighbours() -> None:
    plain = IIS_HEADER + b"".join(iis_line(f"10:00:{at:02}", "/owa/", "-") + b"\r\n" for at in range(40))
    other = OTHER_HEADER + b"2021-03-01 10:00:00 GET /ecp/ 200\r\n" * 20
    texts = [plain, other, plain + other, b"\n" * 3, IIS_HEADER, plain + b"half a line\n", other]
    read = together(texts, "iis_w3c")
    assert read == [alone(text, "iis_w3c") for text in texts]
    assert [len(rows) for _, rows in read] == [40, 20, 60, 0, 0, 40, 20]


def test_a_log_of_nothing_but_line_breaks_or_of_an_endless_line_takes_no_memory_of_the_others() -> None:
    texts = [
        b"\n" * 200_000,
        IIS_HEADER + b"x" * (1 << 21) + b"\n",
        IIS_HEADER + iis_line("10:00:00") + b"\n",
    ]
    assert together(texts, "iis_w3c") == [alone(text, "iis_w3c") for text in texts]
    assert NO_TIME not in [row[2] for _, rows in together(texts, "iis_w3c") for row in rows]
