"""Features: from samples to rows of numbers.

`analysis` computes rows for the columns of a feature set (`sets`). A set lists families
(`families`, whose contract is in `family`) with parameters and `statistics` over time. Families
compute their descriptors from quantities that they share (`spectra`). `extractor` provides a
scikit-learn transformer; `catalogue` and `costs` document the families.
"""
