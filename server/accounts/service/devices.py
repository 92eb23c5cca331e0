"""What a user agent means, in a person's words. A help to recognise one's own sessions, nothing rests on it."""

import re
from typing import Final

# The order matters: every browser also calls itself by the names below its own.
_BROWSERS: Final = (
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/"),
    ("Safari", r"Safari/"),
)
_SYSTEMS: Final = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("ChromeOS", r"CrOS"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("Linux", r"Linux|X11"),
)
_PRODUCT: Final = re.compile(r"[A-Za-z][\w.+-]{0,39}")


def name(user_agent: str) -> str:
    """Such as `Firefox on Linux`, `Safari on iPhone`, `curl`; `Unknown device` when nothing is known."""
    browser, system = _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)
    if browser:
        return f"{browser} on {system}" if system else browser
    product = _PRODUCT.match(user_agent)
    return product[0] if product else "Unknown device"


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((word for word, pattern in names if re.search(pattern, user_agent)), "")
