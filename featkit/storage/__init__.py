"""Files on this machine and in stores: names, reading, and atomic writes."""
