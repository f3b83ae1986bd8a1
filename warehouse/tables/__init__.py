"""Every table, by schema. Importing this package fills `METADATA`."""

from warehouse.tables import core, duplicates, mart, ops, privacy, raw, reports, themes
from warehouse.tables.base import METADATA, SCHEMAS

__all__ = ["METADATA", "SCHEMAS", "core", "duplicates", "mart", "ops", "privacy", "raw", "reports", "themes"]
