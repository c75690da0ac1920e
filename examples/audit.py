"""Audit ESC-10 by its five official folds, and score a model before and after.

    python examples/audit.py ESC-50 [--features standard]

ESC-50 is the folder of the dataset, with ``audio/`` and ``meta/esc50.csv``. The page ``audit.html``
shows the issues with pictures and players. Copies and clips of one source recording get a common
group in ``groups.csv``, and the same model is scored by the published folds, and on folds that keep
the groups together. The table is kept in ``esc10.parquet``; the next run resumes from it.

References
----------
K. J. Piczak, "ESC: Dataset for Environmental Sound Classification", ACM Multimedia 2015.
"""

import argparse
from pathlib import Path

import featkit
from featkit.auditing.groups import write_groups
from featkit.report.audit_page import write_audit_report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset", type=Path, help="folder with audio/ and meta/esc50.csv")
    parser.add_argument("--features", default="standard")
    parser.add_argument("--output", type=Path, default=Path("esc10.parquet"))
    options = parser.parse_args()

    audit = featkit.audit(
        options.dataset / "audio",
        manifest=options.dataset / "meta" / "esc50.csv",
        where={"esc10": "True"},
        fold="fold",
        features=options.features,
        extracted=options.output,
        n_jobs=None,
    )
    for severity, number in audit.counts.items():
        print(f"{severity}: {number} issues")
    for issue in audit.issues:
        if issue.severity == "high":
            print(f"- {issue.message}")
    groups = options.output.with_name("groups.csv")
    print(f"{write_groups(groups, audit)} groups of {len(audit.dataset.table)} recordings")
    write_audit_report(options.output.with_name("audit.html"), audit)

    for title, split in {"published folds": {"fold": "fold"}, "groups": {"group": groups}}.items():
        result = featkit.train(options.output, model="logistic", n_jobs=None, **split)
        accuracy = result.evaluation.kept.accuracy
        print(f"{title}: accuracy {accuracy.value:.3f} [{accuracy.low:.3f}, {accuracy.high:.3f}]")


if __name__ == "__main__":
    main()
