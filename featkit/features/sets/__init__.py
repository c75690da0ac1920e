"""Feature sets: TOML files of this folder, and how they and others are read."""
