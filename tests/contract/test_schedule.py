"""Beat asks for what workers do, and for all that they do again and again."""

from typing import Any

from chassis.beat import schedule
from services.conversations import wiring as conversations
from services.conversations.settings import Settings as ConversationsSettings
from services.notifications import wiring as notifications
from services.notifications.settings import Settings as NotificationsSettings
from tests.support.tree import REPOSITORY

NEEDED: dict[str, Any] = {
    "database_url": "postgresql://h/d",
    "nats_url": "nats://h",
    "redis_url": "redis://h",
    "secret_key": "k" * 32,
    "auth_target": "a:1",
    "users_target": "u:1",
    "celery_broker_url": "redis://h/2",
}


def test_the_schedule_names_every_round_of_every_worker_and_nothing_else() -> None:
    workers = {
        "conversations": conversations.build_worker(ConversationsSettings(**NEEDED)),
        "notifications": notifications.build_worker(NotificationsSettings(**NEEDED)),
    }
    entries = schedule(REPOSITORY / "deploy/beat.toml")

    asked = {(entry["options"]["queue"], task) for task, entry in entries.items()}
    assert asked == {(queue, task) for queue, worker in workers.items() for task in worker.rounds}
