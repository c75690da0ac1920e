"""Configuration files: `--config` and `--save-config`."""

import tomllib

import click
import pytest
from command_line import error_line, run

from featkit.cli import _config  # whose functions no command exposes
from featkit.cli._main import COMMANDS
from featkit.cli._run_command import RunCommand

ROWS = [f"{'ab'[k % 2]}{k}.wav,{'ab'[k % 2]},{k % 7 + k % 2},{k % 5},{k // 6}" for k in range(60)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a table of two classes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("\n".join(["path,label,x,y,fold", *ROWS]))
    return tmp_path


def written(text):
    with open("run.toml", "w") as stream:
        stream.write(text)


def test_settings_are_those_of_the_command_line(folder):
    written('[features]\nname = "gtzan57"\ncolumns = true\n')
    assert (
        run("features", "--config", "run.toml").stdout
        == run("features", "gtzan57", "--columns").stdout
    )


def test_the_command_line_comes_first(folder):
    written('[features]\nname = "gtzan57"\ncolumns = true\n')
    output = run("features", "genre75", "--config", "run.toml").stdout
    assert output == run("features", "genre75", "--columns").stdout


def test_a_file_can_precede_the_command(folder):
    written('[describe]\nname = "tempo"\n')
    assert run("--config", "run.toml", "describe").stdout == run("describe", "tempo").stdout


def test_all_commands_of_a_file_run_in_its_order(folder):
    written('[labels]\ntables = ["t.csv"]\n\n[describe]\nname = "tempo"\n')
    result = run("--config", "run.toml")
    assert result.stdout == run("labels", "t.csv").stdout + run("describe", "tempo").stdout
    assert result.stderr.splitlines() == ["[labels]", "[describe]"]


def test_the_first_command_that_fails_ends_the_run(folder):
    written('[diff]\na = "t.csv"\nb = "missing.csv"\n\n[describe]\nname = "tempo"\n')
    assert "[describe]" not in run("--config", "run.toml", status=2).output


def test_all_tables_are_checked_before_the_first_command_runs(folder):
    written('[describe]\nname = "tempo"\n\n[labels]\ntabels = ["t.csv"]\n')
    line = error_line("--config", "run.toml")  # which has printed nothing else
    assert "[labels]: unknown key 'tabels': did you mean 'tables'?" in line


def test_a_file_without_tables_is_wrong_usage(folder):
    written("# nothing\n")
    assert "no table of a command" in error_line("--config", "run.toml")


def test_lists_tables_and_single_values_are_repeated_options(folder):
    command = RunCommand(COMMANDS["train"])
    written(
        '[train]\ntables = "t.csv"\nexclude = "x"\nset = { n_estimators = 5, booster = true }\n'
        'label_map = "map.toml"\nbudget = 5\nensemble = false\n'
    )
    settings = _config.read_settings("run.toml", command)
    assert settings.arguments == ["t.csv"]
    assert settings.options == {
        "exclude": ["x"],
        "parameters": ["n_estimators=5", "booster=true"],
        "label_map": "map.toml",
        "budget": 5,
        "ensemble": False,
    }


def test_values_of_a_table_are_joined(folder):
    written('[extract]\noutput = "o.csv"\nwhere = { subset = ["small", "medium"] }\n')
    settings = _config.read_settings("run.toml", RunCommand(COMMANDS["extract"]))
    assert settings.options["where"] == ["subset=small,medium"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[train]\nmodle = "svm"', "run.toml: [train]: unknown key 'modle': did you mean 'model'?"),
        ("[trian]", "run.toml: unknown command 'trian': did you mean 'train'?"),
        ("train = 3", "run.toml: train must be a table of settings"),
        ('[train]\nfolds = "5"', "run.toml: [train] folds: expected a whole number, got '5'"),
        ("[train]\nfolds = true", "run.toml: [train] folds: expected a whole number, got True"),
        ("[train]\nbudget = 'a'", "run.toml: [train] budget: expected a number, got 'a'"),
        ("[train]\nlabel = 3", "run.toml: [train] label: expected a text in quotes, got 3"),
        ("[train]\nquiet = 1", "run.toml: [train] quiet: expected true or false, got 1"),
        ("[train]\nexclude = [3]", "[train] exclude: expected a text in quotes, or a list of such"),
        (
            "[train]\ntables = ['t.csv']\nfolds = 1",
            "run.toml: [train] folds: 1 is not in the",
        ),
        ("[train]\ntables = ['t.csv']\nratio = 'x'", "[train] ratio: 'x' is not a ratio"),
        ("[train]\ntables = ['t.csv']\ncalibrate = 'x'", "run.toml: [train] calibrate: 'x' is not"),
        ("[train]\nconfig = 'a.toml'", "unknown key 'config'"),
        ("[train", "run.toml: it is not TOML: "),
        ("[extract]", "run.toml: no table [train]; its tables: [extract]"),
    ],
)
def test_a_fault_is_named_with_file_and_key(folder, text, message):
    written(text)
    assert message in error_line("train", "--config", "run.toml")


def test_a_missing_file_is_wrong_usage(folder):
    assert error_line("--config", "none.toml") == "Error: none.toml: no such file"


def test_a_fault_of_the_command_line_does_not_name_the_file(folder):
    written('[train]\ntables = ["t.csv"]\n')
    error = error_line("train", "--config", "run.toml", "--folds", "1")
    assert error == "Error: Invalid value for '--folds': 1 is not in the range x>=2."


def test_saved_settings_repeat_the_run(folder):
    words = ["train", "t.csv", "--model", "logistic", "--folds", "2", "--exclude", "fold"]
    words += ["--set", "C=0.5", "--no-compare-splits", "--scores"]
    run(*words, "one.json", "-o", "m.fk", "--save-config", "run.toml")
    saved = tomllib.loads((folder / "run.toml").read_text())["train"]
    assert saved["folds"] == 2
    assert saved["set"] == ["C=0.5"]
    assert saved["compare-splits"] is False
    assert saved["seed"] == 0  # a default, which a later version may change
    model = (folder / "m.fk").read_bytes()
    run("train", "--config", "run.toml", "--scores", "two.json")
    assert (folder / "one.json").read_bytes() == (folder / "two.json").read_bytes()
    assert (folder / "m.fk").read_bytes() == model


def test_saving_keeps_tables_of_other_commands(folder):
    written('# mine\n[describe]\nname = "rms"  # a comment\n\n[labels]\ntables = ["t.csv"]\n')
    run("describe", "tempo", "--save-config", "run.toml")
    run("features", "gtzan57", "--save-config", "run.toml")
    text = (folder / "run.toml").read_text()
    assert text.startswith("# mine\n[describe]\n# featkit ")
    tables = tomllib.loads(text)
    assert list(tables) == ["describe", "labels", "features"]
    assert tables["describe"] == {"name": "tempo"}
    assert tables["labels"] == {"tables": ["t.csv"]}
    assert run("--config", "run.toml").stderr.splitlines() == [
        "[describe]",
        "[labels]",
        "[features]",
    ]


def test_another_file_is_not_replaced(folder):
    written("[project]\nname = 'x'\n")
    assert "unknown command 'project'" in error_line(
        "describe", "tempo", "--save-config", "run.toml"
    )
    assert (folder / "run.toml").read_text() == "[project]\nname = 'x'\n"
    assert "must end in .toml" in error_line("describe", "tempo", "--save-config", "t.csv")


@pytest.mark.parametrize("url", ["sftp://me:secret@host/t.csv", "https://host/t.csv?token=secret"])
def test_secrets_are_neither_saved_nor_shown(folder, url):
    error = error_line("inspect", url, "--save-config", "run.toml")
    assert "the URL of table contains a password or a query" in error
    assert "secret" not in error
    assert not (folder / "run.toml").exists()


def test_text_of_any_kind_survives():
    values = ['a "b" \\ \n\t', "\x7f\x00é日😀", "#", "[x]", 3, 2.5, 1e-9, True, False]
    lines = [f"k{k} = {_config._toml([value])}" for k, value in enumerate(values)]
    assert tomllib.loads("\n".join(lines)) == {f"k{k}": [v] for k, v in enumerate(values)}


@pytest.mark.parametrize("name", COMMANDS.names)
def test_every_parameter_has_a_key_of_its_own(name):
    command = RunCommand(COMMANDS[name])
    keys = _config.keys_of(command)
    own = [p for p in command.params if p.name not in _config.OWN_OPTIONS]
    assert len(keys) == len([p for p in own if p.expose_value or not p.is_eager])
    assert all(isinstance(parameter, click.Parameter) for parameter in keys.values())
