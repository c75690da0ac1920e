"""Defects of recordings: one module for each, found by `featkit.auditing.defect.DEFECTS`."""
