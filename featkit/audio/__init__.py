"""From a path or an array to samples: float32, mono, at a stated rate."""
