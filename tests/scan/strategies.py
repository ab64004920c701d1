"""Anything a server may say, plausible and hostile."""

from hypothesis import strategies as st

from exsweep.scan.asks import Ask
from exsweep.scan.certificate import Certificate
from exsweep.scan.heard import Heard, Line, hear
from exsweep.scan.replies import Failure, Reply

BUILDS = st.sampled_from(
    [
        "15.2.1748.39",
        "15.2.858.5",
        "15.1.2106.2",
        "15.1.1240.20",
        "15.0.1497.2",
        "14.3.513.0",
        "15.20.1.1",
        "",
        "<script>",
        "99.99.99.99",
    ]
)
LOCATIONS = st.sampled_from(
    [
        "https://x.example.org/owa/auth/logon.aspx?url=1",
        "/owa/auth/errorFE.aspx?httpCode=404",
        "https://login.microsoftonline.com/common",
        "http://169.254.169.254/",
        "file:///etc/passwd",
        "//evil.example\r\nX: y",
        "/my.policy",
        "https://sts.example.org/adfs/ls",
        "http://[::1",
        "",
    ]
)
BODIES = st.one_of(
    st.binary(max_size=64),
    st.sampled_from(
        [
            b"",
            b"<!-- OwaPage = ASP.auth_logon_aspx -->/owa/auth/15.2.858/themes/resources/favicon.ico",
            b"/owa/14.3.169.1/themes/resources/",
            b'<assemblyIdentity name="a" version="15.0.1497.2"/>',
            b"200 OK<br/>EXCH01.corp.local",
            b"Name   : OAB (x)\r\nPollInterval  : 480\r\nOfflineAddressBooks   :\r\nMetabasePath   : IIS://a\r\n",
        ]
    ),
)
HEADERS = st.lists(
    st.one_of(
        st.tuples(st.just("x-owa-version"), BUILDS),
        st.tuples(st.just("x-feserver"), st.sampled_from(["EXCH01", "EXCH02", "SN6PR16CA0066", ""])),
        st.tuples(st.just("location"), LOCATIONS),
        st.tuples(
            st.just("server"),
            st.sampled_from(["Microsoft-IIS/10.0", "Microsoft-IIS/6.0", "cloudflare", "nginx"]),
        ),
        st.tuples(st.just("set-cookie"), st.sampled_from(["cadata=1", "TS01=1; path=/", "="])),
        st.tuples(
            st.just("www-authenticate"), st.sampled_from(["NTLM", 'Basic realm="Login Required"', "Bearer"])
        ),
        st.tuples(st.just("request-id"), st.sampled_from(["a", "b", "6cfcf35d-0680-4853-98c4-b16723708fc9"])),
        st.tuples(st.just("x-aspnet-version"), st.just("4.0.30319")),
    ),
    max_size=7,
)
REPLIES = st.builds(
    Reply,
    status=st.sampled_from([200, 200, 302, 302, 401, 403, 404, 404, 429, 500, 503, 520]),
    headers=HEADERS.map(tuple),
    body=BODIES,
    reusable=st.booleans(),
)
NAMES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["mail.example.org", "*.example.org", "10.0.0.1", "a\r\nb.example", "x" * 300 + ".org"]),
)
LINES = st.builds(
    Line,
    tls=st.just("TLSv1.3"),
    certificate=st.none()
    | st.builds(Certificate, names=st.lists(NAMES, max_size=3).map(tuple), common_name=NAMES),
)
ANSWERS = st.one_of(REPLIES, REPLIES, REPLIES, st.sampled_from(list(Failure)))


def heard(ask: Ask, answer: Reply | Failure, line: Line) -> Heard:
    return hear(ask, answer, line)
