"""Callbacks that collect the progress of a computation."""


def into(steps):
    """A callback that adds ``(done, total, note)`` to a list."""
    return lambda progress: steps.append((progress.done, progress.total, progress.note))
