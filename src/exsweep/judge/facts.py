"""What one hit tells about its sender, its session and its web shell: the keys by which hits are joined."""

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from functools import cache, lru_cache
from ipaddress import ip_address, ip_network
from urllib.parse import unquote

from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.judging import judging
from exsweep.model import Hit, Stage

_DEEPEST = 32
"""Folders of a path that are compared."""
_SHELL_STAGES = frozenset({Stage.WEBSHELL, Stage.WEBSHELL_USE})


@lru_cache(maxsize=65_536)
def _place(address: str) -> str:
    """`local`, `private`, `public` or `none`."""
    try:
        value = ip_address(address.split("%")[0])
    except ValueError:
        return "none"
    mapped = getattr(value, "ipv4_mapped", None)
    value = mapped or value
    for name, ranges in (("local", judging().local_addresses), ("private", judging().private_addresses)):
        if any(value in network for network in map(ip_network, ranges) if network.version == value.version):
            return name
    return "public"


_ADDRESS_WITH_MARKUP = re.compile(
    r"https?://[^\s'\"<>]{0,100}<[^\r\n]{0,2000}?>(?:[^\r\n]{0,2000}?</\w{1,10}>)?"
)
_DOUBLED = re.compile(r"(['\"])\1")
_LONGEST_SETTING = 16_384


@cache
def _ecs_names() -> dict[str, dict[str, str]]:
    return {one.id: {native: ecs for ecs, native in one.ecs.items()} for one in load_formats()}


def value_of(hit: Hit, column: str) -> str | None:
    """A column by its ECS name, or by the name that the log gives it: a hit keeps the ECS one where there is one."""
    return hit.fields.get(column) or hit.fields.get(_ecs_names().get(hit.kind, {}).get(column, ""))


def address(hit: Hit) -> str | None:
    """The sender, unless it is the server itself or not an address; behind a load balancer the one that it names."""
    value = hit.fields.get("source.ip", "")
    place = _place(value)
    if place == "public":
        return value.lower()
    return forwarded(hit.fields.get("network.forwarded_ip", "")) or (
        value.lower() if place == "private" else None
    )


@lru_cache(maxsize=65_536)
def forwarded(header: str) -> str | None:
    """The last public address of `X-Forwarded-For`: the nearest proxy wrote it, the sender may have made up the rest.

    >>> forwarded("192.0.2.1,+203.0.113.9:51034,+10.0.0.1"), forwarded("-")
    ('203.0.113.9', None)
    """
    for part in reversed(re.split(r"[,+\s]+", header)):
        plain = re.sub(r"^\[(.*)\](?::\d+)?$|^([0-9.]+):\d+$", r"\1\2", part)
        if _place(plain) == "public":
            return plain.lower()
    return None


def is_private(value: str) -> bool:
    """The sender may be a load balancer."""
    return _place(value) == "private"


def is_this_server(name: str) -> bool:
    """The address or name stands for the computer itself."""
    return _place(name) == "local" or name.strip().lower() in ("", "-", "localhost")


def short_name(computer: str) -> str:
    """`dc1` of `dc1.example.test`; an address stays whole."""
    low = computer.lower().strip("\\")
    return low if re.fullmatch(r"[0-9.]+|.*:.*", low) else low.partition(".")[0]


def agent(hit: Hit) -> str | None:
    """User agent in one spelling: IIS writes `+` for a blank, HttpProxy two blanks for a comma."""
    value = hit.fields.get("user_agent.original")
    return re.sub(r"[+\s,]+", " ", value).strip() if value else None


def status(hit: Hit) -> int | None:
    """The HTTP status that was answered; None where the record tells none."""
    value = hit.fields.get("http.response.status_code", "")
    return int(value) if re.fullmatch(r"[0-9]{3}", value) else None


def answered_to_a_name(hit: Hit) -> bool:
    """A request with a user's name that the server did not refuse (2xx): the password was right."""
    code = status(hit)
    return not is_nobody(hit.fields.get("user.name", "")) and code is not None and 200 <= code < 300


def is_nobody(name: str) -> bool:
    """No user's name: nothing, a dash, or an account of the server itself."""
    return name.strip() in ("", "-") or name.strip().endswith("$") or "healthmailbox" in name.lower()


def page(hit: Hit) -> str | None:
    """URL path in canonical form: percent-decoded, lower case, one slash. Of a file: the path that it is served under."""
    value = hit.fields.get("url.path")
    if not value:
        return next((found for path in files(hit) if (found := served_as(path))), None)
    return re.sub(r"/{2,}", "/", unquote(unquote(value)).lower()) or None


@cache
def _served_paths() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), url) for pattern, url in judging().served_paths.items())


@cache
def _compiled() -> re.Pattern[str]:
    return re.compile(judging().compiled_pattern)


@lru_cache(maxsize=65_536)
def served_as(path: str) -> str | None:
    """`/owa/auth/x.aspx` for a file in a folder that the web server serves; else the name of a script file."""
    whole = re.sub(r"/{2,}", "/", path.replace("\\", "/"))
    if found := _compiled().search(whole):
        return found[1].lower()
    for pattern, url in _served_paths():
        if found := pattern.search(whole):
            return found.expand(url).lower()
    name = file_name(whole)
    return name if name.rpartition(".")[2] in judging().script_extensions else None


def files(hit: Hit) -> tuple[str, ...]:
    """Paths of files that the event is about, as written."""
    named = tuple(
        dict.fromkeys(value for column in judging().file_columns if (value := value_of(hit, column)))
    )
    folder, name = hit.fields.get("file.directory"), hit.fields.get("file.name")
    return named or ((f"{folder}\\{name}",) if folder and name else ())


def lone_file(hit: Hit) -> str | None:
    """The file, where the record is a file that was looked at and no event."""
    return hit.fields.get("file.path") if hit.kind == "served_file" else None


def text_in_setting(hit: Hit) -> str:
    """Markup that was given as the address of a web folder, without blanks and doubled quotes; `""` where there is none.

    It is the same text in the settings, in the page that they were written to, and in the records of the command that set it.
    """
    for said in hit.fields.values():
        match = _ADDRESS_WITH_MARKUP.search(said[:_LONGEST_SETTING]) if "<" in said else None
        if match is not None:
            return _DOUBLED.sub(r"\1", "".join(match[0].split()))
    return ""


def told_by_disk(hit: Hit) -> str | None:
    """The file, where the record is one of the disk's own about a file."""
    return next(iter(files(hit)), None) if hit.kind in judging().disk_kinds else None


@cache
def _of_records() -> frozenset[str]:
    return frozenset(one.id for one in load_formats() if one.records)


def text(hit: Hit) -> str:
    """What the event says: the raw line, or the values of a record (whose raw form escapes backslashes)."""
    return "\n".join(hit.fields.values()) if hit.kind in _of_records() else hit.excerpt


@cache
def _script_path() -> re.Pattern[str]:
    extensions = "|".join(judging().script_extensions)
    return re.compile(rf"""(?i)(?:[a-z]:[\\/]|\\\\)[^"'<>|*?;,\r\n]*?\.(?:{extensions})\b""")


def dropped_paths(hit: Hit) -> tuple[str, ...]:
    """File paths of scripts that a line names, in order, e.g. `\\\\127.0.0.1\\c$\\inetpub\\wwwroot\\x.aspx`."""
    named = [path for path in files(hit) if path.lower().rpartition(".")[2] in judging().script_extensions]
    return tuple(dict.fromkeys([*named, *_script_path().findall(text(hit))]))


def file_name(path: str) -> str:
    """Last part of a URL or Windows path, lower case."""
    return re.split(r"[\\/]", path)[-1].lower()


def shell(hit: Hit, stage: Stage) -> str | None:
    """What identifies the web shell that the hit is about: its URL path, else the file that was written."""
    if stage in _SHELL_STAGES:
        return page(hit)
    return None


@cache
def _session_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(pattern)) for name, pattern in judging().session_patterns.items())


def sessions(hit: Hit) -> frozenset[str]:
    """Keys that name one session or request in several logs, `kind:value` in lower case."""
    keys = set()
    for column, kind in judging().session_columns.items():
        value = value_of(hit, column)
        if value and len(value) >= 16:
            keys.add(f"{kind}:{value.lower()}")
    said = text(hit)
    for kind, pattern in _session_patterns():
        keys.update(f"{kind}:{value.lower()}" for value in pattern.findall(said))
    return frozenset(keys)


_NO_PROCESS = re.compile(r"\{?0{8}-0{4}-0{4}-0{4}-0{12}\}?")


def processes(hit: Hit) -> frozenset[str]:
    """Keys of the processes and logon sessions that an event names, each on its own computer; good for a short time only.

    The start of one process is told by Sysmon with an id and a number, by the security log with a number alone.
    """
    if hit.kind not in _of_records():
        return frozenset()
    host = hit.fields.get("host.name", "").lower()
    keys = set()
    for column in judging().process_columns:
        value = (value_of(hit, column) or "").lower()
        if value and not _NO_PROCESS.fullmatch(value):
            keys.add(f"process:{host}:{value.strip('{}')}")
    for column, program in judging().process_numbers.items():
        number, name = _number(hit.fields.get(column, "")), file_name(hit.fields.get(program, ""))
        if number is not None and name:
            keys.add(f"process:{host}:{number}:{name}")
    for column in judging().logon_columns:
        value = (value_of(hit, column) or "").lower()
        if value and value not in judging().logons_of_the_system:
            keys.add(f"logon:{host}:{value}")
    return frozenset(keys)


def _number(said: str) -> int | None:
    """Sysmon writes 6712, the security log 0x1a38."""
    if not re.fullmatch(r"0[xX][0-9A-Fa-f]{1,8}|[0-9]{1,10}", said):
        return None
    return int(said, 16 if said[1:2] in ("x", "X") else 10)


@cache
def _mailbox_patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in judging().mailbox_patterns)


def mailboxes(hit: Hit) -> tuple[str, ...]:
    """Mailboxes that the event names as touched."""
    found = [value for column in judging().mailbox_columns if (value := value_of(hit, column))]
    for pattern in _mailbox_patterns():
        found += pattern.findall(text(hit))
    return tuple(dict.fromkeys(found))


@cache
def _folder_patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in judging().folder_patterns)


def mail_folders(hit: Hit) -> tuple[str, ...]:
    """Folders of a mailbox that the event names."""
    said = text(hit)
    return tuple(dict.fromkeys(name for pattern in _folder_patterns() for name in pattern.findall(said)))


def within(techniques: Iterable[str], wanted: Collection[str]) -> bool:
    """One of the ATT&CK techniques is wanted; a technique stands for its sub-techniques too."""
    return any(one in wanted or one.partition(".")[0] in wanted for one in techniques)


def moment(hit: Hit) -> float:
    """Seconds since 1970 for sorting; events without time come last."""
    return hit.time.timestamp() if hit.time else float("inf")


def last_time(hit: Hit) -> datetime | None:
    """Of the last record that a hit stands for."""
    return hit.last_time or hit.time


def without_tails(names: Iterable[str]) -> tuple[str, ...]:
    """Each once; a path that is only the end of another one is the same thing told shorter.

    >>> without_tails(["x.aspx", "/aspnet_client/x.aspx", r"C:\\inetpub\\wwwroot\\aspnet_client\\x.aspx"])
    ('C:\\\\inetpub\\\\wwwroot\\\\aspnet_client\\\\x.aspx',)
    """
    kept = tuple(dict.fromkeys(names))
    ends = {end for name in kept for end in _ends(_as_path(name))}
    return tuple(name for name in kept if _as_path(name) not in ends)


def _as_path(name: str) -> str:
    return name.replace("/", "\\").lower().lstrip("\\")


def _ends(path: str) -> Iterator[str]:
    parts = path.split("\\")[-_DEEPEST:]
    return ("\\".join(parts[at:]) for at in range(1, len(parts)))
