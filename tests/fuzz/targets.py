"""What is fuzzed: each parser of ours as a function of bytes that may never raise, with seeds made by code.

`make fuzz` lets Atheris look for inputs (tests/fuzz/run.py); the ordinary tests try seeds and random damage only.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from exsweep.detect.webshell import examine, script_encode
from exsweep.detect.webshell.effort import Effort
from exsweep.detect.webshell.languages import guess_language
from exsweep.detect.webshell.languages.basic import read_basic
from exsweep.detect.webshell.languages.csharp import read_csharp
from exsweep.detect.webshell.languages.jscript import read_jscript
from exsweep.detect.webshell.pieces import pieces as pieces_of
from exsweep.detect.webshell.reading import read_page
from exsweep.errors import EvidenceError
from exsweep.evidence import Budgets, EvidenceReadError, open_evidence, sources
from exsweep.evidence.vmdk import extents_of, rests_on_another
from exsweep.parse import Reader, recognise
from exsweep.parse.config import read_config
from exsweep.parse.error_report import read_report
from exsweep.parse.filesystem.mft import MftReader
from exsweep.parse.filesystem.usn import UsnReader
from exsweep.parse.pasted import read_pasted
from exsweep.parse.traces import TraceReader
from exsweep.parse.traces.base import TRACES
from exsweep.parse.winevent import EventReader
from tests.evidence.build import (
    compressed,
    deflated,
    seven_zip,
    seven_zip_table,
    tar_hostile,
    tar_of,
    zip_nested,
    zip_streamed,
)
from tests.hostile.build import event_log, marked, ordinary, shell_used, w3c
from tests.parse.filesystem.making import change, record, standard, ticks
from tests.parse.traces.samples import trace_samples

SAMPLES = Path(__file__).parents[1] / "parse" / "samples"
SMALL = Budgets(ratio_free_bytes=1 << 20, expansion_bytes=8 << 20, entries=200)


def _whole(reader: EventReader | MftReader | UsnReader | TraceReader, data: bytes) -> None:
    half = len(data) // 2
    for piece, last in ((data[:half], False), (data[half:], True)):
        for _ in reader.feed(piece, last=last):
            pass
    tally = reader.tally
    assert tally.events + tally.rejected == tally.lines, (tally.events, tally.rejected, tally.lines)


def logs(data: bytes) -> None:
    kind = recognise(data[:65_536], "u_ex.log")
    if kind is None:
        return
    reader = Reader(kind)
    for _ in reader.feed(data[: len(data) // 3]):
        pass
    for _ in reader.feed(data[len(data) // 3 :], last=True):
        pass
    assert reader.tally.events + reader.tally.rejected == reader.tally.lines


def archives(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "e.bin"
        path.write_bytes(data)
        try:
            units = open_evidence([path], budgets=SMALL).units
        except EvidenceError:
            return
        for unit in units[:200]:
            for source in sources(unit, SMALL):
                try:
                    for _ in source.chunks(1 << 16):
                        pass
                except EvidenceReadError:
                    continue
        assert [one.name for one in Path(folder).iterdir()] == ["e.bin"]


def sevenzip(data: bytes) -> None:
    """Packed data and a table of contents, parted by two zeros, in a 7z archive whose checksums are right."""
    packed, _, listed = data.partition(b"\0\0")
    archives(seven_zip(packed, listed))


def vmdk(data: bytes) -> None:
    rests_on_another(data)
    for kind, sectors, _ in extents_of(data):
        assert kind in ("SPARSE", "FLAT", "OTHER") and sectors >= 0


def basic(data: bytes) -> None:
    text = data.decode("latin-1")
    for language in ("vb", "vbscript"):
        read_basic(text, language, Effort())


def csharp(data: bytes) -> None:
    read_csharp(data.decode("latin-1"), Effort())


def jscript(data: bytes) -> None:
    read_jscript(data.decode("latin-1"), Effort())


def reading(data: bytes) -> None:
    """Encodings, markup, Razor, encoded scripts, and which language it is: all before a parser."""
    for name in ("a.asp", "a.aspx", "a.ashx", "a.cshtml", "a.inc", "web.config", "a.jpg"):
        for page in read_page(data, name):
            assert all(0 <= block.at <= len(page.text) for block in page.blocks)
            guess_language(page.text)
            pieces_of(page)


def encoded(data: bytes) -> None:
    text = f"#@~^{data.decode('latin-1')}^#~@"
    script_encode.decode(text)
    script_encode.decode(text[4:])


def browsers(data: bytes) -> None:
    for name in ("owa/auth/logon.aspx", "owa/auth/flogon.js"):
        examine(data, name)


def pages(data: bytes) -> None:
    for name in ("a.asp", "a.aspx", "a.cshtml"):
        examine(data, name)


def events(data: bytes) -> None:
    _whole(EventReader(), data)


def config(data: bytes) -> None:
    read_config(data)
    read_report(data)


def pasted(data: bytes) -> None:
    read_pasted(data)


def journal(data: bytes) -> None:
    _whole(UsnReader("C/$Extend/$J"), data)


def table(data: bytes) -> None:
    _whole(MftReader("C/$MFT"), data)


def traces(data: bytes) -> None:
    """Every reader of a trace gets the bytes, whatever its recogniser says."""
    for _, reader in TRACES.values():
        _whole(reader("C/Users/a/x"), data)


TARGETS: dict[str, Callable[[bytes], None]] = {
    one.__name__: one
    for one in (
        logs,
        archives,
        sevenzip,
        vmdk,
        basic,
        csharp,
        jscript,
        reading,
        encoded,
        browsers,
        pages,
        events,
        config,
        pasted,
        journal,
        table,
        traces,
    )
}


def seeds(name: str) -> Iterator[bytes]:
    """Sound inputs of a target, and some that are nearly sound."""
    members = [("a.log", w3c(*ordinary(5))), ("b/c.aspx", b"<%= 1 %>")]
    vb = b'<%\nDim a : a = "x" & Chr(65)\nIf a <> "" Then\n  Response.Write a _\n\nEnd If\nSelect Case a\nCase 1\nEnd Select\n%>'
    match name:
        case "logs":
            yield from (path.read_bytes()[:8_000] for path in sorted(SAMPLES.iterdir()) if path.is_file())
            yield marked("\"><svg onload='x'>")
        case "archives":
            yield from (
                deflated(members),
                zip_streamed(members),
                tar_of(members),
                tar_hostile(),
                zip_nested(2),
            )
            yield from (compressed(kind, tar_of(members)) for kind in ("gz", "bz2", "xz", "zst"))
        case "sevenzip":
            yield from (
                b"a line\n" + b"\0\0" + seven_zip_table([("a.log", b"a line\n")]),
                b"xyz" + b"\0\0" + seven_zip_table([("b/c.aspx", b"xy"), ("d", b"z")]),
            )
        case "vmdk":
            yield b'# Disk DescriptorFile\nparentCID=ffffffff\nRW 2280 SPARSE "server-s001.vmdk"\nRW 9 FLAT "a-flat.vmdk" 0\n'
        case "basic":
            yield from (
                vb[2:-2],
                b"Sub A(x As String)\n x += 1\nEnd Sub",
                b'With a\n .b = &H41 : Rem "x\nEnd With',
            )
        case "csharp":
            yield from (
                b'string a = "x" + (char)65; if (a != null) { Go(a.Trim()); }',
                b'var b = $"{a:x2}" + @"c""";',
            )
        case "jscript":
            yield from (
                b"var a = 'x' + String.fromCharCode(65); function f(b) { return b[\"c\"](/d/g); }",
                b"import System; class A { var b : String = unescape('%41'); } /*@cc_on @if (1) f(a) @end @*/",
            )
        case "encoded":
            yield from (
                b"EQAAAA==@#@&dD~xPEC,JAwUAAA==",
                b"AAAAAA==AAAAAA==",
                b"FAAAAA==W!ncE@*E#@#@&3wUAAA==",
            )
        case "browsers":
            yield b"<form action='x'><input type='password' id='p'></form><script>var a = p.value; post('/b', a)</script>"
            yield b"function go() { var q = document.getElementById('password').value; new Image().src = 'c?' + q; }"
        case "pages" | "reading":
            yield from (
                vb,
                b'<%@ Page Language="C#" %><script runat="server">void A() { }</script>',
                b"@{ var a = 1; }",
            )
            yield "<%@ Page Language='VB' %><% Dim a %>".encode("utf-16")
            yield b"+ADwAJQ-@ Page Language='C#' %+AD4-<!-- #include file='b.inc' --><object runat=server progid='c.d' id=e />"
        case "events":
            yield from (
                event_log(1),
                event_log(1)[4096:],
                b"<Event><System><EventID>1</EventID></System></Event>",
            )
        case "config":
            yield b'<configuration><system.webServer><handlers><add name="a" path="*.b" verb="*"/></handlers></system.webServer></configuration>'
            yield b"<preserve resultType='3' virtualPath='/a.aspx'/>"
            yield b"Version=1\nEventType=CLR20r3\nSig[0].Name=a\nSig[0].Value=w3wp.exe\n"
        case "pasted":
            yield from (
                w3c(*shell_used(2)),
                b"DateTime : 2021-03-03\nAnchorMailbox : ServerInfo~a]@b:444/x?#\n",
                b"a,b\n1,2\n",
            )
        case "journal":
            when = "2021-03-03T04:10:22+00:00"
            rows = [
                change(f"x{n}.aspx", when, 0x100 << n % 2, entry=40 + n, parent=5, usn=n * 88)
                for n in range(6)
            ]
            yield from (
                b"".join(rows),
                bytes(4096) + b"".join(rows),
                change("y", when, 2, entry=9, parent=5, version=3),
            )
        case "traces":
            yield from (one for _, one in sorted(trace_samples().items()))
        case _:
            made = standard(ticks("2021-03-03T04:10:22+00:00"))
            yield b"".join(record(n, [made]) for n in range(4))
