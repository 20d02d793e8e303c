"""Drift: whether chances still mean what they say, month by month."""

from dataclasses import dataclass

import pandas as pd

FEWEST = 500


@dataclass(frozen=True)
class Month:
    """How the chances of one month did."""

    month: str
    rows: int
    ratio: float

    @property
    def problem(self) -> str | None:
        """What is out of its band, in plain words."""
        if self.rows < FEWEST or 0.8 <= self.ratio <= 1.25:
            return None
        way = "high" if self.ratio > 1 else "low"
        return f"chances were too {way}: {self.ratio:.2f} of what came"


def months(table: pd.DataFrame) -> list[Month]:
    """The months of a table with the columns day, chance and outcome."""
    of = pd.to_datetime(table["day"]).dt.strftime("%Y-%m")
    return [
        Month(
            str(month),
            len(rows),
            float(rows["chance"].mean() / max(rows["outcome"].mean(), 1e-9)),
        )
        for month, rows in table.groupby(of)
    ]
