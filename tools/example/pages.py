"""Files of the web folders: what the district put there itself, and the page that the intruder left.

The intruder's page does not work: a compiler stops at its `#error` line, and what it would do is nothing.
"""

from pathlib import Path

from example.scene import FQDN, PUBLIC_HOST, SERVER

WWWROOT = "inetpub/wwwroot"
START = f"""<!DOCTYPE html>
<html><head><title>Mail</title><meta http-equiv="refresh" content="0; url=https://{PUBLIC_HOST}/owa/"></head>
<body><p><a href="https://{PUBLIC_HOST}/owa/">Mail of the district</a></p></body></html>
"""
STATUS = """<%@ Page Language="C#" %>
<!DOCTYPE html>
<html><head><title>Status</title></head>
<body>
<p>The mail server is running. Time: <%= System.DateTime.UtcNow.ToString("u") %></p>
</body></html>
"""
_SINK, _INPUT = "Execute", "Request"


def left_page() -> str:
    """What Reset-OABVirtualDirectory writes: the list of settings, with a script where an address should be."""
    script = "\n".join(
        (
            '<script language="VB" runat="server">',
            "#error EXSWEEP-INERT-FIXTURE",
            "Sub Page_Load()",
            f'  CreateObject("MSScriptControl.ScriptControl").{_SINK}Statement({_INPUT}.Form("fixture"))',
            "End Sub",
            "</script>",
        )
    )
    rows = (
        ("Name", "OAB (Default Web Site)"),
        ("PollInterval", "480"),
        ("OfflineAddressBooks", "\\Default Offline Address Book"),
        ("RequireSSL", "True"),
        ("BasicAuthentication", "False"),
        ("WindowsAuthentication", "True"),
        ("OAuthAuthentication", "True"),
        ("MetabasePath", f"IIS://{FQDN}/W3SVC/1/ROOT/OAB"),
        ("Path", "D:\\Exchange Server\\V15\\FrontEnd\\HttpProxy\\OAB"),
        ("ExtendedProtectionTokenChecking", "None"),
        ("ExtendedProtectionFlags", ""),
        ("ExtendedProtectionSPNList", ""),
        ("AdminDisplayVersion", "Version 15.1 (Build 2106.2)"),
        ("Server", SERVER),
        ("InternalUrl", f"https://{FQDN.lower()}/OAB"),
        ("InternalAuthenticationMethods", "WindowsIntegrated"),
        ("ExternalUrl", f"http://f/{script}"),
        ("ExternalAuthenticationMethods", "WindowsIntegrated"),
        ("AdminDisplayName", ""),
        ("ExchangeVersion", "0.10 (14.0.100.0)"),
        ("ObjectCategory", "cedarhollow.example/Configuration/Schema/ms-Exch-OAB-Virtual-Directory"),
        ("WhenCreated", "2/28/2021 4:10:27 AM"),
        ("WhenChanged", "2/28/2021 4:10:27 AM"),
    )
    return "".join(f"{name:<32}: {value}\n" for name, value in rows)


def write_pages(out: Path, shell: str) -> None:
    """Put the files below `out`."""
    for path, text in (
        (f"{WWWROOT}/iisstart.htm", START),
        (f"{WWWROOT}/status.aspx", STATUS),
        (WWWROOT + shell, left_page()),
    ):
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(text.replace("\n", "\r\n").encode())
