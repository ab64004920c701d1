"""Pages and API over the fleet: one table of routes, of which routing, rights, checks and OpenAPI are made.

A route is a record (`exsweep.web.routes.Route`): name, method, path, right, and a view: a function from what was asked
(`Ask`) and typed parameters to a typed result. The same result answers JSON, and HTML through the template of that name.
"""
