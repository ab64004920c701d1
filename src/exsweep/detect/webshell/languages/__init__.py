"""Code of any server language to one small tree: C#, VB.NET, JScript (classic and .NET) and VBScript.

C# and JScript are parsed by tree-sitter's grammars, VB and VBScript, which have none, by a lexer and a parser of our
own. Nothing here fails and nothing runs long: what cannot be read is `Unread` and counted.
"""

from exsweep.detect.webshell.code import Program
from exsweep.detect.webshell.languages.basic import read_basic
from exsweep.detect.webshell.languages.csharp import read_csharp
from exsweep.detect.webshell.languages.guess import guess_language
from exsweep.detect.webshell.languages.jscript import read_jscript

__all__ = ["guess_language", "parse_code"]

_DOUBTFUL = 0.02
"""Part of the code that is unread, beyond which another language is tried: pages name the wrong one."""


def parse_code(code: str, language: str) -> Program:
    """The tree of a piece of code: a compilation unit, members of a class, a list of statements or one expression.

    `language` is `csharp`, `vb`, `jscript` or `vbscript`; anything else is guessed. Where a fiftieth cannot be read in the
    language that was named and the words look like another, that is tried too; `Program.language` says which it was.
    Time is linear in the code, at most a few seconds; trees are at most some 300 nodes deep.
    """
    named = language if language in _READERS else guess_language(code)
    program = _READERS[named](code)
    if program.unread > len(code) * _DOUBTFUL:
        other = guess_language(code, named)
        if other != named:
            second = _READERS[other](code)
            if second.unread * 2 < program.unread:
                return second
    return program


def _vb(code: str) -> Program:
    return read_basic(code, "vb")


def _vbscript(code: str) -> Program:
    return read_basic(code, "vbscript")


_READERS = {"csharp": read_csharp, "jscript": read_jscript, "vb": _vb, "vbscript": _vbscript}
