"""Feature families, one module each; see `featkit.features.family` for their contract."""
