"""The families of descriptors, one module each, found by looking."""
