"""What is counted: labels come from short lists, and nothing else gets into them."""

from datetime import timedelta

import pytest
from plotly.graph_objects import Figure
from telegram import Update

from bot.metrics import Metrics, TimedRenderer, kind_of
from bot.pictures.chromium import PictureUnavailable
from domain.notices import Channel
from storage.health import Figures
from storage.notice_figures import NoticeFigures
from storage.provider_outages import Down
from tests.conftest import MONDAY_MORNING


class Renderer:
    """A renderer that may be told to fail."""

    fails = False

    async def png(self, figure: Figure) -> bytes:
        if self.fails or not isinstance(figure, Figure):
            raise PictureUnavailable("there is no Chromium")
        return b"a picture"


async def test_pictures_are_counted_by_whether_they_were_made_and_timed() -> None:
    metrics, renderer = Metrics(), Renderer()
    timed = TimedRenderer(renderer, metrics)
    assert await timed.png(Figure()) == b"a picture"
    renderer.fails = True
    for _ in range(2):
        with pytest.raises(PictureUnavailable):
            await timed.png(Figure())
    page = metrics.page().decode()
    assert 'slotwise_renders_total{outcome="made"} 1.0' in page
    assert 'slotwise_renders_total{outcome="failed"} 2.0' in page
    assert "slotwise_render_seconds_count 3.0" in page


def test_what_has_not_happened_yet_stands_at_zero() -> None:
    page = Metrics().page().decode()
    for name in (
        'slotwise_pushes_total{outcome="not sent"}',
        'slotwise_renders_total{outcome="failed"}',
        'slotwise_patient_messages_total{channel="sms",outcome="not yet"}',
        'slotwise_database_errors_total{work="write"}',
    ):
        assert f"{name} 0.0" in page


def test_two_programs_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.call("sendMessage", "200", 0.1)
    assert "sendMessage" in one.page().decode()
    assert "sendMessage" not in other.page().decode()


def test_waiting_for_updates_is_no_slow_call() -> None:
    metrics = Metrics()
    metrics.call("getUpdates", "200", 10)
    metrics.call("sendMessage", "429", 0.01)
    page = metrics.page().decode()
    assert 'slotwise_telegram_calls_total{method="getUpdates",status="200"} 1.0' in page
    assert "slotwise_telegram_call_seconds_count 1.0" in page


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"text": "/risk Cardiology"}, "command"),
        ({"text": "no answer twice"}, "text"),
        ({"document": {"file_id": "f", "file_unique_id": "u"}}, "file"),
        ({"new_chat_title": "Cardiology"}, "other"),
    ],
)
def test_the_kind_of_an_update_is_a_word_of_a_short_list(
    content: dict[str, object], kind: str
) -> None:
    message = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, **content}
    assert kind_of(Update.de_json({"update_id": 1, "message": message}, None)) == kind


def test_what_is_no_update_has_a_kind_too() -> None:
    assert kind_of(object()) == "other"
    assert kind_of(Update(1)) == "other"


def test_messages_to_patients_are_told_by_channel_and_a_provider_that_is_away_by_how_long() -> None:
    metrics, now = Metrics(), MONDAY_MORNING
    metrics.message(Channel.SMS, "arrived", 0.2)
    states = {"waiting": 3, "sending": 0, "failed": 1, "doubtful": 0}
    down = [Down(Channel.EMAIL, now - timedelta(minutes=20), "it refused the connection")]
    patients = NoticeFigures(states, now - timedelta(minutes=5), down)
    metrics.waiting(Figures({}, None, 0, patients), now)
    page = metrics.page().decode()
    for line in (
        'slotwise_patient_messages_total{channel="sms",outcome="arrived"} 1.0',
        'slotwise_patient_message_seconds_count{channel="sms"} 1.0',
        'slotwise_notices{state="waiting"} 3.0',
        "slotwise_notices_late_seconds 300.0",
        'slotwise_provider_down_seconds{channel="email"} 1200.0',
    ):
        assert line in page
    metrics.waiting(Figures({}, None, 0, NoticeFigures(states, None, [])), now)
    assert "slotwise_provider_down_seconds{" not in metrics.page().decode()
