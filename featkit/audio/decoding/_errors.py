"""What one decoder tells another of a file."""


class ForeignError(ValueError):
    """The file's container is one of libsndfile's, and its codec is not."""
