"""Reading audio: from a file or an array to mono float32 samples at a given sample rate."""
