"""The table of features, the files that hold one, and what can be said about it."""
