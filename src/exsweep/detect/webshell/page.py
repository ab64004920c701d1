"""What a served page says before its code is read: text as the server would decode it, directives, blocks of code.

`read_page` (see `reading`) makes these. One file can be read in several ways (two encodings that both make sense, a page
inside a property dump); each way is one `Page`, most likely first, and what any of them can do counts.
"""

import msgspec


class Directive(msgspec.Struct, frozen=True, kw_only=True):
    """`<%@ Page Language="C#" %>`."""

    name: str
    """Lower case: `page`, `webhandler`, `webservice`, `servicehost`, `control`, `master`, `import`, `assembly`,
    `codepage` (classic `<%@ LANGUAGE=... CODEPAGE=... %>` is `page`) ..."""
    attributes: dict[str, str]
    """Names in lower case."""
    at: int


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Code that the server runs."""

    code: str
    language: str
    """`csharp`, `vb`, `jscript`, `vbscript`, or `other` (PerlScript, a language the page names that we do not read)."""
    kind: str
    """`script` (`<script runat=server>`), `code` (`<% %>`), `expression` (`<%= %>`, `<%: %>`), `binding` (`<%# %>`),
    `handler` (body of .ashx .asmx .svc), `razor` (@ blocks), `source` (the whole file is code), `ssi` (a server-side
    include that starts a program; the language is `other`)."""
    at: int
    """Offset of the first character of the code in `Page.text`."""
    encoded: bool = False
    """Stood there as JScript.Encode or VBScript.Encode."""


class Include(msgspec.Struct, frozen=True, kw_only=True):
    """`<!--#include file="x" -->`, `<script runat=server src="x">`, CodeFile, CodeBehind, Inherits."""

    path: str
    at: int


class ServerTag(msgspec.Struct, frozen=True, kw_only=True):
    """A tag with runat=server whose attributes do something: `<object runat=server progid=...>`, data sources."""

    name: str
    """Lower case: `object`, `asp:objectdatasource`, `asp:sqldatasource` ... (`telling_tags` of `kinds.yml`)."""
    attributes: dict[str, str]
    """Names in lower case, values with character entities undone."""
    at: int


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One way of reading one file."""

    text: str
    """Decoded; at most 16 Mi characters. Of a larger file its beginning and end (trick `padding`)."""
    encoding: str
    """Python's name: `utf-8`, `utf-16-le`, `utf-16-be`, `utf-7`, `gb18030`, `cp1252`, `cp037` ..."""
    kind: str
    """`aspx`, `asp`, `ashx`, `asmx`, `svc`, `cshtml`, `ascx`, `master`, `asax`, `include` ...: how the server reads it
    (`kinds` of `kinds.yml`); `other` for a file without server code that is no page by its name."""
    language: str
    """Of the page as a whole, as in `Block.language`; `other` where nothing tells."""
    container: str | None = None
    """What the page lies in: `oab_property_dump`, `pst`, `certificate`, `image`, `log`, `archive`, `document`,
    `program`; None for a plain page."""
    directives: tuple[Directive, ...] = ()
    blocks: tuple[Block, ...] = ()
    includes: tuple[Include, ...] = ()
    controls: tuple[str, ...] = ()
    """Lower-case tags with runat=server: `asp:textbox`, `asp:button`, `asp:fileupload`, `asp:sqldatasource`, `form` ..."""
    tags: tuple[ServerTag, ...] = ()
    tricks: tuple[str, ...] = ()
    """What was done to hide the page from readers, as stable codes: `utf16-without-bom`, `utf7`, `script-encode`,
    `nul-bytes`, `padding`, `comment-in-token`, `unicode-escapes` ... Weights are knowledge."""

    def line(self, at: int) -> int:
        """1-based line of an offset in `text`."""
        return self.text.count("\n", 0, at) + 1
