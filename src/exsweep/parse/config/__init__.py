"""The web server's configuration as evidence: settings that run code, serve a folder or send visitors elsewhere."""

from exsweep.parse.config.reading import Read, read_config, recognise_config

__all__ = ["Read", "read_config", "recognise_config"]
