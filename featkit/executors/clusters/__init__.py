"""Kinds of clusters, a module each."""
