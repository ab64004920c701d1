"""JScript, classic and .NET, to its tree."""

import re
from collections.abc import Callable, Iterator
from typing import ClassVar

import tree_sitter_javascript
from tree_sitter import Language, Node

from exsweep.detect.webshell.code import (
    Assign,
    Branch,
    Call,
    Class,
    Const,
    Expr,
    Function,
    Index,
    Lambda,
    Member,
    Name,
    Op,
    Program,
    Return,
    Sequence,
    Statement,
)
from exsweep.detect.webshell.languages import jscript_source
from exsweep.detect.webshell.languages.trees import (
    ExprReader,
    Patience,
    StatementReader,
    TreeReader,
    ascii_copy,
    kinds,
    parse_tree,
    parts_of,
    snippets,
)

JSCRIPT = Language(tree_sitter_javascript.language())
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|([0-7]{1,3})|(\r\n|.))", re.S
)
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v"} | dict.fromkeys(
    "\n\r\u2028\u2029", ""
)


def read_jscript(code: str, spent: Callable[[], bool] | None = None) -> Program:
    """The tree of JScript code."""
    patience = Patience(len(code), spent)
    source = jscript_source.clean(ascii_copy(code))
    tree = parse_tree(JSCRIPT, source.text, patience)
    if tree is None:
        return Program(language="jscript", statements=tuple(_salvaged(code, source.text, spent)), unread=len(code))
    reader = JScriptReader(code, source, patience)
    reader.statement(tree.root_node, reader.top)
    return reader.program("jscript")


def _salvaged(code: str, text: str, spent: Callable[[], bool] | None) -> Iterator[Statement]:
    """Of a text that is too costly as a whole: statements that call something, one by one."""
    for start, end in snippets(text):
        patience = Patience(0, spent)
        tree = parse_tree(JSCRIPT, text[start:end], patience)
        if tree is not None:
            reader = JScriptReader(code, jscript_source.Source(text=text), patience)
            reader.shift = -start
            reader.statement(tree.root_node, reader.top)
            yield from reader.program("jscript").statements


def _character(match: re.Match[str]) -> str:
    digits = match[1] or match[2] or match[3]
    if digits:
        code = int(digits, 16)
        return chr(code) if code < 0x110000 else ""
    if match[4]:
        return chr(int(match[4], 8) & 0xFF)
    return "" if match[5] == "\r\n" else _SIMPLE.get(match[5], match[5])


def unescape(text: str) -> str:
    r"""`\x41`, `\u0041`, `\101`, `\n` and continued lines undone."""
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def number(text: str) -> int | float | None:
    """`0x41`, `017`, `1.5e3`."""
    try:
        if text[:2] in ("0x", "0X"):
            return int(text[2:], 16) if len(text) < 100 else None
        if text.isdigit() and len(text) < 100:
            octal = len(text) > 1 and text[0] == "0" and not set(text) & {"8", "9"}
            return int(text, 8) if octal else int(text)
        return float(text)
    except ValueError:
        return None


class JScriptReader(TreeReader):
    """A method for each kind of node of the grammar."""

    exprs: ClassVar[dict[int, ExprReader]]
    statements: ClassVar[dict[int, StatementReader]]

    def __init__(self, code: str, source: jscript_source.Source, patience: Patience) -> None:
        super().__init__(code, 0, patience)
        self.assignments = source.assignments
        self.parameter_types = source.parameters
        self.imports.extend(source.imports)
        self.types.update(source.types)
        for at, bases in source.bases.items():
            name = re.match(r"\w+", code[at:])
            self.classes.append(Class(at, name[0] if name else "", bases))

    # expressions --------------------------------------------------------------------------------------------------

    def expr_identifier(self, node: Node) -> Expr:
        return Name(self.at(node), unescape(self.text(node)))

    expr_property_identifier = expr_this = expr_super = expr_undefined = expr_identifier
    expr_shorthand_property_identifier = expr_shorthand_property_identifier_pattern = expr_identifier
    expr_private_property_identifier = expr_statement_identifier = expr_import = expr_identifier

    def expr_string(self, node: Node) -> Expr:
        text = self.text(node)
        return Const(self.at(node), unescape(text[1 : -1 if len(text) > 1 and text[-1] == text[0] else None]))

    def expr_number(self, node: Node) -> Expr:
        return Const(self.at(node), number(self.text(node)))

    def expr_true(self, node: Node) -> Expr:
        return Const(self.at(node), True)

    def expr_false(self, node: Node) -> Expr:
        return Const(self.at(node), False)

    def expr_null(self, node: Node) -> Expr:
        return Const(self.at(node), None)

    def expr_regex(self, node: Node) -> Expr:
        """`/a/g` is `new RegExp("a", "g")`."""
        at = self.at(node)
        pattern, _, flags = self.text(node)[1:].rpartition("/")
        return Call(at, Name(at, "RegExp"), (Const(at, pattern), Const(at, flags)), new=True)

    def expr_template_string(self, node: Node) -> Expr:
        parts: list[Expr] = []
        for child in node.named_children:
            if child.type == "template_substitution":
                parts.extend(self.exprs_of(child.named_children))
            else:
                parts.append(Const(self.at(child), unescape(self.text(child))))
        return Op(self.at(node), "interpolate", tuple(parts))

    def expr_member_expression(self, node: Node) -> Expr:
        inner, name = node.child_by_field_name("object"), node.child_by_field_name("property")
        base = self.expr(inner) if inner else Name(self.at(node), "")
        return Member(base.at, base, unescape(self.text(name)) if name else "")

    def expr_subscript_expression(self, node: Node) -> Expr:
        """`x["name"]` is a member, `x[i]` and `x[0]` are indexes."""
        inner, index = node.child_by_field_name("object"), node.child_by_field_name("index")
        base = self.expr(inner) if inner else Name(self.at(node), "")
        key = self.expr(index) if index else Name(self.at(node), "")
        if isinstance(key, Const) and isinstance(key.value, str):
            return Member(base.at, base, key.value)
        return Index(base.at, base, key.operands if isinstance(key, Op) and key.operator == "," else (key,))

    def expr_call_expression(self, node: Node) -> Expr:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        target = self.expr(function) if function else Name(self.at(node), "")
        if arguments is not None and arguments.type == "template_string":
            return Call(target.at, target, (self.expr(arguments),))
        return Call(target.at, target, self.exprs_of(arguments.named_children) if arguments else ())

    def expr_new_expression(self, node: Node) -> Expr:
        made, arguments = node.child_by_field_name("constructor"), node.child_by_field_name("arguments")
        at = self.at(node)
        return Call(
            at,
            self.expr(made) if made else Name(at, ""),
            self.exprs_of(arguments.named_children) if arguments else (),
            new=True,
        )

    def expr_array(self, node: Node) -> Expr:
        return Sequence(self.at(node), self.exprs_of(node.named_children))

    expr_array_pattern = expr_object = expr_object_pattern = expr_array

    def expr_pair(self, node: Node) -> Expr:
        """`a: 1` of an object assigns to the name `a`."""
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        if key is None or value is None:
            return self.any_expr(node)
        target = self.expr(key)
        if isinstance(target, Const):
            target = Name(target.at, str(target.value))
        return Assign(target.at, target, self.expr(value))

    def expr_method_definition(self, node: Node) -> Expr:
        name = node.child_by_field_name("name")
        target = Name(self.at(node), self.text(name) if name else "")
        return Assign(target.at, target, self.expr_function_expression(node))

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

    def expr_unary_expression(self, node: Node) -> Expr:
        sign = node.children[0].type
        value = self.exprs_of(node.named_children)
        if sign == "-" and value and isinstance(value[0], Const) and isinstance(value[0].value, int | float):
            return Const(self.at(node), -value[0].value)
        return Op(self.at(node), sign, value)

    def expr_update_expression(self, node: Node) -> Expr:
        return Op(
            self.at(node), "--" if "--" in self.text(node) else "++", self.exprs_of(node.named_children)
        )

    def expr_ternary_expression(self, node: Node) -> Expr:
        return Op(self.at(node), "?:", self.exprs_of(node.named_children))

    def expr_assignment_expression(self, node: Node) -> Expr:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return self.any_expr(node)
        sign = node.child_by_field_name("operator")
        target = self.expr(left)
        return Assign(target.at, target, self.expr(right), sign.type if sign else "=")

    expr_augmented_assignment_expression = expr_assignment_pattern = expr_assignment_expression

    def expr_sequence_expression(self, node: Node) -> Expr:
        """`a, b`; a comma that stands for the `=` of `f("x") = y` makes an assignment of what is beside it."""
        items: list[Expr] = []
        signs: list[bool] = []
        for child in node.children:
            if child.is_named:
                items.extend(self.exprs_of([child]))
            else:
                signs.append(child.start_byte in self.assignments)
        while len(signs) >= len(items) and signs:
            signs.pop()
        for place in range(len(signs) - 1, -1, -1):
            if signs[place]:
                items[place : place + 2] = [Assign(items[place].at, items[place], items[place + 1])]
        return items[0] if len(items) == 1 else Op(self.at(node), ",", tuple(items))

    def expr_function_expression(self, node: Node) -> Expr:
        body = node.child_by_field_name("body")
        names = self.parameters(node)[0]
        if body is not None and body.type != "statement_block":
            value = self.expr(body)
            return Lambda(self.at(node), names, (Return(value.at, value),))
        return Lambda(self.at(node), names, self.body(body))

    expr_arrow_function = expr_generator_function = expr_function_expression

    def parameters(self, node: Node) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names and, in JScript.NET, types."""
        single = node.child_by_field_name("parameter")
        listed = node.child_by_field_name("parameters")
        names = [single] if single else parts_of(listed) if listed else []
        found = [(inner.start_byte, self.text(inner)) for inner in (_innermost(name) for name in names)]
        return tuple(text for _, text in found), tuple(self.parameter_types.get(at, "") for at, _ in found)

    # statements ---------------------------------------------------------------------------------------------------

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

    def stmt_return_statement(self, node: Node, out: list[Statement]) -> None:
        for value in self.exprs_of(node.named_children):
            out.append(Return(self.at(node), value))

    def stmt_throw_statement(self, node: Node, out: list[Statement]) -> None:
        for value in self.exprs_of(node.named_children):
            out.append(Op(self.at(node), "throw", (value,)))

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
        out.append(Branch(self.at(node), conditions, (self.body(node.child_by_field_name("body")),)))

    def stmt_for_statement(self, node: Node, out: list[Statement]) -> None:
        """What stands in the brackets is conditions; blocks, cases and clauses are bodies."""
        conditions: list[Statement] = []
        bodies: list[tuple[Statement, ...]] = []
        last = node.child_by_field_name("body")
        for child in parts_of(node):
            if (last is not None and child.id == last.id) or child.type in _BODIES:
                bodies.append(self.body(child))
            elif child.type in _CLAUSES:
                for part in parts_of(child):
                    if part.type == "statement_block":
                        bodies.append(self.body(part))
            else:
                self.statement(child, conditions)
        kept = tuple(item for item in conditions if not isinstance(item, Return | Branch | Function))
        out.append(Branch(self.at(node), kept, tuple(bodies)))

    stmt_while_statement = stmt_do_statement = stmt_with_statement = stmt_try_statement = stmt_for_statement

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


_BODIES = {"statement_block", "else_clause"}
_CLAUSES = {"catch_clause", "finally_clause"}


def _innermost(node: Node) -> Node:
    """The name in `a = 1` and `...a` of a parameter list."""
    return next((child for child in node.named_children if child.type == "identifier"), node)


JScriptReader.exprs = kinds(JSCRIPT, JScriptReader, "expr_")
JScriptReader.statements = kinds(JSCRIPT, JScriptReader, "stmt_")
