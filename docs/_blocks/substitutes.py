"""Lines of the pages that cannot run as they are, and the lines that run in their place."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from blocks import blocks_of


class Substitute(NamedTuple):
    """A part of a block that runs in another way, or not at all.

    Attributes
    ----------
    page : str
        Path of the page in the repository.
    text : str
        The part, as on the page. It is an error if it is not on the page.
    instead : str
        The text that runs; "" excludes the part.
    reason : str
        The reason.
    """

    page: str
    text: str
    instead: str
    reason: str


INSTALLS = "installs packages: the build has no network"

BENCHMARKS = (
    "measures for minutes to hours, most on real corpora; tests/test_benchmarks.py runs parts"
)
BENCHMARK_LINES = """\
python benchmarks/gtzan57.py recordings/
python benchmarks/fma518.py recordings/
pip install -e '.[bench]'
python benchmarks/speed.py
python benchmarks/workers.py
python benchmarks/long.py
python benchmarks/emodb.py EMODB
python benchmarks/voice_praat.py EMODB
python benchmarks/voice88.py EMODB
python benchmarks/soundscape.py SOUNDSCAPE
python benchmarks/calibration.py EMODB
python benchmarks/prediction_sets.py --emodb EMODB --esc10 ESC10
python benchmarks/annotations.py
python benchmarks/audit_exact.py ESC10 EMODB
python benchmarks/audit_near_copies.py ESC10 EMODB
python benchmarks/audit_labels.py --esc10 ESC10 --emodb EMODB
python benchmarks/audit_defects.py ESC10 EMODB
"""
CLUSTER = "another machine: a cluster of this machine runs in its place"
AUTO = "auto takes a minute; the tutorial get-started runs it"
ALTERNATIVES = "the commands of the first block are alternatives, and run in one folder here"
FEW_ROWS = "the made folder has four recordings of a class"
EPOCHS = "fewer epochs: the full training takes minutes"
STORE = "a server in the network: one of this machine runs in its place"

SUBSTITUTES = (
    Substitute(
        "README.md",
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/featkit demo",
        "featkit demo --clips 6",
        INSTALLS,
    ),
    Substitute(
        "README.md",
        "--label label --group artist -o genre.fk",
        "--label label --group artist --model logistic -o genre.fk",
        AUTO,
    ),
    Substitute(
        "README.md",
        "--label-map map.toml --leave-one-dataset-out",
        "--label-map map.toml --leave-one-dataset-out --model logistic",
        AUTO,
    ),
    Substitute(
        "README.md",
        'featkit.train(extraction.table, group="artist", n_jobs=None)',
        'featkit.train(extraction.table, group="artist", model="logistic", n_jobs=None)',
        AUTO,
    ),
    Substitute("README.md", ".venv/bin/pytest -n 2", "", "runs the whole test suite"),
    Substitute(
        "README.md",
        "--model cnn,xgboost,auto -o cnn.fk",
        "--model cnn,logistic --folds 2 --set cnn.epochs=2 --no-compare-splits -o cnn.fk",
        EPOCHS,
    ),
    Substitute(
        "README.md",
        "featkit evaluate genre.fk jamendo.parquet",
        "featkit extract korean/ --labels folder -o jamendo.parquet -q\n"
        "featkit evaluate genre.fk jamendo.parquet",
        "the made table has other features than those of the page's model",
    ),
    Substitute(
        "README.md",
        'featkit.evaluate(result.model, {"other": "other.parquet"}',
        'featkit.evaluate(result.model, {"other": "jamendo.parquet"}',
        "the made table has other features than those of the page's model",
    ),
    *(
        Substitute(
            "docs/audit.md",
            f"featkit train {table} -o model.fk",
            f"featkit train {table} --folds 3 -o model.fk",
            "the made recordings have few artists, of which the audit joins some",
        )
        for table in (
            "corpus.parquet --group groups.csv",
            "cleaned.parquet --label label --group group",
        )
    ),
    *(
        Substitute("docs/benchmarks.md", line + "\n", "", BENCHMARKS)
        for line in BENCHMARK_LINES.splitlines()
    ),
    Substitute(
        "docs/benchmarks.md",
        "python benchmarks/same_numbers.py recordings/\n",
        'python "$FEATKIT_REPOSITORY/benchmarks/same_numbers.py" recordings/\n',
        "the folder of the blocks is not that of the repository",
    ),
    Substitute(
        "docs/audit.md",
        "--fail-on medium --json > audit.json",
        "--fail-on medium --json > audit.json || test $? -eq 1",
        "the exit status is 1 if there are issues, as the table below says",
    ),
    Substitute(
        "docs/datasets.md",
        "featkit extract gtzan/ --manifest mirdata:gtzan_genre -o gtzan.parquet\n",
        "",
        "mirdata checks that all files of the real dataset are there",
    ),
    Substitute(
        "docs/deploy.md",
        "pip install --requirement requirements.txt\npip install --no-deps featkit\n",
        "",
        INSTALLS,
    ),
    Substitute(
        "docs/deploy.md",
        "pip uninstall --yes xgboost nvidia-nccl-cu12\npip install xgboost-cpu\n",
        "",
        INSTALLS,
    ),
    Substitute(
        "docs/deploy.md",
        "uvicorn app:app &\ncurl --data-binary @song.wav http://127.0.0.1:8000/predict\n",
        "",
        "needs a port of this machine; tests/test_runtime.py sends such requests to app.py",
    ),
    Substitute(
        "docs/networks.md",
        "--model cnn,lstm,logistic,xgboost,auto -o cnn.fk",
        "--model cnn,lstm,logistic --set cnn.epochs=2 --set lstm.epochs=2 --no-compare-splits"
        " -o cnn.fk",
        EPOCHS,
    ),
    Substitute(
        "docs/networks.md",
        "import torch, safetensors.torch\n\nsafetensors.torch.save_file("
        'torch.load("resnet18.pth", weights_only=True), "resnet18.safetensors")\n',
        "",
        "converts a file of the user's own",
    ),
    Substitute("docs/scale.md", "--cluster tcp://scheduler:8786 ", "--cluster local:1 ", CLUSTER),
    Substitute(
        "docs/scale.md",
        "featkit train features.parquet -o model.fk --cluster",
        "featkit train features.parquet -o model.fk --folds 2 --model logistic --cluster",
        FEW_ROWS,
    ),
    Substitute(
        "docs/scale.md",
        "--model sgd --max-memory 8GB",
        "--model sgd --folds 2 --max-memory 8GB",
        FEW_ROWS,
    ),
    Substitute(
        "docs/scale.md",
        "-o s3://bucket/features.parquet          # an object store",
        "-o s3://bucket/stored.parquet",
        ALTERNATIVES,
    ),
    Substitute("docs/scale.md", "mkdir -p shards", "rm -r shards && mkdir shards", ALTERNATIVES),
    Substitute("docs/scale.md", "--shard 3/40", "--shard 1/1", "the other 39 jobs"),
    Substitute("docs/scale.md", "pip install 'featkit[cluster]'\n", "", INSTALLS),
    Substitute("docs/scale.md", "pip install 'featkit[remote]'\n", "", INSTALLS),
    Substitute(
        "docs/scale.md",
        "dask scheduler --scheduler-file cluster.json &",
        "dask scheduler --host 127.0.0.1 --port 0 --no-dashboard --scheduler-file cluster.json &",
        CLUSTER,
    ),
    Substitute(
        "docs/scale.md",
        "--nthreads 1 --nworkers 8 &",
        "--no-dashboard --nthreads 1 --nworkers 1 & trap 'kill $(jobs -p)' EXIT; sleep 3",
        CLUSTER,
    ),
    Substitute(
        "docs/scale.md",
        "bash examples/slurm_array.sh 40 corpus/ features.parquet --labels folder\nTASKS=7,21 bash"
        " examples/slurm_array.sh 40 corpus/ features.parquet --labels folder   # only tasks that"
        " failed, and the merge\n",
        "",
        "needs Slurm; tests/test_examples run the script with a made sbatch",
    ),
    Substitute("docs/scale.md", "https://example.org/", "$WEB_SERVER/", STORE),
    Substitute("docs/scale.md", "sftp://host/recordings/", "s3://bucket/birds/", STORE),
)
"""All parts of the pages that do not run as they are."""


def substituted(page: str, text: str) -> str:
    """Return the text of a block that runs."""
    for item in SUBSTITUTES:
        if item.page == page:
            text = text.replace(item.text, item.instead)
    return text


def faults_of(substitutes: Iterable[Substitute], root: Path) -> list[str]:
    """Return a message for each substitute without a reason, or whose text is on no page."""
    faults = []
    for item in substitutes:
        if not any(item.text in block.text for block in blocks_of(root / item.page)):
            faults.append(f"{item.page}: no block contains {item.text!r}")
        if not item.reason:
            faults.append(f"{item.page}: {item.text!r} has no reason")
    return faults
