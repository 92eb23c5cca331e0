"""Reads the mail that the product wrote, as the people would whom it went to."""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from tests.support.wait import until

_LINK = re.compile(r"\?token=([\w.~-]+)")


@dataclass(frozen=True)
class Letter:
    """One letter; `template` says what it is about, such as `verification`."""

    address: str
    template: str
    text: str

    @property
    def token(self) -> str:
        """The token of the link in it."""
        found = _LINK.search(self.text)
        assert found, self.text
        return found[1]


class Mailbox:
    """The letters that an installation without a mail server keeps in `folder`: `<job>-<template>.eml` each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, Letter] = {}

    def letters(self, address: str | None = None, template: str | None = None) -> list[Letter]:
        """The letters to `address` about `template`, the oldest first."""
        for path in self._folder.glob("*.eml"):
            if path.name not in self._read:
                self._read[path.name] = _letter(path)
        found = (letter for _, letter in sorted(self._read.items()))
        return [item for item in found if address in (None, item.address) and template in (None, item.template)]

    def token(self, address: str, template: str, *, number: int = 1) -> str:
        """The token in letter `number` to `address` about `template`. Waits for it."""
        arrived = f"letter {number} about {template} to {address}"
        until(lambda: len(self.letters(address, template)) >= number, within=30, saying=f"no {arrived}")
        return self.letters(address, template)[number - 1].token


def _letter(path: Path) -> Letter:
    message: EmailMessage = message_from_bytes(path.read_bytes(), policy=policy.default)
    part = message.get_body(("plain",))
    assert part is not None, path
    return Letter(str(message["to"]), path.stem.partition("-")[2], part.get_content())
