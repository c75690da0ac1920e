"""The checks of an audit: one module for each, found by `featkit.auditing.check.CHECKS`."""
