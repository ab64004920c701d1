"""Tests of the openers: each says what must happen to evidence, hostile evidence most of all."""
