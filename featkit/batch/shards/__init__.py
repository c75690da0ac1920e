"""Shards: shares of a corpus that are extracted by themselves, and merged to one table."""
