"""The doctests of `docs` are those of the pages, without settings, extensions, generated pages."""

collect_ignore_glob = ["*.py", "_*", "gallery.md", "project", "reference"]
