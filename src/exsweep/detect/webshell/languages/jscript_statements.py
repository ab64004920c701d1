"""JScript statements and functions; functions and classes are listed, not nested."""

from typing import ClassVar

from tree_sitter import Node

from exsweep.detect.webshell.code import (
    THROWN,
    Assign,
    Branch,
    Class,
    Expr,
    Function,
    Name,
    Op,
    Return,
    Statement,
)
from exsweep.detect.webshell.languages.jscript_expressions import JSCRIPT, JScriptExpressions, unescape
from exsweep.detect.webshell.languages.trees import ExprReader, StatementReader, TreeReader, kinds, parts_of

_BODIES = {"statement_block", "else_clause"}
_CLAUSES = {"catch_clause", "finally_clause"}


class JScriptReader(JScriptExpressions):
    """Reads a program."""

    exprs: ClassVar[dict[int, ExprReader]]
    statements: ClassVar[dict[int, StatementReader]]

    def stmt_program(self, node: Node, out: list[Statement]) -> None:
        for child in parts_of(node):
            self.statement(child, out)

    stmt_statement_block = stmt_expression_statement = stmt_variable_declaration = stmt_program

    stmt_lexical_declaration = stmt_export_statement = stmt_class_body = stmt_program

    stmt_empty_statement = stmt_break_statement = stmt_continue_statement = TreeReader.skip

    stmt_debugger_statement = stmt_import_statement = stmt_hash_bang_line = TreeReader.skip

    def stmt_labeled_statement(self, node: Node, out: list[Statement]) -> None:
        for child in parts_of(node)[1:]:
            self.statement(child, out)

    def stmt_variable_declarator(self, node: Node, out: list[Statement]) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is not None and value is not None:
            target = self.expr(name)
            out.append(Assign(target.at, target, self.expr(value)))

    def stmt_field_definition(self, node: Node, out: list[Statement]) -> None:
        name, value = node.child_by_field_name("property"), node.child_by_field_name("value")
        if name is not None and value is not None:
            target = self.expr(name)
            out.append(Assign(target.at, target, self.expr(value)))

    def stmt_if_statement(self, node: Node, out: list[Statement]) -> None:
        """`else if` makes one more condition and body of the same branch, however many there are."""
        conditions: list[Expr] = []
        bodies: list[tuple[Statement, ...]] = []
        here: Node | None = node
        while here is not None and here.type == "if_statement":
            condition = here.child_by_field_name("condition")
            if condition:
                conditions.append(self.expr(condition))
            bodies.append(self.body(here.child_by_field_name("consequence")))
            other = here.child_by_field_name("alternative")
            inner = parts_of(other) if other else []
            here = inner[0] if inner else None
        if here is not None:
            bodies.append(self.body(here))
        out.append(Branch(self.at(node), tuple(conditions), tuple(bodies)))

    def stmt_for_in_statement(self, node: Node, out: list[Statement]) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        conditions: tuple[Expr, ...] = ()
        if left is not None and right is not None:
            target = self.expr(left)
            conditions = (Assign(target.at, target, self.expr(right)),)
        out.append(Branch(self.at(node), conditions, (self.body(node.child_by_field_name("body")),), True))

    def stmt_for_statement(self, node: Node, out: list[Statement]) -> None:
        """What stands in the brackets is conditions; blocks, cases and clauses are bodies."""
        conditions: list[Statement] = []
        bodies: list[tuple[Statement, ...]] = []
        last = node.child_by_field_name("body")
        for child in parts_of(node):
            if (last is not None and child.id == last.id) or child.type in _BODIES:
                bodies.append(self.body(child))
            elif child.type in _CLAUSES:
                caught = child.child_by_field_name("parameter")
                thrown: tuple[Statement, ...] = ()
                if caught is not None and caught.type == "identifier":
                    name = Name(self.at(caught), unescape(self.text(caught)))
                    thrown = (Assign(name.at, name, Name(name.at, THROWN)),)
                for part in parts_of(child):
                    if part.type == "statement_block":
                        bodies.append((*thrown, *self.body(part)))
            else:
                self.statement(child, conditions)
        kept = tuple(item for item in conditions if not isinstance(item, Return | Branch | Function))
        out.append(Branch(self.at(node), kept, tuple(bodies), node.type != "try_statement"))

    stmt_while_statement = stmt_do_statement = stmt_try_statement = stmt_for_statement

    def stmt_with_statement(self, node: Node, out: list[Statement]) -> None:
        """The object is given a name, the operand of a condition `with`: the body may name its members alone."""
        made = node.child_by_field_name("object")
        at = self.at(node)
        name = Name(at, f"#with{at}")
        if made is not None:
            out.append(Assign(at, name, self.expr(made)))
        body = self.body(node.child_by_field_name("body"))
        out.append(Branch(at, (Op(at, "with", (name,)),), (body,)))

    def stmt_switch_statement(self, node: Node, out: list[Statement]) -> None:
        conditions: list[Expr] = []
        bodies: list[tuple[Statement, ...]] = []
        for child in parts_of(node):
            if child.type != "switch_body":
                conditions.append(self.expr(child))
                continue
            for case in parts_of(child):
                value = case.child_by_field_name("value")
                made: list[Statement] = []
                for part in parts_of(case):
                    if value is not None and part.id == value.id:
                        conditions.append(self.expr(part))
                    else:
                        self.statement(part, made)
                bodies.append(tuple(made))
        out.append(Branch(self.at(node), tuple(conditions), tuple(bodies)))

    def stmt_function_declaration(self, node: Node, out: list[Statement]) -> None:
        self.later(self._function, node)

    stmt_generator_function_declaration = stmt_function_declaration

    def stmt_method_definition(self, node: Node, out: list[Statement]) -> None:
        self.later(self._function, node)

    def _function(self, node: Node) -> None:
        name = node.child_by_field_name("name")
        names, types = self.parameters(node)
        body = list(self.body(node.child_by_field_name("body")))
        self.finish(body)
        word = unescape(self.text(name)) if name else ""
        self.functions.append(Function(self.at(node), word, names, tuple(body), types, (), self.owner))

    def stmt_class_declaration(self, node: Node, out: list[Statement]) -> None:
        self.later(self._class, node)

    def _class(self, node: Node) -> None:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        word = self.text(name) if name else ""
        heritage = [child for child in node.named_children if child.type == "class_heritage"]
        bases = tuple(self.text(base) for child in heritage for base in child.named_children)
        self.classes.append(Class(self.at(node), word, bases))
        if body is not None:
            self.owner = word
            self.statement(body, self.top)


JScriptReader.exprs = kinds(JSCRIPT, JScriptReader, "expr_")
JScriptReader.statements = kinds(JSCRIPT, JScriptReader, "stmt_")
