"""C# statements and declarations; functions and classes are listed, not nested."""

from typing import ClassVar

from tree_sitter import Node

from exsweep.detect.webshell.code import (
    THROWN,
    Assign,
    Branch,
    Call,
    Class,
    Expr,
    Function,
    Name,
    Return,
    Statement,
)
from exsweep.detect.webshell.languages import csharp_literals as literals
from exsweep.detect.webshell.languages.csharp_expressions import CSHARP, CSharpExpressions
from exsweep.detect.webshell.languages.trees import ExprReader, StatementReader, TreeReader, kinds, parts_of


class CSharpReader(CSharpExpressions):
    """Reads compilation units, class members and statement lists alike."""

    exprs: ClassVar[dict[int, ExprReader]]
    statements: ClassVar[dict[int, StatementReader]]

    # statements ---------------------------------------------------------------------------------------------------

    def stmt_block(self, node: Node, out: list[Statement]) -> None:
        for child in parts_of(node):
            self.statement(child, out)

    stmt_compilation_unit = stmt_global_statement = stmt_declaration_list = stmt_block
    stmt_checked_statement = stmt_unsafe_statement = stmt_preproc_else = stmt_block
    stmt_expression_statement = stmt_local_declaration_statement = stmt_block
    stmt_field_declaration = stmt_event_field_declaration = stmt_block

    def stmt_preproc_if(self, node: Node, out: list[Statement]) -> None:
        """Both sides of `#if` are code."""
        condition = node.child_by_field_name("condition")
        for child in parts_of(node):
            if condition is None or child.id != condition.id:
                self.statement(child, out)

    stmt_preproc_elif = stmt_preproc_if

    def stmt_namespace_declaration(self, node: Node, out: list[Statement]) -> None:
        body = node.child_by_field_name("body")
        if body is not None:
            self.statement(body, out)

    stmt_file_scoped_namespace_declaration = stmt_namespace_declaration

    def stmt_labeled_statement(self, node: Node, out: list[Statement]) -> None:
        for child in node.named_children[1:]:
            self.statement(child, out)

    stmt_empty_statement = stmt_break_statement = stmt_continue_statement = TreeReader.skip
    stmt_goto_statement = stmt_modifier = stmt_attribute_list = stmt_delegate_declaration = TreeReader.skip
    stmt_enum_declaration = stmt_global_attribute = stmt_extern_alias_directive = TreeReader.skip
    stmt_base_list = stmt_type_parameter_list = stmt_type_parameter_constraints_clause = TreeReader.skip

    def stmt_variable_declaration(self, node: Node, out: list[Statement]) -> None:
        kind = node.child_by_field_name("type")
        for child in node.named_children:
            if child.type != "variable_declarator":
                continue
            parts = parts_of(child)
            valued = any(part.type == "=" for part in child.children)
            name = child.child_by_field_name("name") or (parts[0] if parts else None)
            if name is None:
                continue
            if name.type == "tuple_pattern" and kind is not None and not valued:
                # after an error the grammar takes `f(x);` for a declaration of (x) with the type f
                function = self.expr(kind)
                out.append(Call(function.at, function, self.exprs_of(name.named_children)))
                continue
            target: Expr = self.expr(name) if name.type == "tuple_pattern" else self.declared(name, kind)
            if valued and len(parts) > 1:
                out.append(Assign(target.at, target, self.expr(parts[-1])))

    stmt_yield_statement = TreeReader.stmt_return_statement

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
            here = here.child_by_field_name("alternative")
        if here is not None:
            bodies.append(self.body(here))
        out.append(Branch(self.at(node), tuple(conditions), tuple(bodies)))

    def stmt_for_statement(self, node: Node, out: list[Statement]) -> None:
        """Initialiser, condition and step are conditions."""
        conditions: list[Expr] = []
        body: tuple[Statement, ...] = ()
        last = node.child_by_field_name("body")
        for child in parts_of(node):
            if last is not None and child.id == last.id:
                body = self.body(child)
            elif child.type == "variable_declaration":
                conditions.extend(self._declarations(child))
            else:
                conditions.append(self.expr(child))
        out.append(Branch(self.at(node), tuple(conditions), (body,), True))

    stmt_while_statement = stmt_do_statement = stmt_for_statement

    def _declarations(self, node: Node) -> list[Expr]:
        made: list[Statement] = []
        self.stmt_variable_declaration(node, made)
        return [item for item in made if isinstance(item, Assign)]

    def stmt_foreach_statement(self, node: Node, out: list[Statement]) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        conditions: tuple[Expr, ...] = ()
        if left is not None and right is not None:
            single = left.type == "identifier"
            target = self.declared(left, node.child_by_field_name("type")) if single else self.expr(left)
            conditions = (Assign(target.at, target, self.expr(right)),)
        out.append(Branch(self.at(node), conditions, (self.body(node.child_by_field_name("body")),), True))

    def stmt_using_statement(self, node: Node, out: list[Statement]) -> None:
        """Declarations and values are conditions, blocks are bodies."""
        conditions: list[Expr] = []
        bodies: list[tuple[Statement, ...]] = []
        children = parts_of(node)
        for place, child in enumerate(children):
            if child.type == "variable_declaration":
                conditions.extend(self._declarations(child))
            elif place == len(children) - 1 or child.type == "block":
                bodies.append(self.body(child))
            else:
                conditions.append(self.expr(child))
        out.append(Branch(self.at(node), tuple(conditions), tuple(bodies)))

    stmt_lock_statement = stmt_fixed_statement = stmt_using_statement

    def stmt_try_statement(self, node: Node, out: list[Statement]) -> None:
        conditions: list[Expr] = []
        bodies: list[tuple[Statement, ...]] = []
        for child in node.named_children:
            if child.type == "block":
                bodies.append(self.body(child))
            thrown: tuple[Statement, ...] = ()
            for part in child.named_children if child.type in ("catch_clause", "finally_clause") else ():
                if part.type == "block":
                    bodies.append((*thrown, *self.body(part)))
                elif part.type == "catch_declaration":
                    caught = part.child_by_field_name("name")
                    if caught is not None:
                        name = Name(self.at(caught), self.name_of(caught))
                        thrown = (Assign(name.at, name, Name(name.at, THROWN)),)
                elif part.type == "catch_filter_clause":
                    conditions.extend(self.exprs_of(part.named_children))
        out.append(Branch(self.at(node), tuple(conditions), tuple(bodies)))

    def stmt_switch_statement(self, node: Node, out: list[Statement]) -> None:
        conditions: list[Expr] = []
        bodies: list[tuple[Statement, ...]] = []
        for child in node.named_children:
            if child.type != "switch_body":
                conditions.extend(self.exprs_of([child]))
                continue
            asked = conditions[-1] if conditions else Name(self.at(child), "")
            for section in child.named_children:
                made: list[Statement] = []
                for part in section.named_children:
                    if self.statements[part.kind_id] is TreeReader.other_statement:
                        conditions.extend(self.matched(part, asked) or self.exprs_of([part]))
                    else:
                        self.statement(part, made)
                bodies.append(tuple(made))
        out.append(Branch(self.at(node), tuple(conditions), tuple(bodies)))

    # declarations -------------------------------------------------------------------------------------------------

    def stmt_using_directive(self, node: Node, out: list[Statement]) -> None:
        parts = parts_of(node)
        alias = node.child_by_field_name("name")
        if parts:
            target = "".join(self.text(parts[-1]).split()).removeprefix("global::")
            static = "static " if any(child.type == "static" for child in node.children) else ""
            self.imports.append(f"{self.name_of(alias)}={target}" if alias else f"{static}{target}")

    def stmt_class_declaration(self, node: Node, out: list[Statement]) -> None:
        self.later(self._class, node)

    stmt_struct_declaration = stmt_record_declaration = stmt_interface_declaration = stmt_class_declaration

    def _class(self, node: Node) -> None:
        name = self.name_of(node.child_by_field_name("name"))
        bases = [
            base
            for child in node.named_children
            if child.type == "base_list"
            for base in child.named_children
        ]
        self.classes.append(Class(self.at(node), name, tuple(self.type_name(base) for base in bases)))
        body = node.child_by_field_name("body")
        if body is not None:
            self.owner = name
            self.statement(body, self.top)

    def stmt_method_declaration(self, node: Node, out: list[Statement]) -> None:
        self.later(self._function, node)

    stmt_local_function_statement = stmt_constructor_declaration = stmt_method_declaration
    stmt_destructor_declaration = stmt_operator_declaration = stmt_method_declaration
    stmt_conversion_operator_declaration = stmt_method_declaration

    def _function(self, node: Node) -> None:
        body: list[Statement] = []
        for child in node.named_children:
            if child.type == "constructor_initializer":
                parent = Name(self.at(child), "this" if child.children[1].type == "this" else "base")
                inner = [part for part in child.named_children if part.type == "argument_list"]
                body.append(Call(parent.at, parent, self.arguments(inner[0] if inner else None)))
        name = node.child_by_field_name("name")
        self._add(
            node,
            self.name_of(name) if name else "operator",
            node.child_by_field_name("parameters"),
            node.child_by_field_name("body"),
            body,
        )

    def _add(
        self, node: Node, name: str, parameters: Node | None, code: Node | None, body: list[Statement]
    ) -> None:
        names, types = self.parameters(parameters)
        if name.startswith(("set_", "add_", "remove_")):
            names, types = (*names, "value"), (*types, "")
        body.extend(self.arrow_body(code))
        self.finish(body)
        attributes = self._attributes(node)
        self.functions.append(
            Function(self.at(node), name, names, tuple(body), types, attributes, self.owner)
        )

    def arrow_body(self, code: Node | None) -> tuple[Statement, ...]:
        """`=> x` returns `x`."""
        if code is not None and code.type == "arrow_expression_clause":
            return tuple(Return(value.at, value) for value in self.exprs_of(code.named_children))
        return self.body(code)

    def _attributes(self, node: Node) -> tuple[str, ...]:
        lists = [child for child in node.named_children if child.type == "attribute_list"]
        return tuple(
            literals.plain(self.text(attribute))
            for attributes in lists
            for attribute in attributes.named_children
            if attribute.type == "attribute"
        )

    def stmt_property_declaration(self, node: Node, out: list[Statement]) -> None:
        """The value of an automatic property is assigned to its name; accessors are `get_X` and `set_X`."""
        name, kind = node.child_by_field_name("name"), node.child_by_field_name("type")
        value = node.child_by_field_name("value")
        if name is not None:
            target = self.declared(name, kind)
            if value is not None and value.type != "arrow_expression_clause":
                out.append(Assign(target.at, target, self.expr(value)))
        self.later(self._property, node)

    stmt_indexer_declaration = stmt_event_declaration = stmt_property_declaration

    def _property(self, node: Node) -> None:
        name = self.name_of(node.child_by_field_name("name")) or "Item"
        parameters = node.child_by_field_name("parameters")
        value = node.child_by_field_name("value")
        if value is not None and value.type == "arrow_expression_clause":
            self._add(node, f"get_{name}", parameters, value, [])
        accessors = node.child_by_field_name("accessors")
        for accessor in accessors.named_children if accessors else ():
            body = accessor.child_by_field_name("body")
            word = accessor.child_by_field_name("name")
            if body is not None and word is not None:
                kind = "set" if self.text(word) == "init" else self.text(word)
                self._add(accessor, f"{kind}_{name}", parameters, body, [])


CSharpReader.exprs = kinds(CSHARP, CSharpReader, "expr_")
CSharpReader.statements = kinds(CSHARP, CSharpReader, "stmt_")
