"""JScript expressions: a method for each kind of node of the grammar."""

import re

import tree_sitter_javascript
from tree_sitter import Language, Node

from exsweep.detect.webshell.code import (
    Assign,
    Call,
    Class,
    Const,
    Expr,
    Index,
    Lambda,
    Member,
    Name,
    Op,
    Return,
    Sequence,
)
from exsweep.detect.webshell.languages import jscript_source
from exsweep.detect.webshell.languages.parsing import Patience
from exsweep.detect.webshell.languages.trees import TreeReader, parts_of

JSCRIPT = Language(tree_sitter_javascript.language())
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|([0-7]{1,3})|(\r\n|.))", re.S
)
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v"} | dict.fromkeys(
    "\n\r\u2028\u2029", ""
)


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


class JScriptExpressions(TreeReader):
    """Literals, members and calls as the engine reads them."""

    def __init__(self, code: str, source: jscript_source.Source, patience: Patience) -> None:
        super().__init__(code, 0, patience)
        self.assignments = source.assignments
        self.parameter_types = source.parameters
        self.imports.extend(source.imports)
        self.types.update(source.types)
        for at, bases in source.bases.items():
            name = re.match(r"\w+", code[at:])
            self.classes.append(Class(at, name[0] if name else "", bases))

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


def _innermost(node: Node) -> Node:
    """The name in `a = 1` and `...a` of a parameter list."""
    return next((child for child in node.named_children if child.type == "identifier"), node)
