"""Recordings with label, group and split: folders, names of files, manifests, published indexes."""
