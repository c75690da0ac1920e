"""The table of all judged rows, and pairs of classes."""

import json
import re

import numpy as np
from reporting import hostile, made

from featkit.report._class_pairs import MAX_PAIRS, class_pairs
from featkit.report._judged import ROWS_AT_ONCE, judged_data, judged_order, row_results
from featkit.report.page import page


def script_data(text):
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    return json.loads(data)


def test_the_data_of_the_script_hold_every_row_once():
    _, explanation, _ = made(rows=130)
    data = judged_data(explanation)
    assert len(data["rows"]) == 130
    names = {row[0].partition(",")[0] for row in data["rows"]}
    assert names == set(explanation.keys["path"])
    order = judged_order(explanation)
    for row, place in zip(data["rows"], order.tolist(), strict=True):
        assert data["texts"][row[1]] == explanation.y[place]
        assert data["texts"][row[2]] == explanation.predicted[place]
        assert float(row[3]) == np.round(explanation.confidence[place], 3)
        assert data["judges"][row[4]] == f"fold {explanation.folds[place]}"
        assert (data["results"][row[5]] == "correct") == (
            explanation.y[place] == explanation.predicted[place]
        )


def test_confident_errors_come_first():
    _, explanation, _ = made(rows=130)
    order = judged_order(explanation)
    results = np.array(row_results(explanation))[order]
    wrong = int((results == "wrong").sum())
    assert 0 < wrong < 130
    assert (results[:wrong] == "wrong").all()
    confidence = explanation.confidence[order]
    assert (np.diff(confidence[:wrong]) <= 0).all()
    assert (np.diff(confidence[wrong:]) >= 0).all()


def test_the_page_holds_the_first_rows_as_a_table_and_all_as_data():
    model, explanation, table = made(rows=130)
    text = page(model=model, explanation=explanation, table=table)
    section = text[text.index('id="judged"') : text.index('class="judged-pages"')]
    assert section.count('<tr><th scope="row">') == ROWS_AT_ONCE
    assert f"The first {ROWS_AT_ONCE} of 130" in section
    assert len(script_data(text)["judged"]["rows"]) == 130


def test_ten_thousands_of_rows_make_a_small_page():
    _, explanation, _ = made()
    many = explanation.of_rows(np.arange(20_000) % len(explanation))
    data = json.dumps(judged_data(many), separators=(",", ":"))
    assert len(data) / 20_000 < 50


def test_hostile_names_are_escaped_in_the_data():
    model, explanation, table = hostile()
    text = page(model=model, explanation=explanation, table=table)
    assert "<img src=x" not in text
    names = [row[0] for row in script_data(text)["judged"]["rows"]]
    assert any("<img src=x onerror=alert(3)>.wav" in name for name in names)


def test_a_column_that_separates_two_classes_leads_their_pair():
    _, explanation, _ = made(rows=60)
    explanation.values[:, 4, 0] = np.where(explanation.y == "a", 9.0, -9.0)
    explanation.values[:, 4, 1] = np.where(explanation.y == "b", 9.0, -9.0)
    pairs = {pair.classes: pair for pair in class_pairs(explanation)}
    assert set(pairs) == {("a", "b"), ("a", "c"), ("b", "c")}
    pair = pairs["a", "b"]
    assert pair.columns[0].name == explanation.columns[4]
    assert float(pair.columns[0].separation) == 36.0  # (9 + 9) in rows of a, (-9 - 9) in those of b


def test_confusions_of_a_pair_are_counted():
    _, explanation, _ = made(rows=60)
    for pair in class_pairs(explanation):
        for true, predicted, wrong, rows, _ in pair.confusions:
            own = explanation.y == true
            assert rows == own.sum()
            assert wrong == (explanation.predicted[own] == predicted).sum()
        confused = {(true, predicted) for _, true, predicted, _ in pair.recordings}
        assert confused <= {pair.classes, pair.classes[::-1]}


def test_of_many_classes_the_most_confused_pairs_are_shown():
    names = [f"class {k:02}" for k in range(16)]
    _, explanation, _ = made(rows=64, classes=names)
    pairs = class_pairs(explanation)
    assert len(pairs) == MAX_PAIRS < 16 * 15 / 2
    wrong = [sum(confusion[2] for confusion in pair.confusions) for pair in pairs]
    assert wrong == sorted(wrong, reverse=True)
