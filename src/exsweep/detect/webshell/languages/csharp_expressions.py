"""C# expressions: a method for each kind of node of the grammar."""

import tree_sitter_c_sharp
from tree_sitter import Language, Node

from exsweep.detect.webshell.code import (
    Assign,
    Call,
    Const,
    Expr,
    Index,
    Lambda,
    Member,
    Name,
    Op,
    Return,
    Sequence,
    Statement,
)
from exsweep.detect.webshell.languages.csharp_names import CSharpNames
from exsweep.detect.webshell.languages.trees import TreeReader, parts_of

CSHARP = Language(tree_sitter_c_sharp.language())
_STATEMENT_KINDS = {"block", "expression_statement", "local_declaration_statement"}
_NAMING = {"declaration_pattern", "var_pattern", "recursive_pattern", "list_pattern"}


class CSharpExpressions(CSharpNames):
    """Members, calls, construction, operators and functions without a name."""

    def expr_member_access_expression(self, node: Node) -> Expr:
        target, name = node.child_by_field_name("expression"), node.child_by_field_name("name")
        base = self.expr(target) if target else Name(self.at(node), "")
        return Member(base.at, base, self.name_of(name))

    def expr_conditional_access_expression(self, node: Node) -> Expr:
        parts = parts_of(node)
        base = self.expr(parts[0])
        for part in parts[1:]:
            base = self._bind(base, part)
        return base

    def _bind(self, base: Expr, node: Node) -> Expr:
        """`.b` or `[1]` of `a?.b`, and what the grammar may hang on it."""
        if node.type == "member_binding_expression":
            return Member(base.at, base, self.name_of(node.child_by_field_name("name")))
        if node.type == "element_binding_expression":
            return Index(base.at, base, self.exprs_of(node.named_children))
        return Op(base.at, "?.", (base, self.expr(node)))

    def expr_member_binding_expression(self, node: Node) -> Expr:
        return Name(self.at(node), self.name_of(node.child_by_field_name("name")))

    def expr_element_binding_expression(self, node: Node) -> Expr:
        """`["a"]` of an initialiser."""
        return Index(self.at(node), Name(self.at(node), ""), self.exprs_of(node.named_children))

    def expr_invocation_expression(self, node: Node) -> Expr:
        function = node.child_by_field_name("function")
        target = self.expr(function) if function else Name(self.at(node), "")
        return Call(target.at, target, self.arguments(node.child_by_field_name("arguments")))

    def expr_element_access_expression(self, node: Node) -> Expr:
        inner = node.child_by_field_name("expression")
        base = self.expr(inner) if inner else Name(self.at(node), "")
        return Index(base.at, base, self.arguments(node.child_by_field_name("subscript")))

    def arguments(self, node: Node | None) -> tuple[Expr, ...]:
        """Of a list of arguments."""
        return self.exprs_of(node.named_children) if node else ()

    def expr_argument(self, node: Node) -> Expr:
        """`out x` and `ref x` are `Op`; `name: x` is an `Assign` by `:`."""
        parts = parts_of(node)
        if not parts:
            return Const(self.at(node), None)
        value = self.expr(parts[-1])
        if len(node.children) == 1:
            return value
        for child in node.children:
            if not child.is_named and child.type in ("out", "ref"):
                value = Op(self.at(node), child.type, (value,))
        name = node.child_by_field_name("name")
        return Assign(self.at(node), Name(self.at(name), self.name_of(name)), value, ":") if name else value

    def expr_declaration_expression(self, node: Node) -> Expr:
        name, kind = node.child_by_field_name("name"), node.child_by_field_name("type")
        return self.declared(name, kind) if name else self.any_expr(node)

    def expr_object_creation_expression(self, node: Node) -> Expr:
        """What braces add comes after the arguments: `A = x` as `Assign`, items of a collection as one `Sequence`."""
        kind = node.child_by_field_name("type")
        at = self.at(node)
        arguments = self.arguments(node.child_by_field_name("arguments"))
        braces = node.child_by_field_name("initializer")
        added = self.exprs_of(braces.named_children) if braces else ()
        if kind is not None and kind.type in ("array_type", "pointer_type"):
            return self._array(node, kind, added if braces else None)
        if added and not all(isinstance(item, Assign) for item in added):
            added = (Sequence(added[0].at, added),)
        return Call(at, self.expr(kind) if kind else Name(at, ""), arguments + added, new=True)

    def expr_implicit_object_creation_expression(self, node: Node) -> Expr:
        at = self.at(node)
        inner: list[Expr] = []
        for child in node.named_children:
            inner.extend(self.exprs_of(child.named_children))
        return Call(at, Name(at, ""), tuple(inner), new=True)

    def _array(self, node: Node, kind: Node, items: tuple[Expr, ...] | None) -> Expr:
        if items is not None:
            return Sequence(self.at(node), items)
        sizes = tuple(
            size
            for child in kind.named_children
            if child.type == "array_rank_specifier"
            for size in self.exprs_of(child.named_children)
        )
        element = kind.child_by_field_name("type")
        name = (self.type_name(element) if element else "") + "[]"
        return Call(self.at(node), Name(self.at(kind), name), sizes, new=True)

    def expr_array_creation_expression(self, node: Node) -> Expr:
        kind = node.child_by_field_name("type")
        for child in node.named_children:
            if child.type == "initializer_expression":
                return self.expr(child)
        return self._array(node, kind, None) if kind else self.any_expr(node)

    expr_stackalloc_expression = expr_array_creation_expression

    def expr_implicit_array_creation_expression(self, node: Node) -> Expr:
        for child in node.named_children:
            if child.type == "initializer_expression":
                return self.expr(child)
        return Sequence(self.at(node), ())

    expr_implicit_stackalloc_expression = expr_implicit_array_creation_expression

    def expr_initializer_expression(self, node: Node) -> Expr:
        return Sequence(self.at(node), self.exprs_of(node.named_children))

    expr_tuple_expression = expr_collection_expression = expr_tuple_pattern = expr_initializer_expression

    def expr_anonymous_object_creation_expression(self, node: Node) -> Expr:
        return Sequence(self.at(node), self._pairs(node))

    def _pairs(self, node: Node) -> tuple[Expr, ...]:
        """`a = 1, b` of anonymous objects and `with`: the grammar leaves the `=` loose."""
        items: list[Expr] = []
        assigned = False
        for child in node.children:
            if child.type == "=":
                assigned = True
            elif child.is_named and (child.is_error or not child.is_extra):
                value = self.expr(child)
                items.append(Assign(items[-1].at, items.pop(), value) if assigned and items else value)
                assigned = False
        return tuple(items)

    def expr_with_initializer(self, node: Node) -> Expr:
        pairs = self._pairs(node)
        return pairs[0] if pairs else Const(self.at(node), None)

    expr_checked_expression = expr_ref_expression = expr_constant_pattern = expr_parenthesized_pattern = (
        TreeReader.expr_parenthesized_expression
    )

    def expr_prefix_unary_expression(self, node: Node) -> Expr:
        sign = node.children[0].type
        value = self.exprs_of(node.named_children[-1:])
        if sign == "-" and value and isinstance(value[0], Const) and isinstance(value[0].value, int | float):
            return Const(self.at(node), -value[0].value)
        return Op(self.at(node), sign, value)

    def expr_postfix_unary_expression(self, node: Node) -> Expr:
        sign = node.children[-1]
        value = self.expr(node.children[0])
        return value if sign.type == "!" else Op(value.at, sign.type, (value,))

    def expr_conditional_expression(self, node: Node) -> Expr:
        parts = self.exprs_of(node.named_children)
        return Op(parts[0].at if parts else self.at(node), "?:", parts)

    def expr_assignment_expression(self, node: Node) -> Expr:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        sign = node.child_by_field_name("operator")
        if left is None or right is None:
            return self.any_expr(node)
        target = self.expr(left)
        return Assign(target.at, target, self.expr(right), self.text(sign) if sign else "=")

    def expr_cast_expression(self, node: Node) -> Expr:
        """`cast` of the value, then the type."""
        kind, value = node.child_by_field_name("type"), node.child_by_field_name("value")
        parts = tuple(self.expr(part) for part in (value, kind) if part)
        return Op(self.at(node), "cast", parts)

    def _operator(self, node: Node) -> Expr:
        return Op(self.at(node), node.type.split("_")[0], self.exprs_of(node.named_children))

    expr_as_expression = expr_is_expression = expr_typeof_expression = expr_await_expression = _operator

    expr_sizeof_expression = expr_throw_expression = expr_query_expression = _operator

    expr_with_expression = expr_range_expression = _operator

    def expr_is_pattern_expression(self, node: Node) -> Expr:
        parts = parts_of(node)
        value = self.expr(parts[0])
        return Op(
            self.at(node), "is", (value, *(each for part in parts[1:] for each in self.matched(part, value)))
        )

    def expr_switch_expression(self, node: Node) -> Expr:
        parts = parts_of(node)
        value = self.expr(parts[0])
        arms: list[Expr] = [value]
        for part in parts[1:]:
            arms.extend(self.matched(part, value))
            arms.append(self.expr(part))
        return Op(self.at(node), "switch", tuple(arms))

    def matched(self, node: Node, value: Expr) -> tuple[Expr, ...]:
        """What a pattern that is held against a value gives names to (`is string s`, `case { A: var x }`)."""
        found: list[Expr] = []
        left = [node]
        while left:
            each = left.pop()
            name = each.child_by_field_name("name") if each.type in _NAMING else None
            if name is not None:
                target = self.declared(name, each.child_by_field_name("type"))
                found.append(Assign(self.at(name), target, value))
            elif each.type.endswith(("pattern", "pattern_clause", "subpattern", "arm")):
                left.extend(each.named_children)
        return tuple(found)

    def expr_from_clause(self, node: Node) -> Expr:
        """`from x in y` assigns `y` to `x`, as `let` does."""
        name = node.child_by_field_name("name")
        parts = parts_of(node)
        if name is None and parts:
            name = parts[0]
        if name is None or len(parts) < 2:
            return self.any_expr(node)
        return Assign(
            self.at(node), self.declared(name, node.child_by_field_name("type")), self.expr(parts[-1])
        )

    expr_let_clause = expr_from_clause

    def expr_declaration_pattern(self, node: Node) -> Expr:
        name, kind = node.child_by_field_name("name"), node.child_by_field_name("type")
        return self.declared(name, kind) if name else self.any_expr(node)

    def expr_lambda_expression(self, node: Node) -> Expr:
        names = self.parameters(node.child_by_field_name("parameters"))[0]
        body = node.child_by_field_name("body")
        if body is None:
            body = next((child for child in reversed(node.named_children) if child.type == "block"), None)
        return Lambda(self.at(node), names, self.lambda_body(body))

    expr_anonymous_method_expression = expr_lambda_expression

    def lambda_body(self, node: Node | None) -> tuple[Statement, ...]:
        """An expression is what the function returns."""
        if node is None or node.type in _STATEMENT_KINDS:
            return self.body(node)
        value = self.expr(node)
        return (Return(value.at, value),)

    def parameters(self, node: Node | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names and declared types."""
        if node is None:
            return (), ()
        if node.type not in ("parameter_list", "bracketed_parameter_list"):
            return (self.name_of(node),), ("",)
        names, types = [], []
        kind: Node | None = None
        for child in node.named_children:
            if child.type == "parameter":
                name, kind = child.child_by_field_name("name"), child.child_by_field_name("type")
            elif child.type == "identifier":  # `params T[] name` stands loose in the list
                name, kind = child, node.child_by_field_name("type")
            else:
                continue
            names.append(self.name_of(name))
            types.append(self.type_name(kind) if kind else "")
        return tuple(names), tuple(types)
