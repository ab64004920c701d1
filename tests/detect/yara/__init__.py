"""Tests of YARA scanning."""
