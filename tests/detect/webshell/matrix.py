"""The taint matrix: every way into a page x every way through it x a few ways out, in each language of pages.

EXSWEEP-INERT-FIXTURE: tables of fragments of one line, put together when the tests run; a tilde stands in the middle of the
telling words and is taken out then. `§` is the place of the value, `¶(...)` that of what is done with it, `¦` a line end.

A line is `name | code`. Ways through that need a class of their own hold a `Page_Load` or a `Sub`, all others are statements.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

_TABLES = Path(__file__).with_name("matrix.txt")

_HEADS = {
    "csharp": '<~%@ Page Language="C#" %~>\n<asp:Label id="label" runat="server"/><asp:TextBox id="box" runat="server"/>'
    '<asp:HiddenField id="hidden" runat="server"/><asp:DropDownList id="list" runat="server"/><asp:FileUpload id="upload" runat="server"/>',
    "vb": '<~%@ Page Language="VB" %~>\n<asp:Label id="label" runat="server"/><asp:TextBox id="box" runat="server"/>'
    '<asp:HiddenField id="hidden" runat="server"/><asp:FileUpload id="upload" runat="server"/>',
    "jsnet": '<~%@ Page Language="JScript" %~>\n<asp:TextBox id="box" runat="server"/>',
    "vbscript": '<~%@ Language="VBScript" %~>\n',
    "jscript": '<~%@ Language="JScript" %~>\n',
}
FILES = {
    "csharp": "page.aspx",
    "vb": "page.aspx",
    "jsnet": "page.aspx",
    "vbscript": "page.asp",
    "jscript": "page.asp",
}
LANGUAGES = tuple(_HEADS)
CONSTANTS = {"csharp": '"one"', "vb": '"one"', "jsnet": '"one"', "vbscript": '"one"', "jscript": '"one"'}
_MEMBERS = re.compile(
    r"\b(?:Page_Load|Page_Init|WebMethod)\b|^(?:Sub|Function|Class|function)\b|¦(?:Sub|Function|Class)\b"
)


class Cell(NamedTuple):
    """One page of the matrix."""

    name: str
    """`language: source / carrier / sink`."""
    page: str
    file: str
    sink: str
    """Capability that must say where the value comes from."""


@cache
def table(language: str, section: str) -> dict[str, str]:
    """Name -> code."""
    return dict(_tables().get(f"{language} {section}", ()))


@cache
def _tables() -> dict[str, list[tuple[str, str]]]:
    tables: dict[str, list[tuple[str, str]]] = {}
    rows: list[tuple[str, str]] = []
    for line in _TABLES.read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            rows = tables.setdefault(line[3:], [])
        elif " | " in line:
            name, _, code = line.partition(" | ")
            rows.append((name, code))
    return tables


def _sunk(code: str, sink: str) -> str:
    """The code with the sink in the place of every `¶(...)`, however its brackets are nested."""
    begin = code.find("¶(")
    while begin >= 0:
        depth, end = 0, begin + 1
        for end in range(begin + 1, len(code)):
            depth += {"(": 1, ")": -1}.get(code[end], 0)
            if not depth:
                break
        code = code[:begin] + sink.replace("§", code[begin + 2 : end]) + code[end + 1 :]
        begin = code.find("¶(")
    return code


def cell(language: str, source: str, carrier: str, sink: str, *, constant: bool = False) -> Cell:
    """The page of one combination; with `constant` nothing comes from elsewhere."""
    value = CONSTANTS[language] if constant else table(language, "sources")[source]
    capability, _, out = table(language, "sinks")[sink].partition(" ")
    # The sink goes in first: a source may look like a bracket that is not closed.
    code = _sunk(table(language, "carriers")[carrier], out).replace("§", value).replace("¦", "\n")
    parts = code.split("¤")
    scripts = [f'<scr~ipt runat="server">\n{each}\n</scr~ipt>' for each in parts]
    inline = language in ("vbscript", "jscript") or not _MEMBERS.search(code)
    body = "\n".join(f"<~%\n{each}\n%~>" for each in parts) if inline else "\n".join(scripts)
    name = f"{language}: {'constant' if constant else source} / {carrier} / {sink}"
    return Cell(name, _HEADS[language] + body, FILES[language], capability)


def shapes(language: str, sink: str) -> Iterator[Cell]:
    """Whole classes whose ways in are not expressions: parameters that the server fills, handlers, events."""
    capability, _, out = table(language, "sinks")[sink].partition(" ")
    for name, code in table(language, "shapes").items():
        file, _, text = code.partition(" ")
        text = _sunk(text, out).replace("¦", "\n")
        head = "" if "<~%@" in text or file.endswith(".cs") else _HEADS[language]
        yield Cell(f"{language}: {name} / {sink}", head + text, file, capability)
