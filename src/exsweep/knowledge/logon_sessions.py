"""Which logons leave a secret in the memory of the server, from `data/logon_sessions.yml`."""

import re
from functools import cache

import msgspec

from exsweep.errors import KnowledgeError
from exsweep.knowledge import data_files

_FILE = "logon_sessions.yml"
MOST = 200
"""Accounts of one file that are kept."""


class LogonSessions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the comments in the file."""

    version: int
    source: tuple[str, ...]
    format: str
    code: str
    ids: tuple[str, ...]
    type: str
    types: tuple[str, ...]
    domain: str
    user: str
    ignore: str
    """RE on `DOMAIN\\user`."""


@cache
def logon_sessions() -> LogonSessions:
    """The shipped values.

    Raises:
        KnowledgeError: the file does not fit this program.
    """
    made = data_files.document(_FILE, LogonSessions)
    try:
        re.compile(made.ignore)
    except re.error as error:
        raise KnowledgeError(f"data/{_FILE}: ignore: {error}.", tip="Mend the expression.") from error
    return made
