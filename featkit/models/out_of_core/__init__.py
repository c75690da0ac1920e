"""Training on tables that do not fit in memory."""
