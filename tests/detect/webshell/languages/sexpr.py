"""Trees in one line: what the tables of these tests expect."""

from exsweep.detect.webshell.code import (
    Assign,
    Branch,
    Call,
    Const,
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
    Unread,
)


def _all(nodes: tuple[Statement, ...]) -> str:
    return " ".join(show(node) for node in nodes)


def show(node: Statement) -> str:
    """`(f a.b 'x')` is a call, `(= a b)` an assignment, `<+ a b>` an operator, `{a b}` a sequence, `[...]` a body."""
    match node:
        case Const(value=value):
            return repr(value)
        case Name(name=name):
            return name
        case Member(base=base, name=name):
            return f"{show(base)}.{name}"
        case Call(function=function, arguments=arguments, new=new):
            return f"({'new ' if new else ''}{_all((function, *arguments))})"
        case Index(base=base, arguments=arguments):
            return f"{show(base)}[{_all(arguments)}]"
        case Op(operator=operator, operands=operands):
            return f"<{operator}{' ' if operands else ''}{_all(operands)}>"
        case Assign(target=target, value=value, operator=operator):
            return f"({operator} {show(target)} {show(value)})"
        case Sequence(items=items):
            return "{" + _all(items) + "}"
        case Lambda(parameters=parameters, body=body):
            return f"(fn ({' '.join(parameters)}) [{_all(body)}])"
        case Return(value=value):
            return f"(return {show(value)})" if value is not None else "(return)"
        case Branch(conditions=conditions, bodies=bodies):
            return f"(branch [{_all(conditions)}]{''.join(f' [{_all(body)}]' for body in bodies)})"
        case Function():
            return function_line(node)
        case Unread(text=text, pieces=pieces):
            return f"(? {text!r}{''.join(' ' + show(piece) for piece in pieces)})"


def function_line(function: Function) -> str:
    """`(def Owner.name (parameter:type) @attribute [body])`."""
    types = function.types or ("",) * len(function.parameters)
    parameters = " ".join(
        f"{name}:{kind}" if kind else name for name, kind in zip(function.parameters, types, strict=True)
    )
    name = f"{function.owner}.{function.name}" if function.owner else function.name
    attributes = "".join(f" @{attribute}" for attribute in function.attributes)
    return f"(def {name} ({parameters}){attributes} [{_all(function.body)}])"


def program(tree: Program) -> str:
    """Statements and functions, a line each."""
    return "\n".join(show(item) for item in (*tree.statements, *tree.functions))
