"""Geometry of the charts of the pages: values in, boxes out; the templates draw them as inline SVG."""
