/*
  Known families of web shells, told by their structure. Our own text, written from public descriptions; no rule of
  others was copied. Each rule must prove a back door by itself: a file that matches is called malicious.
  Examples that match and that do not are built in tests/detect/yara (no file here looks like a shell).
*/

rule china_chopper_jscript
{
  meta:
    family = "China Chopper"
    description = "JScript page that evaluates one request field with all rights: the server part of China Chopper"
    source = "FireEye, Breaking Down the China Chopper Web Shell (2013); CISA MAR-10328877 (2021)"
    date = "2026-11-20"
    attack = "T1505.003"
  strings:
    $direct = /eval\s{0,9}\(\s{0,9}Request(\.(Item|Form|QueryString|Params|Headers|Cookies))?\s{0,9}[\[(][^\])\r\n]{1,60}[\])](\.\w{1,9})?\s{0,9},\s{0,9}['"]unsafe['"]/ nocase ascii wide
    $decoded = /eval\s{0,9}\([^;\r\n]{0,40}Get(Encoding|String)\s{0,9}\([^;\r\n]{0,160}FromBase64String\s{0,9}\([^;\r\n]{0,20}Request[^;\r\n]{1,90},\s{0,9}['"]unsafe['"]/ nocase ascii wide
  condition:
    filesize < 20MB and any of them
}

rule china_chopper_asp
{
  meta:
    family = "China Chopper"
    description = "Classic ASP page that evaluates or executes one request field"
    source = "FireEye, Breaking Down the China Chopper Web Shell (2013)"
    date = "2026-11-20"
    attack = "T1505.003"
  strings:
    $tag = /<%\s{0,20}(eval|execute|executeglobal)[\s(]{1,9}request\s{0,9}(\.\s{0,3}(form|item|querystring|cookies))?\s{0,9}\([^)\r\n]{1,60}\)/ nocase ascii wide
    $script = /runat\s{0,9}=\s{0,9}["']?server["']?[^>\r\n]{0,60}>\s{0,40}(eval|execute|executeglobal)[\s(]{1,9}request\s{0,9}(\.\s{0,3}(form|item|querystring|cookies))?\s{0,9}\(/ nocase ascii wide
  condition:
    filesize < 20MB and any of them
}

rule oab_settings_as_page
{
  meta:
    family = "OAB ExternalUrl shell"
    description = "Settings of an offline address book folder, written out as a page, with server code in an address (CVE-2021-27065)"
    source = "Volexity 2021-03-02; CISA MAR-10328877 (2021)"
    date = "2026-11-20"
    attack = "T1505.003"
  strings:
    $polls = /PollInterval\s{1,40}:/
    $books = /OfflineAddressBooks\s{1,40}:/
    $guid = /(OriginatingServer|WhenChangedUTC|ExchangeVersion|AdminDisplayVersion)\s{1,40}:/
    $address = /(External|Internal)Url\s{1,40}:[^\r\n]{0,200}(<\s{0,9}script[^>\r\n]{0,60}runat|<%|<\s{0,9}object[^>\r\n]{0,60}runat)/ nocase
  condition:
    filesize < 1MB and $address and 1 of ($polls, $books, $guid)
}

rule mailbox_export_as_page
{
  meta:
    family = "ProxyShell PST"
    description = "Mailbox export (PST) with server code in it: how ProxyShell intruders wrote pages (CVE-2021-31207)"
    source = "Orange Tsai, ProxyShell (Black Hat 2021); Mandiant 2021-09-03"
    date = "2026-11-20"
    attack = "T1505.003"
  strings:
    $code = /<\s{0,3}script[^>]{0,80}runat\s{0,9}=\s{0,9}["']?server/ nocase ascii wide
    $page = /<%\s{0,9}@\s{0,9}(page|webhandler|webservice)\s/ nocase ascii wide
    $call = /(eval|execute|Process\.Start|WriteAllText|SaveAs|Assembly\.Load)[\s(]{1,9}[^;\r\n]{0,80}Request/ nocase ascii wide
  condition:
    uint32be(0) == 0x2142444e and
    (extension matches /^\.(asp|aspx|ashx|asmx|asax|ascx|cer|asa|soap)$/ or $call) and any of them
}

rule certificate_request_as_page
{
  meta:
    family = "ProxyShell certificate"
    description = "Certificate or certificate request (DER) with server code in its subject"
    source = "Huntress 2021-08, ProxyShell; Mandiant 2021-09-03"
    date = "2026-11-20"
    attack = "T1505.003"
  strings:
    $code = /<\s{0,3}script[^>]{0,80}runat\s{0,9}=\s{0,9}["']?server/ nocase ascii wide
    $page = /<%[^%]{0,300}(eval|execute|Process|Request)/ nocase ascii wide
  condition:
    filesize < 200KB and uint8(0) == 0x30 and uint8(1) >= 0x80 and uint8(1) <= 0x83 and any of them
}

rule godzilla
{
  meta:
    family = "Godzilla"
    description = "Keeps an encrypted program of the visitor in the session, loads it and hands it the request"
    source = "Unit 42 2021-11-07 on Godzilla and NGLite; public builds of the tool"
    date = "2026-11-20"
    attack = "T1505.003"
  strings:
    $cipher = /Rijndael(Managed)?|AesCryptoServiceProvider|AesManaged|Aes\.Create/ nocase
    $block = "TransformFinalBlock" nocase
    $load = /(typeof\s{0,9}\([^)\r\n]{1,60}Assembly\)\s{0,9}\.\s{0,9}GetMethod\s{0,9}\(\s{0,9}"Load")|(Assembly\s{0,9}\.\s{0,9}Load\s{0,9}\()/ nocase
    $kept = /(Session|Application|Cache)\s{0,9}\[\s{0,9}"?[\w-]{1,40}"?\s{0,9}\]\s{0,9}=/ nocase
    $hand = /\.Equals\s{0,9}\(\s{0,9}(Context|HttpContext\.Current|this|data|memoryStream|\w{1,20})\s{0,9}\)\s{0,9};/ nocase
    $make = /CreateInstance\s{0,9}\(/ nocase
    $input = /Request\s{0,9}(\.BinaryRead|\[|\.InputStream|\.Form)/ nocase
  condition:
    filesize < 20MB and all of them
}

rule behinder
{
  meta:
    family = "Behinder"
    description = "Decrypts the body of the request, loads it as a program and hands it the page"
    source = "public builds of the tool, versions 2 to 4; Unit 42 2021-11-07"
    date = "2026-11-20"
    attack = "T1505.003"
  strings:
    $body = /Request\s{0,9}\.\s{0,9}(BinaryRead|InputStream|ContentLength)/ nocase
    $load = /Assembly\s{0,9}\.\s{0,9}Load\s{0,9}\(/ nocase
    $hand = /CreateInstance\s{0,9}\(\s{0,9}["'][A-Za-z]{1,3}["']\s{0,9}\)\s{0,9}\.\s{0,9}Equals\s{0,9}\(/ nocase
  condition:
    filesize < 20MB and all of them
}

rule behinder_asp
{
  meta:
    family = "Behinder"
    description = "Classic ASP: every byte of the body is changed with the key by Xor, then the text is executed"
    source = "public builds of the tool, versions 2 to 4"
    date = "2026-11-20"
    attack = "T1505.003"
  strings:
    $body = /Request\s{0,3}\.\s{0,3}BinaryRead\s{0,3}\(\s{0,3}\w{1,30}/ nocase
    $change = /(asc|ascb)\s{0,3}\(\s{0,3}midb?\s{0,3}\([^)\r\n]{1,60}\)\s{0,3}\)\s{0,3}xor\s/ nocase
    $run = /(^|[\s:])(execute|executeglobal|eval)[\s(]{1,4}\w{1,30}/ nocase
  condition:
    filesize < 20MB and all of them
}

rule antsword_default
{
  meta:
    family = "AntSword"
    description = "Server part made by AntSword, with its marks around the answer"
    source = "public templates of AntSwordProject (read 2026-11-20, analyst knowledge)"
    date = "2026-11-20"
    attack = "T1505.003"
  strings:
    $begin = /Response\.(Write|BinaryWrite)\s{0,9}\(\s{0,9}"->\|"/ nocase
    $end = /Response\.(Write|BinaryWrite)\s{0,9}\(\s{0,9}"\|<-"/ nocase
    $run = /\b(eval|execute|executeglobal|CompileAssemblyFromSource|Process\.Start|Assembly\.Load)\b/ nocase
  condition:
    filesize < 20MB and all of them
}

rule regeorg
{
  meta:
    family = "reGeorg"
    description = "Tunnel that carries connections into the network of the server over web requests"
    source = "public code of reGeorg and Neo-reGeorg; MITRE ATT&CK T1090"
    date = "2026-11-20"
    attack = "T1505.003, T1090.001"
  strings:
    $greeting = /Georg says, ['"]All seems fine['"]/
    $head1 = "X-TARGET" nocase
    $head2 = "X-PORT" nocase
    $head3 = "X-STATUS" nocase
    $head4 = "X-CMD" nocase
    $neo1 = /FromBase64String\s{0,9}\(\s{0,9}StrTr\s{0,9}\(/ nocase
    $neo2 = /StrTr\s{0,9}\(\s{0,9}Convert\.ToBase64String/ nocase
    $socket = /new\s{1,9}(System\.Net\.Sockets\.)?(Socket|TcpClient)\s{0,9}\(/ nocase
    $word1 = "CONNECT" fullword
    $word2 = "FORWARD" fullword
  condition:
    filesize < 1MB and $socket and
    ($greeting or ($neo1 and $neo2) or (3 of ($head*) and $word1 and $word2))
}

rule aspxspy
{
  meta:
    family = "ASPXSpy"
    description = "Console of the ASPXSpy family: logon, files, commands, database, port scan"
    source = "MITRE ATT&CK S0073; public copies of the family"
    date = "2026-11-20"
    attack = "T1505.003"
  strings:
    $name = /ASPX\s{0,2}Spy/ nocase
    $b1 = /Bin_(Button|Link|H\d|Div|Panel|Label|Msg|TextBox|Table|ToolsNew|List)_?\w{1,30}/
    $cmd = /UseShellExecute\s{0,9}=\s{0,9}false/ nocase
    $login = /FormsAuthentication\.HashPasswordForStoringInConfigFile|ASPXSpy_?Password|Session\s{0,2}\[\s{0,2}"?\w{0,20}(login|auth|pass)/ nocase
    $socket = /Socket|TcpClient/
    $wmi = /xp_cmdshell|Win32_Process|ServiceController/ nocase
  condition:
    filesize < 2MB and $cmd and (#b1 > 15 or ($name and $login)) and ($socket or $wmi)
}

rule command_form
{
  meta:
    family = "Command form"
    description = "Page with a form whose text becomes the argument of the command interpreter"
    source = "public samples cmdasp.aspx, fuzzdb and Laudanum collections"
    date = "2026-11-20"
    attack = "T1505.003, T1059.003"
  strings:
    $shell = /\.\s{0,3}FileName\s{0,9}=\s{0,9}@?"(c:\\{1,2}windows\\{1,2}system32\\{1,2})?cmd(\.exe)?"/ nocase
    $given = /\.\s{0,3}Arguments\s{0,9}=\s{0,9}@?"\/c\s{0,3}"\s{0,9}[+&]\s{0,9}(Request|\w{1,20}\.Text|arg|cmd|command|c)\b/ nocase
    $quiet = /UseShellExecute\s{0,9}=\s{0,9}false/ nocase
    $page = /<%|runat\s{0,9}=\s{0,9}["']?server|IHttpHandler/ nocase
  condition:
    filesize < 2MB and all of them
}

rule laudanum
{
  meta:
    family = "Laudanum"
    description = "Page of the Laudanum collection (shell, file browser, proxy)"
    source = "public code of Laudanum (laudanum.sourceforge.net)"
    date = "2026-11-20"
    attack = "T1505.003"
  strings:
    $name = /Laudanum\s{1,3}(Tools|Project|Injectable)/ nocase
    $ips = /allowedIps?\s{0,9}=/ nocase
    $page = /<%|runat\s{0,9}=\s{0,9}["']?server/ nocase
  condition:
    filesize < 1MB and $page and $name and $ips
}

rule supernova
{
  meta:
    family = "SUPERNOVA"
    description = "Handler that compiles C# of the request and runs a class and method that the request names"
    source = "Unit 42 2020-12-17; CISA MAR-10319053 (2021)"
    date = "2026-11-20"
    attack = "T1505.003, T1027.004"
  strings:
    $clazz = /\[\s{0,3}"clazz"\s{0,3}\]/ ascii
    $codes = /\[\s{0,3}"codes"\s{0,3}\]/ ascii
    $dynamic = "DynamicRun" ascii
    $compile = "CompileAssemblyFromSource" ascii
    $w1 = "clazz" wide fullword
    $w2 = "codes" wide fullword
    $w3 = "method" wide fullword
  condition:
    filesize < 2MB and $compile and (($clazz and $codes) or ($dynamic and all of ($w*)))
}

rule compiler_page
{
  meta:
    family = "SharPyShell"
    description = "Page that decrypts C# of the request by Xor, compiles it in memory and runs it"
    source = "public code of SharPyShell (antonioCoco)"
    date = "2026-11-20"
    attack = "T1505.003, T1027.004"
  strings:
    $compile = /CompileAssemblyFromSource/ nocase
    $xor = /\[\s{0,3}\w{1,20}\s{0,3}\]\s{0,3}\^\s{0,3}\w{1,20}\s{0,3}\[\s{0,3}\w{1,20}\s{0,3}%/
    $field = /Request\s{0,3}\.\s{0,3}(Form|QueryString|Headers|Params)|Request\s{0,3}\[/ nocase
    $call = /GetMethod\s{0,9}\(\s{0,9}"\w{1,20}"\s{0,9}\)\s{0,9}\.\s{0,9}Invoke/ nocase
  condition:
    filesize < 2MB and all of them
}

rule virtual_path_ghost
{
  meta:
    family = "Ghost page"
    description = "Gives out pages that lie in memory only: a virtual path provider with code that came encoded"
    source = "public research on fileless ASP.NET pages (2021, ysoserial.net GhostWebShell)"
    date = "2026-11-20"
    attack = "T1505.003, T1620"
  strings:
    $provider = "RegisterVirtualPathProvider" ascii wide
    $encoded = "FromBase64String" ascii wide
    $run = /(Process\.Start|ProcessStartInfo|cmd\.exe|eval\s{0,3}\(|Assembly\.Load\s{0,3}\()/ nocase ascii wide
    $class = /:\s{0,9}(System\.Web\.Hosting\.)?VirtualPathProvider\b/
  condition:
    filesize < 2MB and $provider and $encoded and $run and $class
}

rule iis_raid
{
  meta:
    family = "IIS-Raid"
    description = "Native module of IIS that takes orders from a header of the request"
    source = "public code of IIS-Raid; ESET, Anatomy of native IIS malware (2021-08)"
    date = "2026-11-20"
    attack = "T1505.004"
  strings:
    $export = "RegisterModule" ascii fullword
    $header = "X-Chrome-Variations" ascii wide
    $answer = "X-Beserver" ascii wide
    $password = "X-Password" ascii wide
    $order1 = "SHELLCODE" ascii wide nocase
    $order2 = "DMP" ascii wide fullword
    $order3 = "INJ" ascii wide fullword
    $order4 = "CMD" ascii wide fullword
    $order5 = "PIN" ascii wide fullword
  condition:
    filesize < 10MB and uint16(0) == 0x5a4d and $export and
    (2 of ($header, $answer, $password) or (1 of ($header, $answer, $password) and 3 of ($order*)))
}

rule settings_file_as_page
{
  meta:
    family = "web.config shell"
    description = "web.config that makes .config files run as classic ASP, with code behind its end"
    source = "public research of S. Dalili (2014, 2019) on web.config as a page"
    date = "2026-11-20"
    attack = "T1505.003, T1505.004"
  strings:
    $handler = /path\s{0,3}=\s{0,3}["']\*?[\w.]{0,20}\.config["'][^>]{0,200}scriptProcessor\s{0,3}=\s{0,3}["'][^"']{0,100}asp\.dll/ nocase
    $code = "<%"
    $unhide = /<remove\s{1,3}(fileExtension|segment)\s{0,3}=\s{0,3}["'](\.config|web\.config)["']/ nocase
  condition:
    filesize < 2MB and $handler and $code and $unhide
}

rule transform_with_script
{
  meta:
    family = "XSL script shell"
    description = "Runs a style sheet of the request with scripts allowed"
    source = "public research on XslCompiledTransform and msxsl:script; MITRE ATT&CK T1220"
    date = "2026-11-20"
    attack = "T1505.003, T1220"
  strings:
    $allowed = /new\s{1,3}(System\.Xml\.Xsl\.)?XsltSettings\s{0,3}\(\s{0,3}true\s{0,3},\s{0,3}true|XsltSettings\.TrustedXslt/ nocase
    $input = /Load(Xml)?\s{0,3}\([^;\r\n]{0,80}Request\s{0,3}[.\[(]|Request\s{0,3}\.\s{0,3}(InputStream|BinaryRead)/ nocase
    $page = /<%\s{0,9}@|runat\s{0,9}=\s{0,9}["']?server/ nocase
  condition:
    filesize < 1MB and all of them
}
