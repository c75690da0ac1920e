"""Formatting of numbers and names."""

import numpy as np
import pytest

from featkit.report.formatting import (
    fixed,
    percent,
    signed,
    significant,
    summary,
    whole_percent,
    with_unit,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (significant(1234.56), "1,235"),
        (significant(0.0012345), "0.001234"),
        (significant(-3.14159, 3), "−3.14"),
        (significant(0), "0"),
        (significant(np.nan), "–"),
        (significant(1e-9, 3), "1.00e−09"),
        (significant(9.9996), "10.000"),
        (signed(0.5), "+0.500"),
        (signed(-0.5), "−0.500"),
        (percent(0.8425), "84.3\u00a0%"),
        (percent(1 / 30000), "<0.1\u00a0%"),
        (percent(0.99996), ">99.9\u00a0%"),
        (fixed(0.8425), "0.843"),
        (fixed(None), "–"),
        (fixed(np.nan), "–"),
        (whole_percent(0), "0"),
        (whole_percent(0.003), "<1"),
        (whole_percent(0.997), ">99"),
        (whole_percent(1.0), "100"),
        (whole_percent(0.5), "50"),
        (with_unit(440, "Hz"), "440.0\u00a0Hz"),
        (with_unit(0.5, "1"), "0.5000"),
        (summary(["", ""]), "empty"),
        (summary(["yes", "no", "no"]), "no: 2 rows, yes: 1 row"),
        (summary([str(k) for k in range(9)]), "0 to 8.000, median 4.000"),
        (summary([f"s{k}" for k in range(9)]), "9 different values"),
        (summary([f"{k:02d}_02" for k in range(9)]), "9 different values"),
        (summary([f"{k:03d}" for k in range(9)]), "9 different values"),
        (summary([chr(0x660 + k) for k in range(9)]), "9 different values"),
        (summary([*map(str, range(9)), "nan"]), "10 different values"),
        (summary([*map(str, range(9)), "infinity"]), "10 different values"),
        (summary([*map(str, range(9)), "1e999"]), "10 different values"),
        (summary([f"{k}" for k in [0] * 90 + [*range(1, 11)]]), "0 to 10.00, median 0"),
        (summary([f"{k}.5" for k in range(-4, 5)]), "−4.500 to 4.500, median 0.5000"),
    ],
)
def test_numbers_and_values_are_formatted(text, expected):
    assert text == expected
