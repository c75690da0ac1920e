"""Spectra and other quantities that several families share, each computed once."""
