"""Wrong labels and outliers: predictions out of fold, and what follows from them."""
