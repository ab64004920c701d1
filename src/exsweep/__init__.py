"""exsweep: has this Exchange server been broken into, how, since when, and what to do now."""

__version__ = "0.1.0"
