"""C# names, types and literals: a method for each kind of node of the grammar."""

from tree_sitter import Node

from exsweep.detect.webshell.code import (
    Const,
    Expr,
    Member,
    Name,
    Op,
)
from exsweep.detect.webshell.languages import csharp_literals as literals
from exsweep.detect.webshell.languages.trees import TreeReader, parts_of

_HOLE = {"interpolation_brace", "interpolation_format_clause", "interpolation_alignment_clause"}


class CSharpNames(TreeReader):
    """Names as the compiler binds them; what stands in `<>` is left out of them."""

    def expr_identifier(self, node: Node) -> Expr:
        return Name(self.at(node), literals.name(self.text(node)))

    expr_predefined_type = expr_implicit_type = expr_discard = expr_modifier = expr_identifier

    def expr_generic_name(self, node: Node) -> Expr:
        return self.expr(node.named_children[0])

    def expr_qualified_name(self, node: Node) -> Expr:
        parts = parts_of(node)
        base = self.expr(parts[0])
        if len(parts) == 1:
            return base
        name = self.expr(parts[-1])
        return Member(base.at, base, name.name if isinstance(name, Name) else self.text(parts[-1]))

    def expr_alias_qualified_name(self, node: Node) -> Expr:
        alias, *rest = node.named_children
        if not rest or self.text(alias) == "global":
            return self.expr(rest[-1] if rest else alias)
        return self.expr_qualified_name(node)

    def type_name(self, node: Node) -> str:
        """A type as written, without comments and space around it."""
        return literals.plain(self.text(node)).strip()

    def expr_string_literal(self, node: Node) -> Expr:
        text = self.text(node)
        end = text.rfind('"')
        return Const(self.at(node), literals.unescape(text[1 : end if end > 0 else None]))

    def expr_verbatim_string_literal(self, node: Node) -> Expr:
        return Const(self.at(node), literals.verbatim(self.text(node)))

    def expr_raw_string_literal(self, node: Node) -> Expr:
        return Const(self.at(node), literals.raw(self.text(node)))

    def expr_character_literal(self, node: Node) -> Expr:
        return Const(self.at(node), literals.unescape(self.text(node)[1:-1]))

    def expr_integer_literal(self, node: Node) -> Expr:
        return Const(self.at(node), literals.integer(self.text(node)))

    def expr_real_literal(self, node: Node) -> Expr:
        return Const(self.at(node), literals.real(self.text(node)))

    def expr_boolean_literal(self, node: Node) -> Expr:
        return Const(self.at(node), self.text(node) == "true")

    def expr_interpolated_string_expression(self, node: Node) -> Expr:
        start = self.text(node.children[0]) if node.children else ""
        verbatim = "@" in start or self.text(node)[:3].count("@") > 0
        parts: list[Expr] = []
        for child in node.named_children:
            if child.type in ("string_content", "escape_sequence"):
                text = self.text(child)
                text = text.replace('""', '"') if verbatim else literals.unescape(text)
                parts.append(Const(self.at(child), text.replace("{{", "{").replace("}}", "}")))
            elif child.type == "interpolation":
                inner = [part for part in child.named_children if part.type not in _HOLE]
                parts.extend(self.exprs_of(inner[:1]))
        return Op(self.at(node), "interpolate", tuple(parts))

    def name_of(self, node: Node | None) -> str:
        """The identifier of a name, be it generic or plain."""
        if node is None:
            return ""
        if node.type == "generic_name":
            node = node.named_children[0]
        return literals.name(self.text(node))

    def declared(self, name: Node, kind: Node | None) -> Name:
        """A declared variable; its type is kept unless it is `var`."""
        word = self.name_of(name)
        if kind is not None and kind.type != "implicit_type":
            self.types[word.lower()] = self.type_name(kind)
        return Name(self.at(name), word)

    def expr_default_expression(self, node: Node) -> Expr:
        return Const(self.at(node), None)

    expr_null_literal = expr_default_expression

    def expr_array_type(self, node: Node) -> Expr:
        return Name(self.at(node), self.type_name(node))

    expr_pointer_type = expr_nullable_type = expr_tuple_type = expr_array_type
