"""Blocks that are open while statements of VB are read: a stack of our own, as pages may nest without bound."""

from abc import abstractmethod
from collections import defaultdict

from exsweep.detect.webshell.code import Branch, Expr, Name, Statement
from exsweep.detect.webshell.languages.basic_words import BasicWords

MAX_BLOCKS = 60
"""Blocks inside each other that the tree shows; what is deeper lies flat in the innermost."""
CALLABLE = frozenset(("function", "sub", "operator", "property", "get", "set", "lambda"))
_LOOPS = frozenset(("for", "do", "while"))
CONTAINERS = frozenset(("class", "module", "structure", "interface", "namespace", "property block"))


class Frame:
    """One open block."""

    __slots__ = (
        "assigned", "at", "attributes", "bodies", "conditions", "counts", "flat", "kind", "line", "name", "out",
        "parameters", "returns", "types",
    )  # fmt: skip

    def __init__(
        self,
        kind: str,
        at: int,
        *,
        conditions: "list[Expr] | None" = None,
        line: bool = False,
        name: str = "",
        returns: str = "",
        parameters: tuple[str, ...] = (),
        types: tuple[str, ...] = (),
        attributes: tuple[str, ...] = (),
    ) -> None:
        self.kind = kind
        self.at = at
        self.conditions = conditions if conditions is not None else []
        self.bodies: list[tuple[Statement, ...]] = []
        self.out: list[Statement] = []
        self.line = line  # an If that ends with its line
        self.flat = False
        self.name = name
        self.returns = returns  # the name by which a property's Get returns
        self.parameters = parameters
        self.types = types
        self.attributes = attributes
        self.assigned: list[Name] = []
        self.counts: defaultdict[str, int] = defaultdict(int)


class BasicBlocks(BasicWords):
    """Opens and closes blocks; a block that nobody closes ends with what holds it."""

    def __init__(self, code: str, *, dotnet: bool) -> None:
        super().__init__(code, dotnet=dotnet)
        self.frames = [Frame("top", 0)]
        self.scopes = [self.frames[0]]  # open frames that count their own blocks: top, containers, functions
        self.nested = 0

    @property
    def out(self) -> list[Statement]:
        """Where statements go now."""
        return self.frames[-1].out

    def made(self, statement: Statement) -> None:
        """Appends a statement."""
        self.frames[-1].out.append(statement)

    def owner(self) -> str:
        """The innermost open class."""
        return next(
            (scope.name for scope in reversed(self.scopes) if scope.kind in CONTAINERS - _NAMELESS), ""
        )

    def enter(self, frame: Frame) -> None:
        """Opens a block."""
        if frame.kind in CALLABLE or frame.kind in CONTAINERS:
            self.scopes.append(frame)
            if frame.kind in CONTAINERS:
                frame.out = self.frames[0].out if not self.nested_lambda() else self.out
        else:
            self.scopes[-1].counts[frame.kind] += 1
            self.nested += 1
            if self.nested > MAX_BLOCKS:
                frame.flat = True
                frame.out = self.out
                self.out.extend(frame.conditions)
        self.frames.append(frame)

    def nested_lambda(self) -> bool:
        """Whether a lambda's statements are being read."""
        return any(scope.kind == "lambda" for scope in self.scopes)

    def leave(self) -> None:
        """Closes the innermost block and puts it where it belongs."""
        frame = self.frames.pop()
        if frame.kind in CALLABLE or frame.kind in CONTAINERS:
            self.scopes.pop()
            if frame.kind in CALLABLE:
                self.close_function(frame)
            return
        self.scopes[-1].counts[frame.kind] -= 1
        self.nested -= 1
        if frame.kind == "with" and self.with_object:
            self.with_object.pop()
        if not frame.flat:
            frame.bodies.append(tuple(frame.out))
            loop = frame.kind in _LOOPS
            self.made(Branch(frame.at, tuple(frame.conditions), tuple(frame.bodies), loop))

    @abstractmethod
    def close_function(self, frame: Frame) -> None:
        """To be given by the declarations."""

    def leave_to(self, kind: str) -> bool:
        """Closes all blocks up to the innermost of a kind and that too; False where none is open in this function."""
        if kind in CALLABLE or kind in CONTAINERS:
            if not any(scope.kind == kind for scope in reversed(self.scopes[1:])):
                return False
        elif not self.scopes[-1].counts[kind]:
            return False
        while self.frames[-1].kind != kind:
            if self.frames[-1].kind == "lambda":
                return False
            self.leave()
        self.leave()
        return True

    def inner(self, kind: str) -> Frame | None:
        """The innermost block of a kind, with all that it holds closed; None where none is open in this function."""
        if not self.scopes[-1].counts[kind]:
            return None
        while self.frames[-1].kind != kind:
            self.leave()
        return self.frames[-1]

    def next_body(self, frame: Frame, condition: Expr | None = None) -> None:
        """`Else`, `Case`, `Catch`: the block goes on with another body."""
        if frame.flat:
            if condition is not None:
                frame.out.append(condition)
            return
        frame.bodies.append(tuple(frame.out))
        frame.out = []
        if condition is not None:
            frame.conditions.append(condition)

    def leave_lines(self) -> None:
        """A line's end closes every If of one line."""
        while self.frames[-1].line:
            self.leave()

    def leave_function(self) -> None:
        """A function never stands in another: one that was not ended ends where the next begins."""
        while self.scopes[-1].kind in CALLABLE and self.scopes[-1].kind != "lambda":
            self.leave()


_NAMELESS = frozenset(("property block", "namespace"))
