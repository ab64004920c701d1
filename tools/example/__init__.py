"""A fictitious school district's Exchange server, broken into on 28 February 2021: what writes its logs."""
