"""Files of class shares are read, and mistakes are reported with their place."""

import pytest

from featkit.errors import FeatkitError, ParameterError
from featkit.table.class_shares import read_class_shares

SHARES = {"baby cry": 0.25, "speech": 0.75}

FILES = {
    "a.csv": 'class,share\n"baby cry",0.25\nspeech,0.75\n',
    "b.csv": "Share;Class\n0.25;baby cry\n0.75;speech\n",
    "c.tsv": "class\tshare\nbaby cry\t0.25\nspeech\t0.75\n",
    "d.csv": "\ufeffclass,share\nbaby cry,.25\n\nspeech,75e-2\n",
    "e.toml": '"baby cry" = 0.25\nspeech = 0.75\n',
}


@pytest.mark.parametrize("name", FILES)
def test_shares_are_read_in_each_format(name, tmp_path):
    (tmp_path / name).write_text(FILES[name], "utf-8")
    assert read_class_shares(tmp_path / name) == SHARES


MISTAKES = {
    "another suffix": ("a.yaml", "speech: 1", "must end in one of .csv, .tsv, .txt, .toml"),
    "another column": ("a.csv", "class,weight\na,1\n", "got 'class', 'weight'"),
    "no header": ("a.csv", "", "."),
    "a class twice": ("a.csv", "class,share\na,1\nb,2\na,3\n", "line 4: the class 'a' has two"),
    "a missing field": ("a.csv", "class,share\na\n", "line 2"),
    "no TOML": ("a.toml", "speech: 1", "not valid TOML"),
    "a key twice": ("a.toml", "a = 1\na = 2\n", "not valid TOML"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_reported(name, tmp_path):
    file, content, message = MISTAKES[name]
    (tmp_path / file).write_text(content, "utf-8")
    with pytest.raises(FeatkitError, match=message):
        read_class_shares(tmp_path / file)


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(ParameterError, match=r"none\.csv: cannot read the class shares"):
        read_class_shares(tmp_path / "none.csv")


def test_text_in_the_place_of_a_share_stays_a_text(tmp_path):
    (tmp_path / "a.csv").write_text("class,share\na,much\n", "utf-8")
    assert read_class_shares(tmp_path / "a.csv") == {"a": "much"}
