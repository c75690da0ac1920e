"""Errors that one decoder raises for the next one."""


class UnsupportedCodecError(ValueError):
    """libsndfile reads the container of a file, but not its codec."""
