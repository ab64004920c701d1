"""Which language a piece of code is in, where its page does not say or says it wrong."""

import re

_LOOKED_AT = 20_000
_QUOTED = re.compile(r'"(?:[^"\n\\]++|""|\\.)*+"?|/\*.*?(?:\*/|\Z)|//[^\n]*', re.S)
_LINES = re.compile(r"[^\n]*\S[^\n]*")
_CURLY = re.compile(r"[;{}][ \t\r]*(?:'[^\n]*)?$", re.M)
_BASIC = re.compile(
    r"""\b(?:end\s+(?:if|sub|function|select|with|class|property|try|using)|elseif|then|dim|redim|wend|byval|exit\s+sub"""
    r"""|on\s+error|vbcrlf|andalso|orelse|addressof|executeglobal|mod|nothing|sub|call)\b|&|<>|^[ \t]*'|\s_\s*$|:\s*end\b""",
    re.I | re.M,
)
_DOTNET = re.compile(
    r"""\b(?:as\s+(?:new\s+)?[a-z]\w*|imports\s+\w|handles\s+\w|inherits\s+\w|namespace\s+\w|andalso|orelse|addressof|directcast"""
    r"""|ctype|mybase|isnot|string\.\w|return\s+\w|try\s*$|using\s+\w+\s+as|container\.dataitem)|\+=|\(of\s+\w""",
    re.I | re.M,
)
_CLASSIC = re.compile(
    r"""\b(?:createobject|set\s+\w+\s*=|wend|isnull|isempty|execute\s*\(?\s*\w|executeglobal|on\s+error\s+resume"""
    r"""|response\.write\s+\S|eof|movenext|redim|let\s+\w|class_initialize)\b""",
    re.I,
)
_JSCRIPT = re.compile(
    r"""\b(?:var\s+\w+\s*(?::\s*\w+\s*)?[=;,](?!\s*(?:new\s+(?!Active|Date|Array|Object|Function|Enumerator)|\w+\s*=>))"""
    r"""|function\b|undefined|eval\s*\(|prototype|fromCharCode|ActiveXObject|Enumerator|unescape)|===|!==|@cc_on"""
    r"""|/[^/\n]+/[gi]+\b"""
)
_CSHARP = re.compile(
    r"""\b(?:using\s+[\w.]+\s*[;=]|using\s*\(|namespace\s+\w|(?:string|int|byte|bool|object|char|void|dynamic|long|double|float|decimal)"""
    r"""(?:\s*\[\s*\])?\s+\w|(?:public|private|protected|internal)\s+\w|foreach\s*\(|new\s+\w+\s*\[|typeof\s*\(|catch\s*\(\s*\w+\s+\w"""
    r"""|as\s+\w+\s*[;)]|out\s+\w|[A-Z]\w*(?:<[\w<>, ]{1,60}>)?\s+\w+\s*=\s*\S)|@"|\$"|\(\w+\)\s*\w+[.(\[]|=>|\w<\w+>"""
)


def guess_language(code: str, default: str = "csharp") -> str:
    """`csharp`, `vb`, `jscript` or `vbscript`, by the first 20,000 characters; the default where nothing tells."""
    text = _QUOTED.sub('""', code[:_LOOKED_AT])
    curly = len(_CURLY.findall(text))
    basic = len(_BASIC.findall(text))
    if not curly and not basic:
        return default
    if curly * 2 > basic + len(_LINES.findall(text)) // 4:
        script, typed = len(_JSCRIPT.findall(text)), len(_CSHARP.findall(text))
        return _of("jscript", script, "csharp", typed, default)
    return _of("vbscript", len(_CLASSIC.findall(text)), "vb", len(_DOTNET.findall(text)), default)


def _of(one: str, ones: int, other: str, others: int, default: str) -> str:
    """The default of the page needs clear evidence against it: the two of a family share most of their words."""
    if default == one:
        return other if others > 2 * ones + 1 else one
    if default == other:
        return one if ones > 2 * others + 1 else other
    return one if ones > others else other
