"""How a training used a table that does not fit in memory, as model files store it."""

from __future__ import annotations

from dataclasses import dataclass

from featkit._utils.data_sizes import data_size
from featkit._utils.formatting import counted
from featkit.errors import ModelError
from featkit.models.out_of_core.memory import MIN_LIMIT


@dataclass(frozen=True, kw_only=True)
class MemoryUse:
    """How a training used a table that does not fit in memory.

    Attributes
    ----------
    max_memory : int
        Bytes that feature values were limited to.
    rows, table_rows : int
        Rows of the training, and of the table.
    recordings, table_recordings : int
        Their recordings.
    unit : str
        ``"recording"``, or ``"row"`` in a table without recordings.
    reason : str
        Why the training used a sample; "" if it used all rows, in blocks.
    """

    max_memory: int
    rows: int
    table_rows: int
    recordings: int
    table_recordings: int
    unit: str
    reason: str = ""

    @property
    def is_sample(self) -> bool:
        """Whether the training used a sample of the rows."""
        return bool(self.reason)

    @property
    def summary(self) -> str:
        """What the model was trained on, as a clause without a subject."""
        size = data_size(self.max_memory)
        if not self.is_sample:
            return (
                f"trained on all {counted(self.rows, 'row')}, in blocks from disk: their features"
                f" do not fit in {size}"
            )
        share = f"{self.rows:,} of {counted(self.table_rows, 'row')}"
        if self.unit != "row":
            share += f" ({self.recordings:,} of {counted(self.table_recordings, self.unit)})"
        return f"trained and scored on a sample, {share}: {self.reason}, and {size} hold no more"

    def check(self, rows: int) -> None:
        """Check a record that was read from a file.

        Parameters
        ----------
        rows : int
            Training rows of the model.

        Raises
        ------
        ModelError
            If its numbers do not fit together.
        """
        if not (0 < rows <= self.rows <= self.table_rows and self.max_memory >= MIN_LIMIT):
            raise ModelError("its numbers of rows in memory do not fit together")
