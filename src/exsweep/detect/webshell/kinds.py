"""What a page is and which language it speaks: by its name, its directives, and by the code where both are silent."""

import re
from functools import lru_cache

from exsweep.detect.webshell import marks
from exsweep.detect.webshell.page import Directive
from exsweep.knowledge.webshell_kinds import Kind, webshell_kinds

OTHER = "other"

_MAIN = re.compile(
    r"<%\s{0,64}@\s{0,64}(page|control|master|application|webhandler|webservice|servicehost)\b", re.IGNORECASE
)
_NET = re.compile(
    r"""\bpage_(?:load|init|prerender)\b|<asp:|\blanguage\s{0,8}=\s{0,8}["']?\s{0,8}(?:c#|cs|vb)["'\s>%]"""
    r"""|\bsystem\.(?:io|net|diagnostics|reflection|web|text|convert)\b|,\s{0,8}["']unsafe["']"""
    r"""|<%\s{0,64}@\s{0,64}(?:import|assembly|register)\b""",
    re.IGNORECASE,
)
_RAZOR = re.compile(r"@functions\s{0,64}\{|@\{|@code\b", re.IGNORECASE)
_RAZOR_USE = re.compile(r"\brequest\s{0,8}[\[.(]|\bsystem\.\w", re.IGNORECASE)
_VERSION = re.compile(r"\s{0,8}v?\d{1,3}(?:\.\d{1,3}){0,3}$")
_GUESSED_WITHIN = 16384
_NET_WITHIN = 262144
_NEAR = 1024
# JScript ends a line so, or the code is one line; VBScript never does outside strings.
_CURLY_LINE = re.compile(r"[;{}][ \t]*(?:\r?\n|\Z)")

# What only one of the languages has. Counted once each: a long page must not outvote a clear word.
_SIGNS = {
    "csharp": (
        r"\b(?:string|int|var|byte\[\]|object|bool|void|char)\s+\w+\s*[=;(]",
        r"\b(?:public|private|protected|static)\s+(?:\w+\s+){1,3}\w+\s*\(",
        r"\busing\s+[\w.]+\s*;",
        r"\bnew\s+[\w.<>]+\s*[({\[][^;\n]{0,200};",
        r"\bforeach\s*\(\s*\w+\s+\w+\s+in\b",
        r"[\w\])]\s*\[\s*\"[^\"\n]{0,80}\"\s*\]",
        r"\(\s*(?:string|int|byte|object)\s*\)",
    ),
    "jscript": (
        r"\bfunction\b\s*\w*\s*\([^)\n]{0,200}\)\s*(?::\s*\w+\s*)?\{",
        r"\bvar\s+\w+\s*(?::\s*[\w.]+\s*)?=",
        r"\beval\s*\(",
        r",\s*[\"']unsafe[\"']",
        r"\bnew\s+ActiveXObject\b",
        r"\btypeof\b|===|!==",
        r"\bimport\s+[\w.]+\s*;",
        r"'[^'\n]{2,80}'\s*[;,)]",
        r"\bString\.fromCharCode\b|\bunescape\s*\(",
    ),
    "vb": (
        r"\b(?:end\s+(?:sub|function|if|class|try|using)|imports\s+[\w.]+)\b",
        r"\bdim\s+\w+(?:\(\))?\s+as\b",
        r"\bas\s+(?:new\s+)?(?:string|integer|object|byte|boolean|system\.[\w.]+)\b",
        r"\bbyval\b|\baddressof\b|\bhandles\s+\w|\bnothing\b|\bme\.",
        r"\bthen\b\s*(?:\r?\n|:|\w)",
        r"\"\s*&\s*\w",
    ),
    "vbscript": (
        r"\bset\s+\w+\s*=\s*(?:server\.)?\w",
        r"\b(?:server\.)?createobject\s*\(",
        r"\bon\s+error\s+resume\s+next\b",
        r"\bexecute(?:global)?\s*[( \"]",
        r"\beval\s+request\b|\bexecute\s+request\b|\beval\s*\(?\s*request\s*\(",
        r"\bend\s+(?:sub|function|if)\b",
        r"\bdim\s+\w+\s*(?:,|\r?\n|:|$)",
        r"\"\s*&\s*\w",
        r"\bthen\b\s*(?:\r?\n|:|\w)",
    ),
}
_COMPILED = {
    language: tuple(re.compile(sign, re.IGNORECASE) for sign in signs) for language, signs in _SIGNS.items()
}


@lru_cache(64)
def extension_of(path: str) -> str:
    """Lower-case extension as Windows and IIS see it: no stream, no blanks or dots at the end, `x.asp;.jpg` is `asp`."""
    name = re.split(r"[\\/]", path)[-1].lower()
    name = name.split("::$", 1)[0].rstrip(". \t")
    known = webshell_kinds().extensions
    extensions = [part.rpartition(".")[2].rstrip(". ") for part in name.split(";") if "." in part]
    return next((each for each in extensions if each in known), extensions[-1] if extensions else "")


def kind_of(path: str, text: str) -> tuple[str, tuple[str, ...]]:
    """Kind of a page with server code, and what is odd about it."""
    table = webshell_kinds()
    named = table.kind_of_extension(extension_of(path))
    match = _MAIN.search(text)
    told = table.directives[match[1].lower()] if match else None
    if named is None:
        return told or _by_content(text), ("other-extension",)
    if told and table.kinds[told].body != table.kinds[named].body and table.kinds[named].body != "source":
        return (told, ("other-kind",)) if told != named else (named, ())
    return named, ()


def kind(name: str) -> Kind:
    return webshell_kinds().kinds[name]


def language_of(named: str | None, engine: str) -> str | None:
    """What a page calls its language, as one of ours; `other` for one that we do not read, None for none."""
    if named is None or not named.strip():
        return None
    plain = named.strip(" \t\r\n\"'\u201c\u201d\u2018\u2019").lower()
    table = webshell_kinds().languages
    found = table.get(plain) or table.get(_VERSION.sub("", plain)) or OTHER
    if engine == "aspnet" and found == "vbscript":
        return "vb"
    if engine != "aspnet" and found == "vb":
        return "vbscript"
    return found


def language_of_page(directives: tuple[Directive, ...], scripts: list[str], code: str, of: Kind) -> str:
    """The language of the directive, else of the first script tag that names one, else what the code looks like."""
    named = [each.attributes["language"] for each in directives if each.attributes.get("language")]
    # In classic ASP a script tag speaks for itself only.
    for each in (*named, *(scripts if of.engine == "aspnet" else ())):
        found = language_of(each, of.engine)
        if found is not None:
            return found
    return guess(code, of)


def guess(code: str, of: Kind) -> str:
    """Language of code that does not name it; the server's own default unless another one is clearly more like it."""
    if of.body == "source" or not code.strip():
        return of.language
    able = ("csharp", "vb", "jscript") if of.engine == "aspnet" else ("vbscript", "jscript")
    looked = code[:_GUESSED_WITHIN]
    if of.engine == "asp" and _CURLY_LINE.search(looked) is None and "eval" not in looked:
        return of.language
    scores = {name: sum(sign.search(looked) is not None for sign in _COMPILED[name]) for name in able}
    if "vb" in scores:
        # Pages written for classic ASP and renamed speak VBScript.
        scores["vb"] = max(
            scores["vb"], sum(sign.search(looked) is not None for sign in _COMPILED["vbscript"])
        )
    best = max(able, key=lambda name: (scores[name], name == of.language))
    if scores[best] == 0:
        return of.language
    # Only the default may win by a hair: `eval(Request(...))` alone is VBScript as well as JScript.
    return best if scores[best] > scores[of.language] + (of.engine == "asp") else of.language


def looks_like_razor(text: str) -> bool:
    """A Razor page by its content, for a file that is none by its name."""
    looked = text[:_GUESSED_WITHIN]
    return "@" in looked and _RAZOR.search(looked) is not None and _RAZOR_USE.search(looked) is not None


def _by_content(text: str) -> str:
    looked = text[:_GUESSED_WITHIN]
    if "<%" not in text and looks_like_razor(text):
        return "cshtml"
    # What tells ASP.NET from classic ASP stands at the top or where the code begins.
    near = max(0, marks.first(text) - _NEAR)
    return "aspx" if _NET.search(looked) or _NET.search(text, near, near + _NET_WITHIN) else "asp"
