"""Indexes of the pages: every curve, count and list of 30,000 servers reads an index and not the wide rows."""

from exsweep.fleet.dialect import Database


def lists(database: Database) -> str:
    """The step of the schema that adds them."""
    return """
CREATE INDEX server_broken_span ON server (broken_to, broken_from);
DROP INDEX server_broken;
CREATE INDEX server_known ON server (known_at);
CREATE INDEX server_cleaned ON server (cleaned_at);
CREATE INDEX server_cover ON server (inside_id, cover_from, cover_to);
CREATE INDEX server_region ON server (region, level);
CREATE INDEX server_build ON server (build);
CREATE INDEX assessment_received ON assessment (received);
CREATE INDEX exposure_campaign ON exposure (campaign, server_id);
"""
