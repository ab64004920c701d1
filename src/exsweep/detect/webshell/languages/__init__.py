"""Code of any server language to one small tree: C#, VB.NET, JScript (classic and .NET) and VBScript.

C# and JScript are parsed by tree-sitter's grammars, VB and VBScript, which have none, by a lexer and a parser of our
own. Nothing here fails and nothing runs long: what cannot be read is `Unread` and counted.
"""

from msgspec.structs import replace

from exsweep.detect.webshell.code import Program
from exsweep.detect.webshell.effort import Effort
from exsweep.detect.webshell.languages.basic import read_basic
from exsweep.detect.webshell.languages.csharp import read_csharp
from exsweep.detect.webshell.languages.guess import guess_language
from exsweep.detect.webshell.languages.jscript import read_jscript

__all__ = ["guess_language", "parse_code"]

_DOUBTFUL = 0.02
"""Part of the code that is unread, beyond which another language is tried: pages name the wrong one."""


def parse_code(code: str, language: str, *, effort: Effort | None = None) -> Program:
    """The tree of a piece of code: a compilation unit, members of a class, a list of statements or one expression.

    `language` is `csharp`, `vb`, `jscript` or `vbscript`; anything else is guessed. Where a fiftieth cannot be read in
    the language that was named and the words look like another, that is tried too; `Program.language` says which it was.
    Trees are at most some 250 nodes deep. Work is bounded by the length of the code; `effort`, that of
    the file, ends it early. What was not read then is counted in `unread`.
    """
    effort = effort or Effort()
    named = language if language in _READERS else guess_language(code)
    program = _READERS[named](code, effort)
    if program.unread > len(code) * _DOUBTFUL:
        other = guess_language(code, named)
        if other != named:
            second = _READERS[other](code, effort)
            if second.unread * 2 < program.unread:
                program = second
    return replace(program, unread=len(code)) if program.unread > len(code) else program


def _vb(code: str, effort: Effort) -> Program:
    return read_basic(code, "vb", effort)


def _vbscript(code: str, effort: Effort) -> Program:
    return read_basic(code, "vbscript", effort)


_READERS = {"csharp": read_csharp, "jscript": read_jscript, "vb": _vb, "vbscript": _vbscript}
