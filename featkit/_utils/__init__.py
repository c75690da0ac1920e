"""What all parts of featkit use: types, parameters, files, worker counts, words."""
