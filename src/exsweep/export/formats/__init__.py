"""One file per export format; importing it registers the format."""
