"""Text with the structure of each family, put together from pieces at test time and made inert.

Every example begins with a directive of a language that does not exist, so that no server would run it, and carries
EXSWEEP-INERT-FIXTURE. `like` is what a harmless file of the same kind looks like.
"""

from typing import NamedTuple

MARK = b'<%@ Page Language="EXSWEEP-INERT-FIXTURE" %>\n'

EV, EX, RQ, LOAD = "ev" + "al", "exe" + "cute", "Req" + "uest", "Assembly.Lo" + "ad"
FROM64 = "FromBase64" + "String"
COMPILE = "CompileAssembly" + "FromSource"
SERVER = "run" + 'at="server"'
MAKE = "Create" + "Instance"
METHOD = "Get" + "Method"
REFLECT = "Reflec" + "tion"
INVOKE = "Inv" + "oke"
CMD = "c" + "md.exe"


class Example(NamedTuple):
    shell: bytes
    like: bytes
    path: str = "x.aspx"


def _page(text: str) -> bytes:
    return MARK + text.encode()


def _oab(url: str) -> bytes:
    return (
        "Name                            : OAB (Default Web Site) EXSWEEP-INERT-FIXTURE\r\n"
        "PollInterval                    : 480\r\n"
        "OfflineAddressBooks             : \r\n"
        "AdminDisplayVersion             : Version 15.1 (Build 1979.3)\r\n"
        "InternalUrl                     : https://mail.example.org/OAB\r\n"
        f"ExternalUrl                     : {url}\r\n"
        "WhenChangedUTC                  : 3/3/2021 3:04:05 AM\r\n"
    ).encode()


EXAMPLES: dict[str, Example] = {
    "china_chopper_jscript": Example(
        _page(f'<%{EV}({RQ}.Item["a"],"uns" + "afe");%>'.replace('" + "', "")),
        _page(f'<%Response.Write({RQ}.Item["a"]);%> // {EV}("1+1","safe")'),
    ),
    "china_chopper_asp": Example(
        _page(f'<%{EV} {RQ}("a")%>'),
        _page(f'<%Response.Write {RQ}("a")%> <%{EX} "x = 1"%>'),
        "x.asp",
    ),
    "oab_settings_as_page": Example(
        _oab(f'http://f/<script language="none" {SERVER}>function Page_Load(){{}}</script>'),
        _oab("https://mail.example.org/OAB"),
    ),
    "mailbox_export_as_page": Example(
        b"!BDN" + bytes(600) + f'EXSWEEP-INERT-FIXTURE <script language="none" {SERVER}>'.encode(),
        b"!BDN" + bytes(600) + b"EXSWEEP-INERT-FIXTURE a letter",
    ),
    "certificate_request_as_page": Example(
        b"\x30\x82\x02\x00" + f'EXSWEEP-INERT-FIXTURE <script language="none" {SERVER}>'.encode(),
        b"\x30\x82\x02\x00" + b"EXSWEEP-INERT-FIXTURE CN=mail.example.org",
    ),
    "godzilla": Example(
        _page(
            f"byte[] data = new RijndaelManaged().CreateDecryptor(k, k).TransformFinalBlock({RQ}.BinaryRead(1), 0, 1);"
            f' Context.Session["p"] = typeof(System.{REFLECT}.Assembly).{METHOD}("Lo" + "ad");'.replace(
                '" + "', ""
            )
            + f' object o = ((Assembly)Context.Session["p"]).{MAKE}("LY"); o.Equals(Context); o.Equals(data);'
        ),
        _page(
            "byte[] data = new RijndaelManaged().CreateDecryptor(k, k).TransformFinalBlock(cookie, 0, 1);"
            f' Session["user"] = name; if (name.Equals(other)) {{ Activator.{MAKE}(type); }}'
        ),
    ),
    "behinder": Example(
        _page(f'{LOAD}(decrypt({RQ}.BinaryRead({RQ}.ContentLength))).{MAKE}("U").Equals(this);'),
        _page(f'var plugin = {LOAD}(name).{MAKE}("Plugin.Main"); var size = {RQ}.ContentLength;'),
    ),
    "behinder_asp": Example(
        _page(
            f"content={RQ}.Binary"
            "Read(size)\nFor i=1 To size\nr=r&Chr(asc"
            "b(mid"
            "b(content,i,1)) Xor 1)\nNext\n"
            f"{EX}(r)"
        ),
        _page(f"content={RQ}.Binary" + "Read(size)\nsum = sum Xor ascb(midb(content,i,1))\n"),
        "x.asp",
    ),
    "antsword_default": Example(
        _page(f'Response.Write("->" + "|");{EV}(x);Response.Write("|" + "<-");'.replace('" + "', "")),
        _page('Response.Write("-> next");Response.Write("<- back");'),
    ),
    "regeorg": Example(
        _page(
            f'if (cmd == "CONNECT") {{ {RQ}.Headers.Get("X-TAR" + "GET"); {RQ}.Headers.Get("X-PO" + "RT"); }}'
            'Socket sender = new Socket(a, b, c); Response.AddHeader("X-STA" + "TUS", "OK"); if (cmd == "FORWARD") {}'.replace(
                '" + "', ""
            )
        ).replace(b'" + "', b""),
        _page('Socket sender = new Socket(a, b, c); Response.AddHeader("X-Status", "CONNECT");'),
    ),
    "aspxspy": Example(
        _page(
            "ASPX"
            "Spy\n"
            + "\n".join(f'<asp:Button id="Bin_Button_{n}" {SERVER}/>' for n in range(20))
            + "p.StartInfo.UseShellExecute = false; new TcpClient();"
        ),
        _page('<asp:Button id="Bin_Button_Save"/> p.StartInfo.UseShellExecute = false; new TcpClient();'),
    ),
    "command_form": Example(
        _page(f'psi.FileName = "{CMD}"; psi.Arguments = "/c " + txtArg.Text; psi.UseShellExecute = false;'),
        _page(
            f'psi.FileName = "convert.exe"; psi.Arguments = "/c " + settings; psi.UseShellExecute = false; // {CMD}'
        ),
    ),
    "laudanum": Example(
        _page("Laud" + 'anum Tools\nallowedIps = "127.0.0.1"'),
        _page("A text on Laud" + "anum Tools and opium"),
    ),
    "supernova": Example(
        _page(f'args["cla" + "zz"]; args["co" + "des"]; provider.{COMPILE}(p, code);').replace(b'" + "', b""),
        _page(f'provider.{COMPILE}(p, template); args["class"]; args["codes"];'),
        "x.ashx",
    ),
    "compiler_page": Example(
        _page(
            f'string p = {RQ}.Form["d"]; for(;;) {{ code[i] ^ key[i % 4]; c[i]^k[i%n] }} '
            f'{COMPILE}(o, s); t.{METHOD}("Run").{INVOKE}(i, a);'
        ),
        _page(f'string p = {RQ}.Form["d"]; {COMPILE}(o, template); t.{METHOD}("Run").{INVOKE}(i, a);'),
    ),
    "virtual_path_ghost": Example(
        _page(
            f"class P : VirtualPathProvider {{ static void Init() {{ Convert.{FROM64}(text);"
            f' HostingEnvironment.RegisterVirtualPathProvider(this); }} string x = "{CMD}"; }}'
        ),
        _page(
            "class P : VirtualPathProvider { static void Init() {"
            f" HostingEnvironment.RegisterVirtualPathProvider(this); Convert.{FROM64}(icon); }} }}"
        ),
    ),
    "iis_raid": Example(
        b"MZ" + b"EXSWEEP-INERT-FIXTURE\0Register" + b"Module\0X-Chrome-" + b"Variations\0X-Pass" + b"word\0",
        b"MZ" + b"EXSWEEP-INERT-FIXTURE\0Register" + b"Module\0X-Forwarded-For\0CMD\0",
        "x.dll",
    ),
    "settings_file_as_page": Example(
        b'EXSWEEP-INERT-FIXTURE <add name="x" path="*.config" verb="GET" scriptProcessor="%windir%\\inetsrv\\as'
        b'p.dll"/> <remove fileExtension=".config"/> <!-- <' + b"% x %> -->",
        b'EXSWEEP-INERT-FIXTURE <add name="x" path="*.asp" scriptProcessor="%windir%\\inetsrv\\asp.dll"/> <% x %>',
        "web.config",
    ),
    "transform_with_script": Example(
        _page(f"x.Load({RQ}.InputStream); t.Load(x, new XsltSettings(true, true), null);"),
        _page('x.Load("feed.xml"); t.Load(x, new XsltSettings(false, false), null);'),
    ),
}
"""Name of the rule -> what it must find, and what it must not."""
