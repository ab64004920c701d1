"""What a parser of any server language makes of code: one small tree, the same for C#, VB, JScript and VBScript.

Trees are made by `languages`, read by folding and data flow. A parser never fails: what it cannot read becomes
`Unread`, so that one strange token hides nothing but itself. `at` is the offset of the first character in the text
that was given to the parser, so that every claim can be quoted.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Final, TypeAlias

import msgspec

THROWN: Final = "#thrown"
"""What any `throw` of the page throws: the variable of every `catch`."""


class _Node(msgspec.Struct, frozen=True, gc=False):
    at: int


class Const(_Node, frozen=True):
    """A literal, or what folding made of an expression."""

    value: str | bytes | int | float | bool | None


class Name(_Node, frozen=True):
    """An identifier with escapes undone, in the letters of the page; VB and VBScript compare without regard to case."""

    name: str


class Member(_Node, frozen=True):
    """`base.name`; in VB's `With` blocks base is the object of the block. JScript `base["name"]` is this too."""

    base: "Expr"
    name: str


class Call(_Node, frozen=True):
    """`function(arguments)`; with `new` the construction of a type. VB's `a(1)` is this, be it a call or an index.

    A named argument is an `Assign` with the operator `:` among the arguments. What braces add to a construction
    (`new T(1) { A = x }`, `New T(1) With {.A = x}`) is an `Assign` with `=` after the arguments; the items of a
    collection (`new List<string> { "a" }`, `From {"a"}`) are one `Sequence` there. `new byte[9]` is the construction
    of `byte[]`; `new byte[] { 1, 2 }` is a `Sequence`. JScript's `/a/g` is `new RegExp("a", "g")`.
    """

    function: "Expr"
    arguments: "tuple[Expr, ...]"
    new: bool = False


class Index(_Node, frozen=True):
    """`base[arguments]`."""

    base: "Expr"
    arguments: "tuple[Expr, ...]"


class Op(_Node, frozen=True):
    """An operator and its operands: `+` (VB `&` is `+` too), `?:`, `cast`, `as`, `typeof`, `await`, `interpolate` ...

    A chain of one operator has all its operands, to be read from the left: `a + b + c` has three. `cast`, `as` and `is`
    have the value first, then the type. Numbers that VB's `&` joins are text already. `out` and `ref` are what stands
    before an argument, `query` is LINQ, `throw` a statement, `addressof` and `not` are VB's. A branch whose condition is
    `with` is JScript's: its bodies may name members of the operand alone.
    """

    operator: str
    operands: "tuple[Expr, ...]"


class Assign(_Node, frozen=True):
    """`target = value`; a declaration with a value is this. `for each x in y` assigns `y` to `x`."""

    target: "Expr"
    value: "Expr"
    operator: str = "="


class Sequence(_Node, frozen=True):
    """Array, object, collection or tuple literal."""

    items: "tuple[Expr, ...]"


class Lambda(_Node, frozen=True):
    parameters: tuple[str, ...]
    body: "tuple[Statement, ...]"


class Unread(_Node, frozen=True):
    """Code that no rule of the grammar fits; the pieces that could be read are kept."""

    text: str
    pieces: "tuple[Expr, ...]" = ()


class Return(_Node, frozen=True):
    value: "Expr | None"
    """None for a bare `return`, and for `Exit Sub`, `Exit Function` and `Exit Property` of VB."""


class Branch(_Node, frozen=True):
    """If, switch, loop, try, using: conditions and bodies in the order of the text."""

    conditions: "tuple[Expr, ...]"
    bodies: "tuple[tuple[Statement, ...], ...]"
    loop: bool = False
    """Do the bodies run many times?"""


class Function(_Node, frozen=True):
    """Method, property accessor, event handler, sub, local function."""

    name: str
    parameters: tuple[str, ...]
    body: "tuple[Statement, ...]"
    types: tuple[str, ...] = ()
    """Declared type of each parameter, `""` where there is none."""
    attributes: tuple[str, ...] = ()
    """`WebMethod`, `DllImport("kernel32")` ... as written."""
    owner: str = ""
    """Class that it stands in."""


class Class(_Node, frozen=True):
    name: str
    bases: tuple[str, ...]
    """Base class and interfaces: `IHttpHandler`, `System.Web.UI.Page` ..."""


Expr: TypeAlias = Const | Name | Member | Call | Index | Op | Assign | Sequence | Lambda | Unread
Statement: TypeAlias = Expr | Return | Branch | Function


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """One block of code.

    All code stands in exactly one place: in `statements` or in the body of one of `functions`. Functions are never in
    the bodies of others, lambdas are. Accessors are functions `get_X` and `set_X`, indexers `get_Item`; VB's `Declare`
    has the `DllImport("lib", EntryPoint="name")` that it means among its attributes, and a VB function that assigns to
    its own name ends with a `Return` of that name. Names that begin with `#` are made here: the object of VB's `With`,
    and what stood for an expression that nests too deeply, which is assigned to the name in the same body.
    """

    language: str
    """`csharp`, `vb`, `jscript` or `vbscript`."""
    statements: tuple[Statement, ...] = ()
    """Top-level code and fields with their values, in order."""
    functions: tuple[Function, ...] = ()
    """All functions, those of classes too, in order."""
    classes: tuple[Class, ...] = ()
    imports: tuple[str, ...] = ()
    """Namespaces in use; `alias=Namespace.Type` for aliases."""
    types: dict[str, str] = {}
    """Declared type of variables and fields, where there is one: lower-case name -> type as written."""
    unread: int = 0
    """Characters that no rule of the grammar fits."""


def _of_branch(node: Branch) -> tuple[Statement, ...]:
    return tuple(chain(node.conditions, *node.bodies))


_CHILDREN: dict[type, Callable[[Any], tuple[Statement, ...]]] = {
    Member: lambda node: (node.base,),
    Call: lambda node: (node.function, *node.arguments),
    Index: lambda node: (node.base, *node.arguments),
    Op: lambda node: node.operands,
    Assign: lambda node: (node.target, node.value),
    Sequence: lambda node: node.items,
    Unread: lambda node: node.pieces,
    Lambda: lambda node: node.body,
    Function: lambda node: node.body,
    Return: lambda node: (node.value,) if node.value is not None else (),
    Branch: _of_branch,
}


def children(node: Statement) -> tuple[Statement, ...]:
    """The nodes directly below one."""
    below = _CHILDREN.get(type(node))
    return below(node) if below is not None else ()


def walk(nodes: "tuple[Statement, ...]") -> Iterator[Statement]:
    """All nodes, parents first, without recursion: hostile nesting must not end the program."""
    stack: list[Statement] = list(reversed(nodes))
    below = _CHILDREN.get
    while stack:
        node = stack.pop()
        yield node
        inner = below(type(node))
        if inner is not None:
            stack.extend(inner(node)[::-1])
