"""The commands about models: train, evaluate, list, put in charge, go back, score, audit.

What takes long to load is imported by the commands that need it.
"""
# ruff: noqa: PLC0415 - a command loads only what it needs

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bot.opening import open_store
from bot.printing import progress
from bot.settings import PREFIX, Settings, WrongSetting, read_settings
from domain.clock import SystemClock

if TYPE_CHECKING:
    from bot.prediction.learning import Lesson
    from bot.prediction.reports import Judged
    from storage.models import Version
    from storage.store import Store

RULE: Final = "rule"
"""What is put in charge in the place of a model."""

prediction_app = typer.Typer()

Day = Annotated[
    datetime | None,
    typer.Option("--since", formats=["%Y-%m-%d"], help="The first day that is judged."),
]
Name = Annotated[
    str | None,
    typer.Option("--model", help="A model; without one, one is trained on the days before."),
]


@prediction_app.command()
def train(
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The first day not learned from; usually today."),
    ] = None,
    activate: Annotated[
        bool, typer.Option(help="Put it in charge, if it is better than the simple ways.")
    ] = True,
    threads: Annotated[int, typer.Option(min=0, help="0: as many as there are.")] = 1,
) -> None:
    """Train a model on what is on record, judge it, keep it, and put it in charge if it may be."""
    from bot.pictures.saving import save_charts
    from bot.prediction import telling
    from bot.prediction.learning import learn
    from bot.prediction.model_files import card_path
    from domain.prediction.training import TooLittle
    from storage import models

    settings, clock = _begin()
    now = clock.now()
    day = until.date() if until else settings.house.calendar.day_of(now)
    with open_store(settings) as store:
        in_charge = _named(store.read_now(models.version_in_charge))
        try:
            with progress() as tell, _told_of_files():
                version = learn(store, _lesson(settings, threads), day, now, tell)
        except TooLittle as problem:
            kept = f"No model was made: {problem}. {in_charge} stays in charge."
            raise TooLittle(kept) from problem
        telling.report(version)
        card = card_path(settings.data_dir, version.name)
        typer.echo(f"Its card: {card}")
        if verdict := version.report["verdict"]:
            typer.echo(f"{version.name} is kept, but not put in charge. {verdict}")
            typer.echo(f"{in_charge} stays in charge.")
        elif activate:
            store.write_now(models.activate, version.name, clock.now())
            typer.echo(f"{version.name} is in charge.")
        else:
            typer.echo(f"To put it in charge: activate {version.name}")
    asyncio.run(save_charts(version.report, card.parent, version.name))


@prediction_app.command()
def evaluate(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="A CSV as for import: it is taken into a throw-away copy of the schedule, "
            "in a temporary folder; the database stays as it is."
        ),
    ] = None,
    since: Day = None,
    name: Name = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="As for import; may be repeated.")
    ] = None,
) -> None:
    """Judge chances on later days beside the rule, lead time and prior rate; split by time only."""
    from bot.prediction import telling

    settings, _ = _begin()
    with open_store(settings) as store:
        telling.judged(_judged(store, settings, (file, mapping or []), since, name))


@prediction_app.command(name="models")
def list_models() -> None:
    """List the models there are, and which one is in charge."""
    from bot.prediction import telling
    from storage import models

    with open_store(read_settings()) as store:
        telling.versions(store.read_now(models.versions))


@prediction_app.command(name="activate")
def activate_model(
    name: Annotated[str, typer.Argument(help="A model's name, or rule for none.")],
) -> None:
    """Put a model in charge, or with `rule` none: all chances are forgotten."""
    from bot.prediction import model_files
    from storage import models

    settings, clock = _begin()
    with open_store(settings) as store:
        if name != RULE:
            version = store.read_now(models.version, name)
            model_files.load(settings.data_dir, version).ready()
            if verdict := version.report.get("verdict"):
                typer.echo(f"Mind what was found when it was trained. {verdict}")
        found = store.write_now(models.activate, None if name == RULE else name, clock.now())
    typer.echo(f"{_named(found)} is in charge.")


@prediction_app.command()
def rollback() -> None:
    """Put in charge what was in charge before."""
    from storage import models

    settings, clock = _begin()
    with open_store(settings) as store:
        found = store.write_now(models.roll_back, clock.now())
    typer.echo(f"{_named(found)} is in charge.")


@prediction_app.command()
def score() -> None:
    """Give all coming appointments of the next 30 days their chances now; the bot does so daily."""
    from bot.prediction.predictor import Predictor
    from bot.prediction.scoring import score_all
    from domain.counting import count

    settings, clock = _begin()
    with open_store(settings) as store:
        _require_its_file(store, settings)
        predictor = Predictor(store, settings.house, settings.data_dir, clock)
        with progress():
            done = asyncio.run(score_all(store, predictor, settings.house.calendar, clock.now()))
    if done is None:
        typer.echo("The rule is in charge: there is nothing to score.")
    else:
        typer.echo(f"{count(done, 'patient')} scored.")


@prediction_app.command()
def fairness(
    by: Annotated[
        list[str] | None,
        typer.Option(help="sex, age or a column of SLOTWISE_AUDIT_GROUPS; usually all of them."),
    ] = None,
    since: Day = None,
    name: Name = None,
    equalise: Annotated[
        str | None,
        typer.Option(
            help="Show what singling out would be like with equal false flags in these groups."
        ),
    ] = None,
) -> None:
    """Compare groups among those who would have been singled out on later days."""
    from bot.prediction import fair, telling

    settings, _ = _begin()
    with open_store(settings) as store:
        judged = _judged(store, settings, (None, []), since, name)
        found = fair.audited(store, judged, settings.audit_columns, by or [], equalise)
    telling.fairness(found)


def _begin() -> tuple[Settings, SystemClock]:
    settings = read_settings()
    return settings, SystemClock(settings.as_of)


def _require_its_file(store: "Store", settings: Settings) -> None:
    """That the model in charge, if there is one, can be used.

    Raises:
        ModelRefused: It cannot: why, and what to do.
    """
    from bot.prediction import model_files
    from domain.prediction.model import ModelRefused
    from storage import models

    version = store.read_now(models.version_in_charge)
    if version is None:
        return
    try:
        model_files.load(settings.data_dir, version).ready()
    except ModelRefused as reason:
        told = f"Nothing was scored: {reason}. Put the file back, or: activate {RULE}"
        raise ModelRefused(told) from reason


def _lesson(settings: Settings, threads: int = 1) -> "Lesson":
    from bot.prediction.learning import Lesson

    return Lesson(settings.house, settings.data_dir, settings.audit_columns, threads)


def _judged(
    store: "Store",
    settings: Settings,
    feed: tuple[Path | None, list[str]],
    since: datetime | None,
    name: str | None,
) -> "Judged":
    """Judge on the store, or on a copy of it into which a file was imported."""
    from bot.prediction.evaluating import about, evaluate, with_file

    lesson, now = _lesson(settings), SystemClock(settings.as_of).now()
    asked = about(store, settings.data_dir, name, since.date() if since else None)
    file, maps = feed
    with contextlib.ExitStack() as stack:
        tell = stack.enter_context(progress())
        if file is not None:
            tell(f"taking in {file.name}")
            store = stack.enter_context(with_file(store, lesson, file, maps, now))
        return evaluate(store, lesson, asked, now, tell)


def _named(version: "Version | None") -> str:
    return version.name if version else "The rule"


@contextlib.contextmanager
def _told_of_files() -> Iterator[None]:
    """Tell in one line of a folder in which nothing can be written."""
    try:
        yield
    except OSError as error:
        raise WrongSetting(f"{PREFIX}DATA_DIR: {error.filename}: {error.strerror}") from error
