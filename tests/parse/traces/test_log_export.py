"""Log lines out of a search system are rows of their log, whoever wrote the export, and cover no day."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.parse.traces import reader_of
from exsweep.parse.zone import assuming
from tests.parse.traces.reading import read

LINE = "2021-03-01 03:12:29 192.0.2.10 POST /aspnet_client/a.aspx - 443 - 203.0.113.9 Mozilla/5.0+(X11) - 200 0 0 31"
SENTINEL = (
    b"TimeGenerated [UTC],sSiteName,sIP,csMethod,csUriStem,csUriQuery,sPort,csUserName,cIP,csUserAgent,scStatus,Computer\r\n"
    b'"3/1/2021, 3:12:29.000 AM",W3SVC1,192.0.2.10,POST,/aspnet_client/a.aspx,-,443,-,203.0.113.9,"Mozilla/5.0 (X11)",200,MAIL01\r\n'
)


def lines(*records: object) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in records)


ELASTIC = lines(
    {"@timestamp": "2021-03-01T03:12:29.000Z", "event": {"module": "iis"}, "host": {"name": "MAIL01"},
     "http": {"request": {"method": "POST"}, "response": {"status_code": 200}}, "url": {"path": "/aspnet_client/a.aspx"},
     "source": {"ip": "203.0.113.9"}, "user_agent": {"original": "Mozilla/5.0 (X11)"}}
)  # fmt: skip
DOTTED = lines(
    {"@timestamp": ["2021-03-01T03:12:29.000Z"], "http.request.method": ["POST"], "url.path": ["/aspnet_client/a.aspx"],
     "source.ip": ["203.0.113.9"], "http.response.status_code": [200], "user_agent.original": ["Mozilla/5.0 (X11)"]}
)  # fmt: skip
HITS = lines({"_index": "logs", "_source": {"@timestamp": "2021-03-01T05:00:00Z", "message": LINE}})
ARRAY = json.dumps([{"_raw": LINE, "host": "MAIL01"}, {"_raw": "the service was started"}], indent=1).encode()
SPLUNK = f'_time,host,_raw\n"2021-03-01T03:12:29.000+0000",MAIL01,"{LINE}"\n'.encode()
FIELDS = lines({"result": {"_time": "2021-03-01T04:12:29.000+0100", "cs_method": "POST",
                "cs_uri_stem": "/aspnet_client/a.aspx", "c_ip": "203.0.113.9", "sc_status": "200", "cs_User_Agent": "Mozilla/5.0 (X11)"}})  # fmt: skip


def request(**values: object) -> bytes:
    return lines(values)


NESTED = json.dumps({"took": 3, "_shards": {"total": 1}, "hits": {"total": {"value": 1}, "hits": [
    {"_index": "logs", "_source": {"@timestamp": "2021-03-01T05:00:00Z", "message": LINE}}]}, "timed_out": False}, indent=1).encode()  # fmt: skip
ZEEK = (
    b"#separator \\x09\n#path\thttp\n#fields\tts\tuid\tid.orig_h\tid.resp_h\tmethod\thost\turi\tuser_agent\tstatus_code\n"
    b"#types\ttime\tstring\taddr\taddr\tstring\tstring\tstring\tstring\tcount\n"
    b"1614568349.000000\tC1\t203.0.113.9\t192.0.2.10\tPOST\tmail.example\t/aspnet_client/a.aspx\tMozilla/5.0 (X11)\t200\n#close\t2021\n"
)
SURICATA = request(timestamp="2021-03-01T03:12:29.000000+0000", event_type="http", src_ip="203.0.113.9", dest_ip="192.0.2.10",
                   http={"hostname": "mail.example", "url": "/aspnet_client/a.aspx", "http_method": "POST", "status": 200,
                         "http_user_agent": "Mozilla/5.0 (X11)"})  # fmt: skip
CLOUDFLARE = request(ClientIP="203.0.113.9", ClientRequestMethod="POST", ClientRequestURI="/aspnet_client/a.aspx",
                     EdgeResponseStatus=200, EdgeStartTimestamp=1614568349000000000, ClientRequestUserAgent="Mozilla/5.0 (X11)")  # fmt: skip
AZURE = request(time="2021-03-01T03:12:29Z", category="ApplicationGatewayAccessLog", properties={
    "clientIP": "203.0.113.9", "httpMethod": "POST", "requestUri": "/aspnet_client/a.aspx", "httpStatus": 200, "userAgent": "Mozilla/5.0 (X11)"})  # fmt: skip
CADDY = request(ts=1614568349.0, status=200, request={"remote_ip": "203.0.113.9", "method": "POST", "uri": "/aspnet_client/a.aspx",
                                                      "headers": {"User-Agent": ["Mozilla/5.0 (X11)"]}})  # fmt: skip
NGINX = request(time_iso8601="2021-03-01T04:12:29+01:00", remote_addr="203.0.113.9", status="200",
                request="POST /aspnet_client/a.aspx HTTP/1.1", http_user_agent="Mozilla/5.0 (X11)")  # fmt: skip
CEF = (
    b"<131>Mar  1 03:12:29 waf ASM:CEF:0|F5|ASM|15.1|ok|ok|2|act=passed cn1=200 cn1Label=response_code src=203.0.113.9 dst=192.0.2.10 "
    b"requestMethod=POST rt=Mar 01 2021 03:12:29 request=/aspnet_client/a.aspx requestClientApplication=Mozilla/5.0 (X11)\n"
)
LEEF = (
    b"LEEF:1.0|Microsoft|IIS|10.0|x|devTime=2021-03-01 03:12:29\tsrc=203.0.113.9\tmethod=POST\turl=/aspnet_client/a.aspx\t"
    b"status=200\tuserAgent=Mozilla/5.0 (X11)\n"
)
FIREWALL = (
    b"date=2021-03-01 time=03:12:29 type=traffic status=success src=203.0.113.9 dst=192.0.2.10 http_method=post "
    b'http_url="/aspnet_client/a.aspx" http_agent="Mozilla/5.0 (X11)" http_retcode=200\n'
)
PROXY = (
    b'2021:03:01-03:12:29 gate reverseproxy: id="0299" srcip="203.0.113.9" method="POST" statuscode="200" time="1234" '
    b'url="/aspnet_client/a.aspx" server="mail.example" useragent="Mozilla/5.0 (X11)"\n'
)
DRAWN = (
    b"| Date | @timestamp | ip | method | path | status | agent |\n|---|---|:-:|---|---|---|---|\n"
    b"| x | Mar 1, 2021 @ 03:12:29.000 | 203.0.113.9 | POST | /aspnet_client/a.aspx | 200 | Mozilla/5.0 (X11) |\n"
)
PAYLOAD = f'"Event Name","Start Time","Payload"\n"HTTP 200","Mar 1, 2021, 3:12:29 AM","{LINE}"\n'.encode()


PARSER = (
    b"LogFilename,LogRow,date,time,cs-uri-stem,cs-method,c-ip,sc-status,cs(User-Agent)\r\n"
    b"u_ex210301.log,7,2021-03-01,03:12:29,/aspnet_client/a.aspx,POST,203.0.113.9,200,Mozilla/5.0+(X11)\r\n"
)
SPREADSHEET = (
    b"date;time;cs-method;cs-uri-stem;c-ip;sc-status;cs(User-Agent)\r\n"
    b"01.03.2021;03:12:29;POST;/aspnet_client/a.aspx;203.0.113.9;200;Mozilla/5.0+(X11)\r\n"
)
POWERSHELL = (
    b'#TYPE Selected.System.Management.Automation.PSCustomObject\r\n"date","time","cs-method","cs-uri-stem","c-ip","sc-status",'
    b'"cs(User-Agent)"\r\n"2021-03-01","03:12:29","POST","/aspnet_client/a.aspx","203.0.113.9","200","Mozilla/5.0 (X11)"\r\n'
)
TABBED = SPREADSHEET.replace(b";", b"\t")
AS_JSON = lines({"date": "2021-03-01", "time": "03:12:29", "cs-method": "POST", "cs-uri-stem": "/aspnet_client/a.aspx",
                 "c-ip": "203.0.113.9", "sc-status": 200, "cs(User-Agent)": "Mozilla/5.0 (X11)"})  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        PARSER,
        SPREADSHEET,
        POWERSHELL,
        TABBED,
        AS_JSON,
        SENTINEL,
        ELASTIC,
        DOTTED,
        HITS,
        ARRAY,
        SPLUNK,
        FIELDS,
        NESTED,
        ZEEK,
        SURICATA,
        CLOUDFLARE,
        AZURE,
        CADDY,
        NGINX,
        CEF,
        LEEF,
        FIREWALL,
        PROXY,
        DRAWN,
        PAYLOAD,
    ],
)
def test_each_way_of_writing_gives_the_same_request(data: bytes):
    row = read(data, "export")[0][0]
    assert (row["date"], row["time"][:8]) == ("2021-03-01", "03:12:29")
    assert (row["cs-method"], row["cs-uri-stem"], row["sc-status"]) == (
        "POST",
        "/aspnet_client/a.aspx",
        "200",
    )
    assert (row["c-ip"], row["cs(User-Agent)"]) == ("203.0.113.9", "Mozilla/5.0+(X11)")
    assert row["_time"] == "1614568349000"


def test_a_table_of_the_front_end_log_keeps_its_columns_whatever_separates_them():
    names = ["DateTime", "UrlStem", "AnchorMailbox", "ProxyAction"]
    values = ["2021-02-28T04:10:22.101Z", "/ecp/y.js", "ServerInfo~a]@MAIL01:444/mapi/emsmdb/?#", "Proxy"]
    for separator in ";\t":
        row = read(f"{separator.join(names)}\r\n{separator.join(values)}\r\n".encode(), "table.csv")[0][0]
        assert [row[name] for name in names] == values


def test_a_log_that_is_a_table_by_itself_is_no_export():
    log = (
        b"DateTime,UrlStem,AnchorMailbox,ProxyAction\r\n2021-02-28T04:10:22.101Z,/ecp/y.js,a@x.test,Proxy\r\n"
    )
    assert reader_of(log, "HttpProxy.log") is None


def test_an_export_covers_no_day_and_says_so():
    _, reader = read(ELASTIC, "export.ndjson")
    assert not reader.tally.days
    assert any("does not stand in" in note for note in reader.tally.notes)


def test_what_is_no_line_of_a_log_is_counted():
    rows, reader = read(ARRAY, "export.json")
    assert len(rows) == 1
    assert reader.tally.reasons == {"no-log-line": 1}


def test_times_of_the_portal_without_a_zone_follow_the_users_word():
    local = SENTINEL.replace(b" [UTC]", b"")
    with assuming("+02:00"):
        assert read(local, "a.csv")[0][0]["time"] == "01:12:29"


def test_other_json_and_other_tables_are_none():
    for text in (
        b'{"a": 1}\n',
        b"[]",
        b"name,message\nann,hello\n",
        b'{"message": "the mail server was slow"}\n',
        b"",
    ):
        reader = reader_of(text, "a.json")
        assert reader is None or reader.KIND != "iis_w3c"


def test_the_first_line_is_waited_for_however_long_it_is():
    many = [f"column_{number:04}" for number in range(600)]
    head, row, _ = SPLUNK.decode().split("\n")
    data = f"{','.join(many)},{head}\n{'x,' * len(many)}{row}\n".encode()
    assert read(data, "export", 512)[0] == read(data, "export")[0] != []


def test_an_address_in_one_field_is_host_path_and_query():
    whole = request(ts="2021-03-01T03:12:29Z", client_ip="203.0.113.9", method="POST", status=200,
                    url="https://mail.example:443/owa/%61uth/x.aspx?a=b c")  # fmt: skip
    row = read(whole, "a.json")[0][0]
    assert (row["cs-host"], row["cs-uri-stem"], row["cs-uri-query"]) == (
        "mail.example:443",
        "/owa/auth/x.aspx",
        "a=b+c",
    )


def test_parameters_of_a_command_in_json_are_the_words_of_the_command():
    audit = request(CmdletName="New-MailboxExportRequest", Caller="Administrator", Succeeded=True, RunDate="2021-03-03T04:12:00Z",
                    OriginatingServer="EX01", CmdletParameters=[{"Name": "Mailbox", "Value": "ann"},
                                                                {"Name": "FilePath", "Value": "\\\\fs01\\ann.pst"}])  # fmt: skip
    row = read(audit, "audit.json")[0][0]
    assert row["CmdletParameters"] == '-Mailbox "ann" -FilePath "\\\\fs01\\ann.pst"'


def test_times_of_named_values_without_a_zone_follow_the_users_word_and_say_so():
    with assuming("+02:00"):
        rows, reader = read(FIREWALL, "fw.log")
    assert rows[0]["time"] == "01:12:29"
    assert any("+02:00" in note for note in reader.tally.notes)


def test_named_values_of_other_things_are_none():
    for text in (
        b"name=ann mail=ann@example.test\n",
        b'time=2021-03-01T00:00:00Z level=info msg="the service was started" status=200\n',
        b"[settings]\npath=/owa\nmethod=POST\n",
        b"a = b",
        b"=" * 400,
    ):
        assert reader_of(text, "a.log") is None


@pytest.mark.parametrize("data", [NESTED, ZEEK, CEF, DRAWN])
def test_how_it_is_cut_is_found_in_any_chunks(data: bytes):
    assert [read(data, "export", step)[0] for step in (1, 7, 4096)] == [read(data, "export")[0]] * 3


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 400), junk=st.binary(max_size=40), step=st.integers(3, 300))
def test_damage_is_counted_and_chunks_change_nothing(cut: int, junk: bytes, step: int):
    data = ELASTIC + HITS[:cut] + junk + b"\n" + ELASTIC
    rows, reader = read(data, "export.ndjson", step)
    assert rows == read(data, "export.ndjson")[0]
    assert reader.tally.events == len(rows) >= 2
