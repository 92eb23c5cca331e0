"""What it costs to check an event's data and make JSON of it: the library's ways, and those of `server.core.structs`.

Run it with `python -m benchmarks.micro.structs`.
"""

import json
from collections.abc import Callable
from time import perf_counter
from typing import Any

from google.protobuf.json_format import MessageToDict, MessageToJson
from google.protobuf.struct_pb2 import Struct

from server.core import structs

ROUNDS = 5_000
DATA: dict[str, Any] = {
    "order": "order_4711",
    "amount": 4200,
    "currency": "EUR",
    "customer": {"id": "cus_01jbrk8xw7e5tvh2c9n4m6q0za", "name": "Ada Lovelace", "email": "ada@example.com"},
    "lines": [{"sku": f"sku-{number}", "count": number, "price": 9.5} for number in range(3)],
    "paid": True,
    "note": "." * 150,
}


def ways(message: Struct) -> dict[str, Callable[[], Any]]:
    """Each way by its name."""
    return {
        "MessageToJson": lambda: MessageToJson(message, indent=None),
        "MessageToDict and json.dumps": lambda: json.dumps(MessageToDict(message)),
        "structs.to_json": lambda: structs.to_json(message),
        "structs.is_plain": lambda: structs.is_plain(message),
    }


def main() -> None:
    """Print the microseconds that each way takes."""
    message = structs.from_dict(DATA)
    for name, run in ways(message).items():
        run()
        start = perf_counter()
        for _ in range(ROUNDS):
            run()
        print(f"{name:<32}{(perf_counter() - start) / ROUNDS * 1e6:6.1f} µs")


if __name__ == "__main__":
    main()
