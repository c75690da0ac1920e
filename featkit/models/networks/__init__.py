"""Networks: estimators that learn from sequences of frames instead of columns (extra ``deep``)."""
