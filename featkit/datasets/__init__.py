"""Recordings with label, group and split, from folders, file names, manifests and datasets."""
