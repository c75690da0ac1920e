"""Many recordings to one table: workers, checkpoint, resume."""
