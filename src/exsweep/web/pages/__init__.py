"""Views that people look at: one module a screen. Every module here is imported when the table of routes is made."""
