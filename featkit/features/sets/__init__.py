"""Feature sets: the TOML files of this folder, and the code that reads such definitions."""
