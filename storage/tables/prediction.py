"""Prediction: the models there are, which one is in charge, and who waits for a chance."""

from datetime import date, datetime

from sqlalchemy import Column, String
from sqlmodel import Field, SQLModel

from storage.columns import Key, generated_key, moment, refers


class ModelRow(SQLModel, table=True):
    """A model that was trained. Its text lies in a file of that name.

    Attributes:
        kind: `boosted` or `forest`.
        sha256: Of the file, in hexadecimal.
        report: What its card tells, as a JSON object.
    """

    __tablename__ = "model"

    id: int | None = Field(default=None, sa_column=generated_key())
    name: str = Field(unique=True, max_length=40)
    kind: str = Field(max_length=16)
    made_at: datetime = Field(sa_column=moment())
    sha256: str = Field(max_length=64)
    report: str = Field(sa_column=Column(String, nullable=False))


class ModelUse(SQLModel, table=True):
    """From when on which model is in charge; `None` is the rule alone. The last row holds."""

    __tablename__ = "model_use"

    id: int | None = Field(default=None, sa_column=generated_key())
    model_id: int | None = Field(default=None, sa_column=refers("model.id", nullable=True))
    since: datetime = Field(sa_column=moment())
    member_id: int | None = Field(default=None, sa_column=refers("member.id", nullable=True))


class Rescore(SQLModel, table=True):
    """A patient whose coming appointments are to be scored anew."""

    patient_id: int = Field(sa_column=Column(Key, primary_key=True, autoincrement=False))


class Repick(SQLModel, table=True):
    """A day whose most likely no-shows are to be singled out anew."""

    day: date = Field(primary_key=True)
