"""The engine of Dask clusters: its connection, its tasks, and the code of its workers."""
