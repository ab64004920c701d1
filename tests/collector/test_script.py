"""The script: read by a grammar of PowerShell, for it cannot be run here. It only reads; it finishes; it says what it could not read."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsweep.knowledge.collection_script import _ascii_json

READING = {
    "Add-Type",
    "ConvertFrom-Json",
    "ConvertTo-Json",
    "ForEach-Object",
    "Get-Process",
    "New-Object",
    "Out-Null",
    "Read-Host",
    "Select-Object",
    "Set-StrictMode",
    "Sort-Object",
    "Where-Object",
    "Write-Host",
    "Write-Progress",
}
"""All commands of others that the script may use: each is in PowerShell 3, none changes anything."""


@pytest.fixture(scope="module")
def tree(script):
    grammar = pytest.importorskip("tree_sitter_powershell", reason="tree-sitter-powershell is not installed")
    from tree_sitter import Language, Parser

    return Parser(Language(grammar.language())).parse(script.encode())


def nodes(tree, kind=None):
    waiting = [tree.root_node]
    while waiting:
        node = waiting.pop()
        if kind is None or node.type == kind:
            yield node
        waiting.extend(node.children)


def names(tree, kind):
    return {node.text.decode() for node in nodes(tree, kind)}


def test_the_grammar_of_powershell_reads_all_of_it(tree):
    wrong = [node.text[:80] for node in nodes(tree) if node.is_error or node.is_missing]
    assert wrong == []


def test_it_uses_only_commands_that_read_and_its_own(tree):
    own = names(tree, "function_name")
    used = names(tree, "command_name")
    assert {name for name in used if "-" in name} - own <= READING
    assert {name for name in used if "-" not in name} == set()
    assert own - used == set(), "a function that nobody calls"


def test_the_only_program_it_starts_is_that_for_event_logs(script):
    started = re.findall(r'& "([^"]+)" (\w+)', script)
    assert started == [
        ("$env:windir\\System32\\wevtutil.exe", "el"),
        ("$env:windir\\System32\\wevtutil.exe", "epl"),
    ]
    assert script.count("& ") == len(started)


def test_it_deletes_nothing_but_its_own_working_files(script):
    assert sorted(re.findall(r"::Delete\(([^)]*)\)", script)) == ["$export", "$journal", "$work, $true"]
    assert not re.search(
        r"(?i)Remove-|\b(del|rm|ri|erase|rd|rmdir)\b|MoveTo|\.Move\(|\.Replace\(\$|SetAttributes", script
    )


def test_it_opens_files_of_the_server_for_reading_only_and_lets_others_write(script):
    opened = re.findall(r"New-Object IO\.FileStream -ArgumentList (.*)", script)
    reading = [line for line in opened if "'Open', 'Read', $ShareAll" in line]
    writing = [line for line in opened if line not in reading]
    assert len(reading) == 3
    assert [line.strip() for line in writing] == [
        "$State.Target, 'CreateNew', 'ReadWrite', 'Read'",
        "$path, 'Create', 'Write', 'Read'",
    ]
    assert "$ShareAll = [IO.FileShare] 'ReadWrite, Delete'" in script


@pytest.mark.parametrize(
    "word",
    [
        "Invoke-",
        "iex",
        "DownloadString",
        "WebClient",
        "http://",
        "https://",
        "Start-Process",
        "Set-Service",
        "Stop-",
        "Add-PSSnapin",
        "Import-Module",
        "EncodedCommand",
        "FromBase64",
        "CommitChanges",
        "SetValue",
        "CreateSubKey",
    ],
)
def test_it_neither_sends_nor_runs_nor_changes_anything(script, word):
    assert not re.search(rf"(?i)(?<![a-z]){re.escape(word)}", script)


def test_every_variable_is_given_a_value_before_strict_mode_complains(tree, script):
    used = {name.lower() for name in names(tree, "variable")}
    given_by = set(re.findall(r"(?i)(\$\w+)\s*=[^=]", script)) | set(
        re.findall(r"(?i)foreach \((\$\w+) in", script)
    )
    given_by |= set(re.findall(r"\[[\w.\[\]]+\]\s?(\$\w+)", script)) | set(
        re.findall(r"[(,]\s*(\$\w+)[,)]", script)
    )
    automatic = {
        "$_",
        "$null",
        "$true",
        "$false",
        "$pid",
        "$lastexitcode",
        "$psversiontable",
        "$executioncontext",
    }
    left = used - {name.lower() for name in given_by} - automatic
    assert {name for name in left if not name.startswith(("$env:", "@"))} == set()


def test_it_is_plain_ascii_with_the_line_ends_of_windows(script):
    assert script.isascii()
    assert script.endswith("\r\n")
    assert "\n" not in script.replace("\r\n", "")


def test_nothing_of_the_template_is_left_open(script):
    assert "@@" not in script
    assert "[int] $Days = 90," in script


def test_the_plan_is_data_in_the_script(script, plan):
    text = re.search(r"(?s)\$Plan = @'\r\n(.*?)\r\n'@ \| ConvertFrom-Json", script)[1]
    assert "'" not in text
    data = json.loads(text)
    assert data["limits"]["keep_free_gb"] == plan.limits.keep_free_gb
    # Strict mode refuses names that are not there: every row has every name.
    assert len({tuple(sorted(row)) for row in data["files"]}) == 1
    assert len({tuple(sorted(row)) for row in data["roots"]}) == 1


def test_every_name_that_the_script_asks_the_plan_for_is_there(script):
    data = json.loads(re.search(r"(?s)@'\r\n(.*?)\r\n'@", script)[1])
    for name, inner in re.findall(r"\$Plan\.(\w+)(?:\.(\w+))?", script):
        assert name in data
        assert not inner or inner in data[name]
    for variable, rows in (
        ("rule", data["files"]),
        ("root", data["roots"]),
        ("flat", data["listing"]["flat"]),
    ):
        for name in re.findall(rf"\${variable}\.(\w+)", script):
            assert all(name in row for row in rows), (variable, name)


@given(st.text(max_size=40))
def test_no_text_in_the_plan_can_leave_its_place(text):
    made = _ascii_json({"x": [text, {"y": text}]})
    assert made.isascii()
    assert "'" not in made
    assert json.loads(made) == {"x": [text, {"y": text}]}


@pytest.mark.parametrize(
    "says",
    [
        "Run as administrator",  # plain words without rights
        "[switch] $EstimateOnly",
        "[switch] $Quiet",
        "MsiInstallPath",
        "applicationHost.config",
        "ReparsePoint",  # links are not followed
        "XmlResolver = $null",
        "finally {",  # Ctrl-C still gives a zip that can be read
        "unread.csv",
        "manifest.csv",
        "ConvertTo-Json $about",
        "PowerShell 2, which is too old",  # Windows Server 2008 R2: what to do instead
        "CurrentCulture = [Globalization.CultureInfo]::InvariantCulture",  # Turkish: WEB.CONFIG is web.config
        "Another run of this script",  # started twice
        "$PSScriptRoot",  # not into the folder of Windows, where PowerShell as administrator starts
    ],
)
def test_it_does_what_its_task_names(script, says):
    assert says in script
