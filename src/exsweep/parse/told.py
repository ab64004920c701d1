"""What other programs say of a server in one line: the event viewer, antivirus programs, a directory listing."""

import re

from exsweep.parse.console import Row
from exsweep.parse.times import iso_ms

LONGEST = 1 << 16
_CMDLET = re.compile(
    rb"Cmdlet (?P<result>succ?ee?ded|failed)\.\s+Cmdlet (?P<cmdlet>[A-Za-z]+-[A-Za-z]+), parameters (?P<parameters>.*)",
    re.I | re.S,
)
"""Events 1 and 6 of MSExchange Management; the server itself writes `suceeded`."""
_FOLDER = re.compile(
    rb"[^\s\\/:0-9][^\\/:]{2,60}?:?\s+(?P<path>(?:[A-Za-z]:\\|\\\\[^\\]+\\)[^:*?\"<>|]{0,1000})"
    rb"|(?P<first>(?:[A-Za-z]:\\|\\\\[^\\]+\\)[^:*?\"<>|]{0,1000}?)\s+[^\s\\]{1,40}"
)
"""Words and a path, or in some languages (Japanese, Chinese, Korean, Turkish, Hungarian) the path and one word."""
_ENDING = re.compile(rb"\.[A-Za-z]\w{0,4}$")
_WORDED = re.compile(
    rb"(?:Directory|Verzeichnis|R\xc3\xa9pertoire)(?: of| von| de)?:?\s+(?P<path>[A-Za-z]:\\[^:*?\"<>|]*)"
)
_ENTRY = re.compile(
    rb"(?:(?P<mode>[a-z-]{5,6})\s+)?\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\s+\d{1,2}:\d\d(?::\d\d)?"
    rb"(?:\s?(?:[AaPp]\.?[Mm]\.?|(?:[\xc3-\xef][\x80-\xbf]{1,2}){1,2}))?"
    rb"\s+[\d.,\xc2\xa0\xff]+\s+(?P<name>[^\\/:*?\"<>|]{1,200})"
)
_SCANNED = re.compile(
    rb"(?:container)?file:(?://)?_?(?P<path>[A-Za-z]:\\[^:*?\"<>|]{1,400}?\.[A-Za-z]{2,5})(?![\w.])", re.I
)
_THREAT = re.compile(
    rb"\b(?:Backdoor|Exploit|Trojan|HackTool|Behavior|VirTool):(?:ASP|JS|VBS|HTML|MSIL|Win32|Win64|Script)/[\w.!:-]+"
)
_NAMED = re.compile(
    rb"(?<![\\/\w.:-])(?=[\w.:/!@-]{0,60}(?:web.?shel|chopper|aspxspy|antsword|behinder|godzilla|regeorg|2021-(?:26855|27065|34473)))"
    rb"(?:[A-Za-z][\w@-]{1,30}[.:/!-][\w.:/!@-]{2,80}|webshell_\w{2,80})",
    re.I,
)
"""What scanners of any maker call a back door page: `ASP/Webshell.L`, `Troj/WebShel-L`, `webshell_aspx_simple`. The number of
a flaw alone is none: programs that list missing updates print it too."""
_QUOTED = re.compile(
    rb"['\"](?P<name>[\w.!:/-]{4,60})['\"](?: [\w-]{1,20}){1,3}? (?:was|were|has been)"
    rb" (?:detected|prevented|blocked|quarantined|found|remediated|cleaned)",
    re.I,
)
"""The heading of an alert: `'SuspExchgSession' malware was blocked`."""
_NO_NAME = re.compile(rb"://|vuln|\A(?:CVE[.:/!-]?)+[\d:.-]*\Z", re.I)
_APART = re.compile(
    rb"\bfile(?:\s?name)?\s*[:=]\s*\"?(?P<name>[^\\/:*?\"<>|\r\n]{1,120}?\.[A-Za-z]{2,5})\"?(?=[\s,;|]|$)"
    rb".{0,400}?(?P<folder>[A-Za-z]:\\(?:[^\\:*?\"<>|\r\n]{1,120}\\){1,12})(?=[\s\",;|]|$)",
    re.I,
)
_COMMAND = re.compile(
    rb"\b(?:powershell|pwsh|cmd|certutil|bitsadmin|mshta|rundll32|regsvr32|wmic|procdump(?:64)?|ntdsutil|vssadmin|wevtutil|net1?"
    rb"|(?:win)?rar|7za?|makecab|schtasks|reg|iex|invoke-\w+|powercat|mimikatz|psexec(?:64)?|ngrok|plink|chisel(?:64)?|set-mppreference"
    rb"|add-mppreference)(?:\.exe)?[\"']?\s+\S.{8,}",
    re.I | re.S,
)
"""A command of Windows with what was given to it; the rules know which are an intruder's."""
_PATH = re.compile(rb"(?:[A-Za-z]:|\\Device\\HarddiskVolume\d+)\\[^:*?\"<>|\r\n]{1,400}?\.[A-Za-z]{2,5}\b")
_SERVED = re.compile(
    rb"(?P<path>(?:[A-Za-z]:|\\Device\\HarddiskVolume\d+|\\\\[\w.:-]{1,80}\\[A-Za-z]\$)\\(?:[^\\:*?\"<>|\r\n]{1,120}\\){1,12}[^\\:*?\"<>|\s]{1,120}"
    rb"\.(?:aspx|ashx|asmx|asax|asp|asa|cer|cdx|soap|cshtml|php|jsp))(?![\w\\])",
    re.I,
)
"""A page named in a sentence; its own name has no spaces, or the sentence would become a part of it."""
_ADDRESS = re.compile(
    rb"(?:https?://[^\s/\"'<>]{1,200}|(?<![\w./\\-]))(?P<path>/(?:aspnet_client|(?:owa|ecp)/auth|oab)/[^\s\"'<>?;,|]{1,200}"
    rb"\.(?:aspx|ashx|asmx|asax|asp|asa|cer|cdx|soap|cshtml|php|jsp))(?![\w/])",
    re.I,
)
"""The same by its address, as a notice of a CERT or a list of Shadowserver tells it."""
_LOGGED = re.compile(rb"\b(?:GET|POST|HEAD|OPTIONS)\b|\s[1-5]\d\d\s")
"""What is left of a log line: its status decides what it says, and that may be cut off."""
_SETTING = re.compile(
    rb"\b(?P<name>(?:Ex|In)ternalUrl)\b['\"]?\s*[:=]?\s*['\"]?(?P<value>https?://[^\s<>\"']{0,300}<\s*[A-Za-z%!?].*)",
    re.I | re.S,
)
"""An address of a web folder with program text in it, inside a command or a sentence."""
_EXPORTED = re.compile(rb"FilePath\s*:\s*(?P<path>\\\\\S.*)", re.I)
"""Of an export request as `Get-MailboxExportRequest | fl` shows it: that it is there shows that it was made."""
_ANCHOR = re.compile(rb"\bServerInfo~(?!\*)[^\s\"'`,|<>]+")
"""With a star it is the search that Microsoft gave everybody, not what it found."""
_MARKED = re.compile(rb"\bcd\s+/d\b.*\becho\s+\[S\]", re.I | re.S)
"""Programs that steer web shells put the output of a command between marks."""
_CLEARED = re.compile(
    rb"\b(?:audit|security|system|application|event) log(?: file)? (?:was|has been) cleared"
    rb"|\xc3\x9cberwachungsprotokoll wurde gel\xc3\xb6scht|journal d.{1,3}audit a \xc3\xa9t\xc3\xa9 effac\xc3\xa9"
    rb"|borr\xc3\xb3 el registro de auditor\xc3\xada|registro de auditor\xc3\xada se (?:ha borrado|borr\xc3\xb3)",
    re.I,
)
"""Events 1102 and 104, in the words of Windows in four languages."""
_STAMP = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?")


def listed_folder(line: bytes) -> bytes | None:
    """The folder of which `dir` or Get-ChildItem begins a list here, else None."""
    if (match := _WORDED.fullmatch(line.strip()) if len(line) < 1000 else None) is not None:
        return match["path"].strip().rstrip(b"\\")
    found = heading(line)
    # Between other lines a path may be anything; with a name that ends like one of a file it is no folder.
    return None if found is None or _ENDING.search(found) else found


def heading(line: bytes) -> bytes | None:
    """The folder that a list of files names, a little from the margin, in any language."""
    if not line[:1].isspace() or len(line) > 1200 or b"\\" not in line:
        return None
    match = _FOLDER.fullmatch(line.strip())
    return (match["path"] or match["first"]).strip().rstrip(b"\\") if match else None


def read_told(line: bytes, folder: bytes) -> Row | None:
    """One line that is no log line; None when it says nothing. `folder`: the folder whose listing goes on, or empty.

    >>> read_told(b"Cmdlet suceeded. Cmdlet Get-Mailbox, parameters -Identity x.", b"")[1]["Cmdlet"]
    b'Get-Mailbox'
    """
    text = line.strip()
    if not text or len(text) > LONGEST:
        return None
    if match := _CMDLET.search(text):
        worked = match["result"].lower() != b"failed"
        values = {
            "Cmdlet": match["cmdlet"],
            "Parameters": match["parameters"].rstrip(b". "),
            "ExecutionResult": b"Success" if worked else b"Error",
        }
        return "rps_cmdlet", values
    if folder and (match := _ENTRY.fullmatch(text)) and not (match["mode"] or b"").startswith(b"d"):
        return _file(folder + b"\\" + match["name"].strip(), b"")
    if match := _SCANNED.search(text):
        return _file(match["path"].strip(), b"antivirus")
    threat = _THREAT.search(text)
    if threat and (match := _PATH.search(text)):
        return _file(match[0], threat[0])
    named = next((one for one in _NAMED.finditer(text) if not _NO_NAME.search(one[0])), None)
    if named is not None:
        return _detected(text, named[0])
    if (match := _QUOTED.search(text)) and not match["name"].lower().endswith(b".exe"):
        return _detected(text, match["name"])
    if _MARKED.search(text):
        return "event_export", {"TimeCreated": _stamp(text), "MachineName": b"", "Message": text}
    if match := _EXPORTED.fullmatch(text):
        return "rps_cmdlet", {
            "Cmdlet": b"New-MailboxExportRequest",
            "Parameters": b'-FilePath "' + match["path"] + b'"',
            "ExecutionResult": b"",
        }
    if match := _ANCHOR.search(text):
        return "test_proxylogon", {"DateTime": _stamp(text), "AnchorMailbox": match[0]}
    if match := _SETTING.search(text):
        return "oab_vdir", {"ExternalUrl": match["value"]}
    if match := _SERVED.search(text):
        return _file(match["path"], b"mentioned")
    if (match := _ADDRESS.search(text)) and not _LOGGED.search(text):
        return _file(match["path"], b"mentioned")
    if _COMMAND.search(text) or _CLEARED.search(text):
        return "event_export", {"TimeCreated": _stamp(text), "MachineName": b"", "Message": text}
    return None


def _detected(text: bytes, threat: bytes) -> Row:
    """A virus scanner's words: with the path of the file, or with its name and folder apart, or with neither."""
    if match := _SERVED.search(text) or _PATH.search(text):
        return _file(match[0], threat)
    if match := _APART.search(text):
        return _file(match["folder"] + match["name"], threat)
    return _file(b"", threat)


def _file(path: bytes, kind: bytes) -> Row:
    return "file_listing", {"Type": kind, "Path": path, "Name": path.rsplit(b"\\", 1)[-1]}


def _stamp(text: bytes) -> bytes:
    """The first time in ISO form, or empty."""
    found = _STAMP.search(text)
    return found[0] if found and iso_ms(found[0]) is not None else b""
