"""Groups and recording conditions that leak the label."""
