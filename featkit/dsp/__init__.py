"""Signal processing that families share: framing, filters, transforms, what is read from them."""
