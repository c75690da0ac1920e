"""The feature table, the formats of its files, and its inspection."""
