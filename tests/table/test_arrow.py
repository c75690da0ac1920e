"""Tables of pandas, polars and Arrow: the same table after each round trip, and as an input."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import featkit
from featkit import FeatureTable
from featkit.errors import TableError
from featkit.features.sets.loading import feature_set
from featkit.schema import QUALITY_DTYPES

COLUMNS = feature_set("genre75").columns[:3]

numbers = st.floats(allow_nan=True, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@st.composite
def tables(draw):
    """Tables with featkit's keys, some quality columns, and features with units."""
    n = draw(st.integers(1, 5))

    def column(values):
        return draw(st.lists(values, min_size=n, max_size=n))

    keys = {
        "path": column(texts),
        "start": np.array(column(st.floats(0, 1e6))),
        "end": np.array(column(st.floats(0, 1e6))),
        "label": column(texts),
        "artist": column(texts),
    }
    values = {"bool": st.booleans(), "float64": numbers, "int64": st.integers(0, 2**40)}
    quality = {
        name: np.array(column(values.get(dtype, texts)), dtype=object if dtype == "str" else dtype)
        for name, dtype in QUALITY_DTYPES.items()
        if draw(st.booleans())
    }
    described = [{"name": own.name, "unit": own.unit, "family": own.family} for own in COLUMNS]
    provenance = {"feature_set": {"name": draw(texts)}, "columns": described}
    matrix = np.array([column(numbers) for _ in COLUMNS]).T
    return FeatureTable(keys, [own.name for own in COLUMNS], matrix, provenance, quality)


def same(one, two):
    assert one.feature_names == two.feature_names
    np.testing.assert_array_equal(one.values, two.values)
    assert one.provenance == two.provenance
    for part in ("keys", "quality"):
        first, second = getattr(one, part), getattr(two, part)
        assert list(first) == list(second)
        for name in first:
            assert np.asarray(first[name]).dtype.kind in (np.asarray(second[name]).dtype.kind, "U")
            np.testing.assert_array_equal(
                np.asarray(first[name], np.asarray(second[name]).dtype), second[name]
            )


@settings(max_examples=15, deadline=None)
@given(tables())
def test_arrow_and_pandas_give_the_same_table_back(table):
    for data in (table.to_arrow(), pa.table(table), table.to_pandas()):
        same(FeatureTable.of(data), table)


@settings(max_examples=15, deadline=None)
@given(tables())
def test_polars_gives_the_same_table_back_with_its_provenance(table):
    polars = pytest.importorskip("polars")
    for data in (polars.DataFrame(table), table.to_polars()):
        assert data.schema["label"] == polars.String
        same(FeatureTable.of(data, table.provenance), table)


def labelled(rows=40):
    rng = np.random.default_rng(0)
    data = pd.DataFrame(rng.normal(size=(rows, 3)), columns=["a", "b", "c"])
    return data.assign(label=["x", "y"] * (rows // 2))


def frames():
    data = labelled()
    yield "arrow", pa.table(data)
    try:
        import polars
    except ImportError:
        return
    yield "polars", polars.DataFrame(pa.table(data))


@pytest.mark.parametrize(("kind", "data"), list(frames()))
def test_functions_take_tables_of_other_libraries(kind, data, tmp_path):
    expected = featkit.train(labelled(), model="logistic", folds=2)
    result = featkit.train(data, model="logistic", folds=2)
    assert result.scores == expected.scores
    assert result.model.predict(data).data.equals(expected.model.predict(labelled()).data)
    explanation = featkit.explain(result.model, data)
    np.testing.assert_array_equal(
        explanation.values, featkit.explain(expected.model, labelled()).values
    )
    assert featkit.inspect(data).rows == 40
    assert featkit.diff(data, labelled()).same
    assert featkit.audit(data, checks=["exact_copies"]).checked == ["exact_copies"]
    assert featkit.evaluate(result.model, data).evaluation.evaluations
    joined = featkit.train({"one": data, "two": labelled()}, model="logistic", folds=2)
    assert joined.evaluation.datasets == {"one": 40, "two": 40}


def test_one_or_several_files_are_explained(tmp_path):
    for name in ("one", "two"):
        labelled().to_parquet(tmp_path / f"{name}.parquet")
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    model = featkit.train(labelled(), model="logistic", folds=2).model
    assert len(featkit.explain(model, one)) == len(featkit.explain(model, str(one))) == 40
    assert len(featkit.explain(model, [one, two])) == 80


def test_the_interchange_protocol_gives_columns():
    table = FeatureTable({"path": ["a", "b"]}, ["x"], np.array([[1.0], [np.nan]]))
    exchanged = table.__dataframe__()
    assert (exchanged.num_rows(), [*exchanged.column_names()]) == (2, ["path", "x"])


def test_what_is_no_table_and_foreign_metadata_are_refused():
    with pytest.raises(TableError, match="not a table, but a list"):
        FeatureTable.of([1, 2])
    foreign = pa.table({"x": [1.0]}).replace_schema_metadata({b"featkit": b'{"columns": 3}'})
    with pytest.raises(TableError, match="not written by featkit"):
        FeatureTable.of(foreign)
    half = FeatureTable({"path": ["\ud800"]}, ["x"], np.array([[1.0]]))
    with pytest.raises(TableError):
        half.to_arrow()
