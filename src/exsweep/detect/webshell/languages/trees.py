"""What the readers of tree-sitter trees share: dispatch by kind of node, depth without recursion.

Every tree that a reader makes is at most about `2 * MAX_DEPTH` deep. An expression that nests deeper is cut off: the
name `#n` stands in its place, and `#n = expression` follows at the end of the same body, so that nothing is hidden by
brackets. Statements that nest deeper follow at the end of the body too.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeAlias

from tree_sitter import Language, Node

from exsweep.detect.webshell.code import (
    Assign,
    Call,
    Class,
    Expr,
    Function,
    Index,
    Member,
    Name,
    Op,
    Program,
    Return,
    Statement,
    Unread,
)
from exsweep.detect.webshell.languages.parsing import Patience, loose

MAX_DEPTH = 80
_ERROR = 0xFFFF
"""Kind of tree-sitter's error nodes."""

ExprReader: TypeAlias = Callable[[Any, Node], Expr]
StatementReader: TypeAlias = Callable[[Any, Node, list[Statement]], None]


def kinds(language: Language, reader: "type[TreeReader]", prefix: str) -> dict[int, Any]:
    """For each kind of node the method `prefix + kind` of the reader."""
    default: Any = TreeReader.any_expr if prefix == "expr_" else TreeReader.other_statement
    methods = {
        kind: getattr(reader, prefix + (language.node_kind_for_id(kind) or "").lower(), default)
        for kind in range(language.node_kind_count)
        if language.node_kind_is_named(kind)
    }
    return defaultdict(lambda: default, methods) | {_ERROR: getattr(reader, prefix + "error", default)}


def parts_of(node: Node) -> list[Node]:
    """The named children; comments are not among them, errors are (tree-sitter calls both extra)."""
    return [child for child in node.named_children if not child.is_extra or child.is_error]


class TreeReader:
    """Reads one tree; the readers of a language add a method for each kind of node."""

    exprs: ClassVar[dict[int, ExprReader]]
    statements: ClassVar[dict[int, StatementReader]]

    def __init__(self, code: str, shift: int, patience: Patience) -> None:
        self.code = code
        self.length = len(code)
        self.shift = shift  # characters that a wrapping put before the code
        self.depth = 0
        self.patience = patience
        self.visits = 0  # nodes until we ask again whether there is patience left
        self.unread = 0
        self.owner = ""
        self.top: list[Statement] = []
        self.functions: list[Function] = []
        self.classes: list[Class] = []
        self.imports: list[str] = []
        self.types: dict[str, str] = {}
        self._late: list[tuple[Node, str]] = []
        self._names = 0
        self._pending: list[tuple[Callable[[Node], None], Node, str]] = []

    # places -------------------------------------------------------------------------------------------------------

    def at(self, node: Node) -> int:
        """Offset in the code that was given."""
        at = node.start_byte - self.shift
        return at if 0 <= at <= self.length else 0 if at < 0 else self.length

    def text(self, node: Node) -> str:
        """What the code says there."""
        start, end = node.start_byte - self.shift, node.end_byte - self.shift
        return self.code[start:end] if start >= 0 else self.code[: max(end, 0)]

    # dispatch -----------------------------------------------------------------------------------------------------

    def expr(self, node: Node) -> Expr:
        """An expression; what nests too deeply becomes a name that is assigned later."""
        if self.depth >= MAX_DEPTH:
            self._names += 1
            name = f"#{self._names}"
            self._late.append((node, name))
            return Name(self.at(node), name)
        self.visits -= 1
        if self.visits < 0 and not self._more():
            self.unread += node.end_byte - node.start_byte
            return Unread(self.at(node), self.text(node)[:200])
        self.depth += 1
        value = self.exprs[node.kind_id](self, node)
        self.depth -= 1
        return value

    def statement(self, node: Node, out: list[Statement]) -> None:
        """Appends what a statement says."""
        if self.depth >= MAX_DEPTH:
            self._late.append((node, ""))
            return
        self.visits -= 1
        if self.visits < 0 and not self._more():
            self.unread += node.end_byte - node.start_byte
            return
        self.depth += 1
        self.statements[node.kind_id](self, node, out)
        self.depth -= 1

    def _more(self) -> bool:
        self.visits = self.patience.more()
        return self.visits > 0

    def exprs_of(self, nodes: Iterable[Node]) -> tuple[Expr, ...]:
        """All but comments."""
        return tuple([self.expr(node) for node in nodes if not node.is_extra or node.is_error])

    def body(self, node: Node | None) -> tuple[Statement, ...]:
        """The statements of a block, or the one statement that stands for it."""
        if node is None:
            return ()
        out: list[Statement] = []
        self.statement(node, out)
        return tuple(out)

    def later(self, read: Callable[[Node], None], node: Node) -> None:
        """Functions and classes are read after what surrounds them: they may nest without bound."""
        self._pending.append((read, node, self.owner))

    def finish(self, out: list[Statement]) -> None:
        """Reads what nested too deeply into the body where it stood."""
        while self._late:
            late, self._late = self._late, []
            for node, name in late:
                if name:
                    at = self.at(node)
                    out.append(Assign(at, Name(at, name), self.expr(node)))
                else:
                    self.statement(node, out)

    def program(self, language: str) -> Program:
        """Everything read so far, and what waited."""
        self.finish(self.top)
        waiting = 0
        while waiting < len(self._pending):
            read, node, self.owner = self._pending[waiting]
            waiting += 1
            self.depth = 0
            read(node)
            self.finish(self.top)
        self._pending.clear()  # methods of this reader, which would keep it and the page
        self.top.sort(key=_place)
        self.functions.sort(key=_place)
        return Program(
            language=language,
            statements=tuple(self.top),
            functions=tuple(self.functions),
            classes=tuple(self.classes),
            imports=tuple(dict.fromkeys(self.imports)),
            types=self.types,
            unread=self.unread,
        )

    def left_chain(self, node: Node) -> tuple[list[Node], Node | None, str]:
        """Of `a + b + c`: `c` and `b`, then `a`, then the operator; a chain may be as long as the text."""
        operator = node.child_by_field_name("operator")
        sign = operator.type if operator else "?"
        chain: list[Node] = []
        left: Node | None = node
        while left is not None and left.type == "binary_expression":
            here, right = left.child_by_field_name("operator"), left.child_by_field_name("right")
            if here is None or here.type != sign or right is None:
                break
            chain.append(right)
            left = left.child_by_field_name("left")
        return chain, left, sign

    # what is the same in all languages -------------------------------------------------------------------------

    def expr_parenthesized_expression(self, node: Node) -> Expr:
        parts = parts_of(node)
        while len(parts) == 1 and parts[0].type == "parenthesized_expression":
            parts = parts_of(parts[0])
        return self.expr(parts[0]) if len(parts) == 1 else self.any_expr(node)

    def expr_binary_expression(self, node: Node) -> Expr:
        """`a + b + c` is one `Op` of three operands, to be read from the left; so are all chains of one operator."""
        chain, left, sign = self.left_chain(node)
        if left is None or not chain:
            return self.any_expr(node)
        first = self.expr(left)
        return Op(first.at, sign, (first, *self.exprs_of(reversed(chain))))

    def stmt_return_statement(self, node: Node, out: list[Statement]) -> None:
        values = self.exprs_of(node.named_children)
        out.extend(Return(self.at(node), value) for value in values or (None,))

    def stmt_throw_statement(self, node: Node, out: list[Statement]) -> None:
        for value in self.exprs_of(node.named_children):
            out.append(Op(self.at(node), "throw", (value,)))

    # what no rule fits --------------------------------------------------------------------------------------------

    def expr_error(self, node: Node) -> Expr:
        """Loose tokens: names, dots and argument lists that follow each other are put together again.

        Whole statements inside an error are statements of the body in which it stands.
        """
        self.unread += loose(node)
        pieces: list[Expr] = []
        dotted = False
        for child in node.children:
            kind = child.type
            if kind == ".":
                dotted = True
                continue
            last = pieces[-1] if pieces else None
            if kind in _ARGUMENTS and last is not None:
                arguments = self.exprs_of(child.named_children)
                pieces[-1] = (
                    Call(last.at, last, arguments) if kind[0] != "b" else Index(last.at, last, arguments)
                )
            elif not child.is_named or (child.is_extra and not child.is_error):
                pass
            elif self.statements[child.kind_id] is not TreeReader.other_statement:
                self._late.append((child, ""))
            else:
                piece = self.expr(child)
                if dotted and last is not None and isinstance(piece, Name):
                    pieces[-1] = Member(last.at, last, piece.name)
                else:
                    pieces.append(piece)
            dotted = False
        return Unread(self.at(node), self.text(node)[:200], tuple(pieces))

    def other_statement(self, node: Node, out: list[Statement]) -> None:
        """An expression where a statement stands."""
        out.append(self.exprs[node.kind_id](self, node))

    def skip(self, node: Node, out: list[Statement]) -> None:
        """Says nothing about what the page can do."""

    def any_expr(self, node: Node) -> Expr:
        """A kind that has no reader of its own: its parts under an operator of its name."""
        parts = self.exprs_of(node.named_children)
        return parts[0] if len(parts) == 1 else Op(self.at(node), node.type, parts)


_ARGUMENTS = {"argument_list", "arguments", "bracketed_argument_list"}


def _place(node: Statement) -> int:
    return node.at
