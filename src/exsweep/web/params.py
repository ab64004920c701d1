"""Path, query and body as one typed struct; what does not fit is refused with the place named (H69)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from exsweep.web.problem import Problem, not_found
from exsweep.web.routes import Route

_MOST_FIELDS = 2_000
_LARGEST = 1 << 63
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
CSRF_FIELD = "csrf"


def form(body: bytes) -> list[tuple[str, str]]:
    """Fields of a form that was sent as `application/x-www-form-urlencoded`.

    Raises:
        Problem: too many fields, or no UTF-8.
    """
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Problem(
            400, "The form cannot be read.", tip="Load the page again and fill it in anew."
        ) from None


def read(
    route: Route,
    path: Mapping[str, str],
    query: Sequence[tuple[str, str]],
    fields: Sequence[tuple[str, str]] | None,
    document: bytes | None,
) -> msgspec.Struct:
    """The parameters of a request.

    Args:
        fields: of a form; empty ones count as not given.
        document: a JSON object.

    Raises:
        Problem: 404 for an id that is none, 422 for anything else that does not fit.
    """
    loose = _gather(route, [pair for pair in (*query, *(fields or ())) if pair[1] != "" or pair[0] in path])
    loose.pop(CSRF_FIELD, None)
    if route.lenient:
        loose = {name: value for name, value in loose.items() if name in route.params.__struct_fields__}
    try:
        given: dict[str, Any] = dict(loose)
        if document:
            typed = msgspec.json.decode(document, type=dict[str, Any])
            both = typed.keys() & {*given, *path}
            if both:
                raise msgspec.ValidationError(f"given twice: {', '.join(sorted(both))}")
            given |= typed
        if given.keys() & path.keys():
            raise msgspec.ValidationError("the address already says which")
        given |= path
        # Forms and addresses know only text; JSON says what it means and is held to it, path and query aside.
        made: msgspec.Struct = msgspec.convert(given, route.params, strict=False)
        _sane(made)
        return made
    except (msgspec.MsgspecError, RecursionError) as error:
        if any(f"`$.{name}`" in str(error) for name in (*path, *route.ids)):
            raise not_found() from None
        raise Problem(422, f"This cannot be understood: {error}.", tip="Mend it and send it again.") from None


def _sane(given: msgspec.Struct) -> None:
    """Numbers that the store can hold, and days that calendars can count on from; others are nobody's question.

    Raises:
        ValidationError: another one.
    """
    for name in given.__struct_fields__:
        value = getattr(given, name)
        for each in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(each, int) and not -_LARGEST <= each < _LARGEST:
                raise msgspec.ValidationError(f"a number is too large - at `$.{name}`")
            if isinstance(each, date) and not _FIRST_YEAR <= each.year <= _LAST_YEAR:
                raise msgspec.ValidationError(
                    f"a day is before {_FIRST_YEAR} or after {_LAST_YEAR} - at `$.{name}`"
                )


def _gather(route: Route, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Fields that take several values become lists."""
    lists = {
        field.encode_name
        for field in msgspec.structs.fields(route.params)
        if isinstance(
            _bare(msgspec.inspect.type_info(field.type)),
            (msgspec.inspect.VarTupleType, msgspec.inspect.ListType),
        )
    }
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in lists:
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found


def _bare(of: msgspec.inspect.Type) -> msgspec.inspect.Type:
    return _bare(of.type) if isinstance(of, msgspec.inspect.Metadata) else of
