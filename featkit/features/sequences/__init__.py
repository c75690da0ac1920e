"""Sets of sequences: which descriptors, how many frames, and their values for each recording."""
