"""Files and folders for tests of datasets, and the fields of recordings."""

from featkit.datasets.recordings import recordings


def make(folder, *names):
    """Create empty files; a search looks at names only."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def write_file(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def fields_of(recordings):
    return [dict(recording.fields) for recording in recordings]


def fields_by_path(*inputs, **how):
    """Fields of each recording, by its path."""
    return {recording.path: dict(recording.fields) for recording in recordings(inputs, **how)}
