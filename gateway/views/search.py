"""Messages that were found."""

from gateway.views.messages import message
from gateway.views.values import View
from messaging.conversations.v1 import search_pb2


def hit(source: search_pb2.SearchHit) -> View:
    """A message that matches, with what to show of it."""
    return {
        "message": message(source.message),
        "excerpt": [{"text": run.text, "is_match": run.match} for run in source.excerpt],
    }
