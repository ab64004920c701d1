"""The HTML report: a view of the assessment built in Python, drawn by templates."""
