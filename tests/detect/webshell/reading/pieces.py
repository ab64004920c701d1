"""Page texts for the tests, put together at run time so that no file of the checkout looks like a server page."""

OPEN = "<" + "%"
CLOSE = "%" + ">"
INERT = "EXSWEEP-INERT-FIXTURE"
"""Every page of the tests holds this word where a web shell would have its command."""


def code(text: str, sign: str = "") -> str:
    """`text` between the tags of server code."""
    return f"{OPEN}{sign}{text}{CLOSE}"


def directive(text: str) -> str:
    return code(f"@ {text} ")


def script(text: str, attributes: str = 'runat="server" language="C#"') -> str:
    return "<scr" + f"ipt {attributes}>{text}</scr" + "ipt>"
