"""The README's tour, run as a reader would: its shell blocks, in order, in one shell, on a fresh installation."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from udb.conf import ROOT
from udb.installation import Installation

pytestmark = pytest.mark.xdist_group("e2e")


def tour() -> list[tuple[str, str]]:
    """The language and text of each block of the tour."""
    text = (ROOT / "README.md").read_text()
    section = text.partition("## A tour in five minutes")[2].partition("\n## ")[0]
    return re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL)


def test_every_line_of_the_tour_is_true(tmp_path: Path) -> None:
    with Installation(tmp_path / "var") as installation:
        script = "set -euo pipefail\n" + "echo '--- next'\n".join(text for language, text in tour() if language == "sh")
        here = script.replace("127.0.0.1:8080", installation.grpc_target).replace(
            "var/mail", str(installation.var.mail)
        )
        done = subprocess.run(
            ["/bin/bash", "-c", here],
            cwd=ROOT,
            env={**os.environ, "PYTHONWARNINGS": "error"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    answers = done.stdout.split("--- next\n")
    promised = [text for language, text in tour() if language != "sh"]
    # Signing in prints nothing.
    shown = [answer for answer in answers if answer.strip()]
    assert len(shown) == len(promised)
    for answer, promise in zip(shown, promised, strict=True):
        # `, …` stands for fields that are left out.
        pattern = ".*".join(map(re.escape, shape(promise).split(", …")))
        assert re.fullmatch(pattern, shape(answer), re.DOTALL), answer


def shape(text: str) -> str:
    """`text` without what differs from day to day: ids, dates, and how long a step took."""
    text = re.sub(r"(usr|ws|inv|evt|exe)_[0-9a-z]{26}", r"\1_ID", text)
    text = re.sub(r" *━+ *", " BAR ", re.sub(r"[\d.]+ m?s\b", "TIME", text))
    text = re.sub(r" +", " ", text)
    return re.sub(r"\d{2} [A-Z][a-z]+ \d{4}", "DATE", text).strip()
