"""The compiled core gives the bits of NumPy, and refuses arrays that it would leave."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from featkit.models.tree_shap import _compiled_pass, _numpy_pass
from featkit.models.tree_shap.nodes import nodes_of
from featkit.models.tree_shap.points import factors, rule

core = _compiled_pass.core
VARIANTS = core.supported_variants() if core else []
pytestmark = pytest.mark.skipif(core is None, reason="installed without a compiler")


def problem(seed=0, columns=5, classes=3, kind=DecisionTreeClassifier):
    """Nodes and factors of two trees, and rows in blocks, some without values."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(50, columns)), rng.integers(classes, size=50)
    X[::7, 1] = np.nan
    trees = [kind(max_depth=depth).fit(X, y).tree_ for depth in (3, None)]
    nodes = nodes_of(trees)
    x = rng.normal(size=(3, columns, 8))
    x[rng.random(x.shape) < 0.1] = np.nan
    width = trees[0].value.shape[2]
    return nodes, factors(nodes, *rule(nodes)), x, np.zeros((3, columns, width, 8))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kind", [DecisionTreeClassifier, DecisionTreeRegressor])
def test_every_instruction_set_gives_the_bits_of_numpy(variant, kind):
    nodes, own, x, expected = problem(kind=kind)
    values = expected.copy()
    for _ in range(2):  # the second time to sums that are not 0
        _compiled_pass.add_values(nodes, own, x, values, variant)
        _numpy_pass.add_values(nodes, own, x, expected)
    assert np.abs(expected).max() > 0.01
    assert values.tobytes() == expected.tobytes()


@pytest.mark.parametrize("seed", range(4))
def test_trees_of_many_columns_have_the_bits_of_numpy(seed):
    nodes, own, x, expected = problem(seed, columns=30, classes=9)
    values = expected.copy()
    _compiled_pass.add_values(nodes, own, x, values)
    _numpy_pass.add_values(nodes, own, x, expected)
    assert values.tobytes() == expected.tobytes()


def arguments(nodes, own):
    names = ("starts", "depth", "column", "threshold", "side", "repeat")
    pairs = ("pair_starts", "pair_class", "pair_value")
    return {name: getattr(nodes, name) for name in (*names, *pairs)} | own._asdict()


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("starts", 1, 10**9),
        ("starts", 1, 0),
        ("starts", 0, 1),
        ("depth", 0, 1),
        ("depth", 3, 9),
        ("depth", 2, 0),
        ("depth", 2, -1),
        ("column", 1, 5),
        ("column", 1, -1),
        ("repeat", 1, 1),
        ("repeat", 1, -1),
        ("pair_starts", 1, 10**9),
        ("pair_starts", 1, -1),
        ("pair_class", 0, 3),
        ("pair_class", 0, -1),
    ],
)
def test_numbers_out_of_range_are_refused(name, place, value):
    nodes, own, x, phi = problem()
    arrays = arguments(nodes, own)
    arrays[name] = arrays[name].copy()
    arrays[name][place] = value
    with pytest.raises(ValueError, match=f"{name} is not that of trees"):
        core.add_values("baseline", arrays, x, phi, 5, 3, int(nodes.depth.max()) + 1)
    assert not phi.any()


@pytest.mark.parametrize("name", [*arguments(*problem()[:2])])
def test_arrays_that_are_missing_or_of_another_size_or_type_are_refused(name):
    nodes, own, x, phi = problem()
    levels = int(nodes.depth.max()) + 1
    arrays = arguments(nodes, own)
    for other in (arrays[name][:-1].copy(), arrays[name].astype(np.float16)):
        with pytest.raises((ValueError, TypeError)):
            core.add_values("baseline", arrays | {name: other}, x, phi, 5, 3, levels)
    del arrays[name]
    with pytest.raises(KeyError, match=name):
        core.add_values("baseline", arrays, x, phi, 5, 3, levels)


@given(data=st.data())
def test_no_numbers_make_the_core_leave_its_arrays(data):
    """It refuses them, or computes something; the memory next to the result is untouched."""
    nodes, own, x, _ = problem()
    arrays = arguments(nodes, own)
    for name in data.draw(st.lists(st.sampled_from([*arrays]), min_size=1, max_size=3)):
        array = arrays[name] = arrays[name].copy()
        place = data.draw(st.integers(0, array.size - 1))
        array.flat[place] = data.draw(st.integers(0, 6))
    columns, classes = data.draw(st.tuples(st.integers(-1, 6), st.integers(-1, 4)))
    levels = data.draw(st.integers(-1, 20))
    memory = np.full(5 * x.size, 7.0)
    phi = memory[x.size : 4 * x.size]
    try:
        core.add_values("baseline", arrays, x, phi, columns, classes, levels)
    except ValueError:
        assert (phi == 7).all()
    assert (memory[: x.size] == 7).all()
    assert (memory[4 * x.size :] == 7).all()


def test_an_unknown_instruction_set_is_refused():
    nodes, own, x, phi = problem()
    with pytest.raises(ValueError, match="no variant mmx"):
        _compiled_pass.add_values(nodes, own, x, phi, "mmx")
