"""Copies and versions of recordings: candidates, and how they are verified."""
