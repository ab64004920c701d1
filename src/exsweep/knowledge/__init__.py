"""Typed, cached readers of `data/`: what is known about Exchange, its flaws, intruders and remedies."""

from exsweep.knowledge.data_files import version

__all__ = ["version"]
