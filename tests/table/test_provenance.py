"""Provenance, flattened to dotted names."""

from featkit.table.provenance import flatten_provenance


def test_repeated_families_are_numbered():
    entry = {"family": "mfcc", "n_mfcc": 3}
    flat = flatten_provenance({"feature_set": {"features": [entry, entry | {"n_mfcc": 4}]}})
    assert flat == {
        "feature_set.features.mfcc.n_mfcc": 3,
        "feature_set.features.mfcc[2].n_mfcc": 4,
    }
