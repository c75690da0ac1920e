"""From a file to its own samples, block by block, by libsndfile or PyAV."""
