"""Views of the core: signing in, accounts, keys, sending evidence, jobs, downloads. One module a subject."""
