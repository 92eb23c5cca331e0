"""What watchers are sent: JSON as the edge prints it for REST."""

from server.core import structs
from server.streams.items import json_of
from userdata.events.v1.event_pb2 import Event


def test_json_says_whole_numbers_and_text_as_they_are():
    event = Event(type="order.placed", data=structs.from_dict({"total": 12, "share": 0.5, "city": "Köln 雲"}))
    text = json_of(event)
    assert '"data":{' in text
    assert '"total":12' in text
    assert '"share":0.5' in text
    assert '"city":"Köln 雲"' in text
    # What is not set is printed too.
    assert '"subject":""' in text
