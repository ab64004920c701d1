"""Which elements of a configuration become rows, and what of them is kept."""

import hashlib
from collections.abc import Callable, Iterator

from exsweep.knowledge.mitigations import mitigation_of
from exsweep.knowledge.pages import shipped
from exsweep.parse.config.walk import Element

Row = dict[str, str]
_HASH_KEY = b"exsweep.machine-key/1"


class Settings:
    """Takes the elements of one file; `rows` are (line, offset, columns) in order."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, Row]] = []
        self.mitigations: dict[str, None] = {}
        """Ids of protections of Microsoft's that stand in the file; their rules are no rows."""
        self._location = ""
        self._site = ""
        self._application = ""
        self._rule: tuple[int, int, Row] | None = None

    def start(self, element: Element) -> None:
        get = element.attributes.get
        name, parent = element.path[-1], element.path[-2] if len(element.path) > 1 else ""
        if name == "location":
            self._location = get("path", "")
        elif name == "site":
            self._site = get("name", "")
        elif name == "application" and parent == "site":
            self._application = get("path", "/")
        elif name == "rule" and "rewrite" in element.path:
            self._rule = (element.line, element.offset, {"Section": "rewrite", "Name": get("name", "")})
        elif self._rule is not None and name == "match":
            self._rule[2]["Pattern"] = get("url", get("servervariable", ""))
        elif self._rule is not None and name == "add" and parent == "conditions":
            self._rule[2]["Value"] = (
                f"{self._rule[2].get('Value', '')} {get('input', '')}={get('pattern', '')}".strip()
            )
        elif self._rule is not None and name == "action":
            self._rule[2].update(Action=get("type", ""), Url=get("url", get("value", "")))
        else:
            maker = _MAKERS.get((parent, name)) or _MAKERS.get(("", name))
            if maker is not None:
                for row in maker(element):
                    self._add(element.line, element.offset, row)

    def end(self, path: tuple[str, ...]) -> None:
        if path[-1] == "location":
            self._location = ""
        elif path[-1] == "site":
            self._site = ""
        elif path[-1] == "rule" and self._rule is not None:
            line, offset, row = self._rule
            self._rule = None
            known = mitigation_of(" ".join(row.get(name, "") for name in ("Name", "Pattern", "Value")))
            if known is not None:
                self.mitigations[known.id] = None
            else:
                self._add(line, offset, row)

    def _add(self, line: int, offset: int, row: Row) -> None:
        if row.get("Section") == "virtualDirectory":
            row["Path"] = (self._application.rstrip("/") + row["Path"]) or "/"
        row |= {"Location": self._location, "Site": self._site}
        self.rows.append((line, offset, {key: value for key, value in row.items() if value}))


def _module(element: Element) -> Iterator[Row]:
    get = element.attributes.get
    yield {
        "Section": "modules",
        "Name": get("name", ""),
        "Type": get("type", ""),
        "PreCondition": get("precondition", ""),
    }


def _native(element: Element) -> Iterator[Row]:
    get = element.attributes.get
    yield {
        "Section": "globalModules",
        "Name": get("name", ""),
        "Image": get("image", ""),
        "PreCondition": get("precondition", ""),
    }


def _filter(element: Element) -> Iterator[Row]:
    yield {
        "Section": "isapiFilters",
        "Name": element.attributes.get("name", ""),
        "Image": element.attributes.get("path", ""),
    }


def _handler(element: Element) -> Iterator[Row]:
    get = element.attributes.get
    yield {
        "Section": "handlers",
        "Name": get("name", ""),
        "Path": get("path", ""),
        "Verb": get("verb", ""),
        "Type": get("type", ""),
        "Modules": get("modules", ""),
        "Image": get("scriptprocessor", ""),
        "PreCondition": get("precondition", ""),
    }


def _folder(element: Element) -> Iterator[Row]:
    get = element.attributes.get
    yield {"Section": "virtualDirectory", "Path": get("path", "/"), "PhysicalPath": get("physicalpath", "")}


def _redirect(element: Element) -> Iterator[Row]:
    get = element.attributes.get
    if get("enabled", "false").lower() == "true" and get("destination"):
        yield {"Section": "httpRedirect", "Url": get("destination", "")}


def _machine_key(element: Element) -> Iterator[Row]:
    """Keys are never kept: a keyed hash tells whether two servers share one."""
    keys = [element.attributes.get(name, "") for name in ("validationkey", "decryptionkey")]
    fixed = [key for key in keys if key and not key.lower().startswith("autogenerate")]
    hashed = [
        hashlib.blake2b(key.upper().encode(), key=_HASH_KEY, digest_size=8).hexdigest() for key in fixed
    ]
    yield {"Section": "machineKey", "Name": "fixed" if fixed else "automatic", "Value": " ".join(hashed)}


def _provider(element: Element) -> Iterator[Row]:
    get = element.attributes.get
    yield {"Section": "buildProviders", "Path": get("extension", ""), "Type": get("type", "")}


def _compiler(element: Element) -> Iterator[Row]:
    get = element.attributes.get
    yield {
        "Section": "compilers",
        "Path": get("extension", ""),
        "Name": get("language", ""),
        "Type": get("type", ""),
    }


def _agent(element: Element) -> Iterator[Row]:
    get = element.attributes.get
    yield {
        "Section": "transportAgent",
        "Name": get("name", ""),
        "Image": get("assemblypath", ""),
        "Type": get("classfactory", ""),
        "Value": get("enabled", ""),
    }


def _compiled(element: Element) -> Iterator[Row]:
    """What ASP.NET notes of a page that it compiled: the page was asked for, even if it is gone now."""
    path = element.attributes.get("virtualpath", "")
    answer = shipped(path).answer if path else None
    yield {
        "Section": "compiled",
        "Url": path,
        "Name": element.attributes.get("assembly", ""),
        "Shipped": {True: "yes", False: "no", None: "unknown"}[answer],
    }


_MAKERS: dict[tuple[str, str], Callable[[Element], Iterator[Row]]] = {
    ("globalModules", "add"): _native,
    ("modules", "add"): _module,
    ("httpModules", "add"): _module,
    ("isapiFilters", "filter"): _filter,
    ("handlers", "add"): _handler,
    ("httpHandlers", "add"): _handler,
    ("application", "virtualDirectory"): _folder,
    ("", "httpRedirect"): _redirect,
    ("", "machineKey"): _machine_key,
    ("buildProviders", "add"): _provider,
    ("compilers", "compiler"): _compiler,
    ("agentList", "agent"): _agent,
    ("", "preserve"): _compiled,
}
