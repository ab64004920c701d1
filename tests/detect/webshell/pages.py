"""Pages for the tests, put together at run time: no file of this checkout is a page that a server would run.

EXSWEEP-INERT-FIXTURE: a tilde stands in the middle of the telling words and is taken out here.
"""

from exsweep.detect.webshell import examine
from exsweep.model.files import Capability, FileReport


def whole(text: str) -> bytes:
    """The page without its tildes."""
    return text.replace("~", "").encode()


def look(text: str, name: str = "page.aspx") -> FileReport:
    """What exsweep says of a page."""
    return examine(whole(text), name)


def csharp(code: str) -> FileReport:
    """Of statements in a C# page."""
    return look(f'<~%@ Page Language="C#" %~>\n<~% {code} %~>')


def members(code: str, markup: str = "") -> FileReport:
    """Of members of the class of a C# page."""
    return look(f'<~%@ Page Language="C#" %~>\n<scr~ipt runat="server">{code}</scr~ipt>{markup}')


def vb(code: str) -> FileReport:
    """Of statements in a VB.NET page."""
    return look(f'<~%@ Page Language="VB" %~>\n<~%\n{code}\n%~>')


def jscript(code: str) -> FileReport:
    """Of statements in a JScript.NET page."""
    return look(f'<~%@ Page Language="Jscript" %~>\n<~% {code} %~>')


def asp(code: str) -> FileReport:
    """Of statements in a classic ASP page."""
    return look(f"<~%\n{code}\n%~>", "page.asp")


def handler(code: str) -> FileReport:
    """Of a C# HTTP handler."""
    return look(f'<~%@ WebHandler Language="C#" Class="H" %~>\n{code}', "page.ashx")


def ids(report: FileReport) -> set[str]:
    """Capabilities that weigh something or come from the request."""
    return {each.id for each in report.capabilities}


def capability(report: FileReport, wanted: str) -> Capability:
    """One capability of a report."""
    return next(each for each in report.capabilities if each.id == wanted)
