"""Orders for events: what the repository's own texts tell, for it is not taken apart."""

from exsweep.model import SourceState
from tests.parse.traces.reading import read

PLACE = "C/Windows/System32/wbem/Repository/OBJECTS.DATA"
COMMAND = b"powershell.exe -NoP -W hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATw"
SCRIPT = b'Set s = CreateObject("WScript.Shell")\r\ns.Run "EXSWEEP-INERT-FIXTURE"'
REPOSITORY = bytes(4096).join(
    [
        b"\x12CommandLineEventConsumer\0\0CommandLineTemplate\0\0string\0",
        b"\x01CommandLineEventConsumer\0\0" + COMMAND + b"\0\0Updater\0\0",
        b"\x01ActiveScriptEventConsumer\0\0Cleaner\0\0VBScript\0\0" + SCRIPT + b"\0",
        b'\x01__FilterToConsumerBinding\0\0CommandLineEventConsumer.Name="Updater"\0\0__EventFilter.Name="Boot"\0',
        b"\x01__EventFilter\0\0Boot\0\0root\\cimv2\0\0SELECT * FROM __InstanceModificationEvent WITHIN 60\0\0WQL\0",
        b'\x01__FilterToConsumerBinding\0\0NTEventLogEventConsumer.Name="SCM Event Log Consumer"\0\0__EventFilter.Name="SCM Event Log Filter"\0',
        b"",
    ]
)


def test_commands_scripts_and_what_binds_them_are_rows():
    rows, reader = read(REPOSITORY, PLACE)
    told = {(row["Kind"], row["Name"], row["Command"]) for row in rows}
    assert told == {
        ("wmi command", "Updater", COMMAND.decode()),
        ("wmi script", "Cleaner", SCRIPT.decode()),
        ("wmi binding", "Updater", "CommandLineEventConsumer"),
        ("wmi binding", "SCM Event Log Consumer", "NTEventLogEventConsumer"),
    }
    bound = next(row for row in rows if row["Kind"] == "wmi binding" and row["Name"] == "Updater")
    assert bound["Detail"] == "filter Boot: SELECT * FROM __InstanceModificationEvent WITHIN 60"
    assert any("no times" in note for note in reader.tally.notes)


def test_a_file_of_this_name_without_these_texts_is_partial():
    assert read(bytes(9_000), PLACE)[1].state()[0] is SourceState.PARTIAL
