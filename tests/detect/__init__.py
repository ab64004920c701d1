"""Specification of the Sigma engine."""
