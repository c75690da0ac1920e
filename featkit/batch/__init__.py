"""Extract features from many recordings into one table, with workers, checkpoints and resume."""
