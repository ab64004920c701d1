"""What VB.NET says of types: names with what they are of, parameters, attributes."""

from exsweep.detect.webshell.code import Expr, Member, Name
from exsweep.detect.webshell.languages.basic_cursor import MAX_DEPTH
from exsweep.detect.webshell.languages.basic_expressions import BasicExpressions


class BasicTypes(BasicExpressions):
    """Types, wherever they stand."""

    def type_name(self, *, arrays: bool = True) -> str:
        """`System.Collections.Generic.List(Of String)()` as written, without space; array brackets are `[]`."""
        first = self.place
        while self.is_name(self.place) and (self.accept(self.word[self.place])) and self.accept("."):
            pass
        name = "".join(self.text[first : self.place])
        if self.word[self.place] == "(" and self.word[self.place + 1] == "of":
            first = self.place
            if self.type_arguments():
                name += " ".join(self.text[first : self.place]).replace("( ", "(").replace(" )", ")")
        self.accept("?")
        while arrays and self.word[self.place] == "(" and self.word[self.place + 1] in (")", ","):
            end = self.place + 1
            while self.word[end] == ",":
                end += 1
            if self.word[end] != ")":
                break
            name += "[]"
            self.place = end + 1
        return name

    def dotted(self, name: str, at: int) -> Expr:
        """A type's name as an expression."""
        first, *rest = name.split("(")[0].split(".")
        made: Expr = Name(at, first)
        for part in rest[:MAX_DEPTH]:
            made = Member(at, made, part)
        return made

    def parameters(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names and declared types of a list in brackets."""
        names: list[str] = []
        types: list[str] = []
        if not self.accept("("):
            return (), ()
        while self.word[self.place] not in (")", "") and len(names) < 10_000:
            self.skip_breaks()
            if self.word[self.place] == "<":
                self.attribute_text()
            while self.word[self.place] in ("byval", "byref", "optional", "paramarray") and self.is_name(
                self.place + 1
            ):
                self.place += 1
            if not self.is_name(self.place):
                break
            names.append(self.name_at(self.place))
            self.place += 1
            rank = self.word[self.place] == "(" and bool(self.listed("(", ")") or True)
            kind = self.type_name() if self.accept("as") else ""
            types.append(kind + "[]" if rank and kind else kind)
            if self.accept("="):
                self.expression()
            self.skip_breaks()
            if not self.accept(","):
                break
        self.close(")")
        return tuple(names), tuple(types)

    def attribute_text(self) -> tuple[str, ...]:
        """`<WebMethod()>` or `<A, B("x")>`, as written and apart."""
        first = self.place
        if not self.accept("<"):
            return ()
        matching = self.matches()
        found: list[str] = []
        start = self.start[self.place]
        while self.word[self.place] not in (">", "", ":=") and self.place - first < 500:
            if self.word[self.place] == ",":
                found.append(self.source[start : self.start[self.place]].strip())
                start = self.start[self.place] + 1
            self.place = max(matching[self.place], self.place) + 1
            self.place = min(self.place, len(self.word) - 1)
        found.append(self.source[start : self.start[self.place]].strip())
        self.accept(">")
        return tuple(text for text in found if text)
