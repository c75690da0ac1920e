"""Formats of table files, one module each.

A new format is a new module that exports a `featkit.table.table_files.TableFormat` under the name
``FORMAT``. `featkit.table.dataframes.frame_columns` converts a DataFrame to the columns that its
function `read` returns.
"""
