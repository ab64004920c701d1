"""Logs to columns: recognise the kind of log, read it as batches, count what was lost."""

from exsweep.parse.batch import NO_TIME, Batch, RejectedLine
from exsweep.parse.reader import Reader
from exsweep.parse.recognise import recognise, usual_log
from exsweep.parse.several import Stack, is_plain, read_several
from exsweep.parse.sweep import Sieve
from exsweep.parse.tally import Tally

__all__ = [
    "NO_TIME",
    "Batch",
    "Reader",
    "RejectedLine",
    "Sieve",
    "Stack",
    "Tally",
    "is_plain",
    "read_several",
    "recognise",
    "usual_log",
]
