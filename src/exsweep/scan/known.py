"""Look-ups of builds, remembered: a scan meets the same few builds again and again."""

from functools import lru_cache

from exsweep.knowledge import builds

_MANY = 4_096
"""Hostile servers may show any number of builds; no more than these are remembered."""

place_of = lru_cache(_MANY)(builds.locate)
"""See `exsweep.knowledge.builds.locate`."""
product_of = lru_cache(_MANY)(builds.product_of)
"""See `exsweep.knowledge.builds.product_of`."""
name_of = lru_cache(_MANY)(builds.name_of)
"""See `exsweep.knowledge.builds.name_of`."""
