"""Decoders: from a file to its samples, block by block, at the file's own rate and channels."""
