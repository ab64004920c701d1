"""JScript, classic and .NET, to its tree."""

from collections.abc import Iterator

from exsweep.detect.webshell.code import Program, Statement
from exsweep.detect.webshell.effort import Effort
from exsweep.detect.webshell.languages import jscript_source
from exsweep.detect.webshell.languages.jscript_expressions import JSCRIPT
from exsweep.detect.webshell.languages.jscript_statements import JScriptReader
from exsweep.detect.webshell.languages.parsing import Patience, ascii_copy, parse_tree, snippets


def read_jscript(code: str, effort: Effort) -> Program:
    """The tree of JScript code."""
    patience = Patience(len(code), effort)
    source = jscript_source.clean(ascii_copy(code))
    tree = parse_tree(JSCRIPT, source.text, patience)
    if tree is None:
        return Program(
            language="jscript", statements=tuple(_salvaged(code, source.text, effort)), unread=len(code)
        )
    reader = JScriptReader(code, source, patience)
    reader.statement(tree.root_node, reader.top)
    return reader.program("jscript")


def _salvaged(code: str, text: str, effort: Effort) -> Iterator[Statement]:
    """Of a text that is too costly as a whole: statements that call something, one by one."""
    for start, end in snippets(text):
        patience = Patience(0, effort)
        tree = parse_tree(JSCRIPT, text[start:end], patience)
        if tree is not None:
            reader = JScriptReader(code, jscript_source.Source(text=text), patience)
            reader.shift = -start
            reader.statement(tree.root_node, reader.top)
            yield from reader.program("jscript").statements
