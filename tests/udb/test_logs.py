"""Logs are bounded on disk, and only what matters reaches the terminal."""

import json
from pathlib import Path

from udb.supervisor.logs import LogFile, Output, readable
from udb.supervisor.spec import unexpected


def test_a_log_file_never_outgrows_its_bound(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "a.log", max_bytes=1000, kept=2)
    for number in range(500):
        file.write(f"line {number}\n".encode())
    file.close()
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(sizes) == {"a.log", "a.log.1", "a.log.2"}
    assert max(sizes.values()) <= 1000
    assert file.tail(2) == "line 498\nline 499"


def test_logs_go_on_where_they_ended_and_are_private(tmp_path: Path) -> None:
    for text in (b"one\n", b"two\n"):
        file = LogFile(tmp_path / "a.log")
        file.write(text)
        file.close()
    assert (tmp_path / "a.log").read_bytes() == b"one\ntwo\n"
    assert (tmp_path / "a.log").stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    LogFile(tmp_path / "missing" / "a.log").write(b"lost\n")


def test_only_warnings_and_what_is_no_json_are_shown(tmp_path: Path) -> None:
    shown: list[bytes] = []
    output = Output(LogFile(tmp_path / "a.log"), loud=unexpected, show=shown.append)
    lines = [json.dumps({"level": level, "event": level}) for level in ("debug", "info", "warning", "error")]
    data = "\n".join([*lines, "Traceback (most recent call last):", ""]).encode()
    for start in range(0, len(data), 7):
        output.feed(data[start : start + 7])
    assert [json.loads(line)["level"] for line in shown[:2]] == ["warning", "error"]
    assert shown[2:] == [b"Traceback (most recent call last):"]
    assert (tmp_path / "a.log").read_bytes() == data


def test_a_json_line_is_shown_for_human_eyes() -> None:
    line = json.dumps({"event": "slow call", "level": "warning", "timestamp": "now", "method": "Get"}).encode()
    assert readable(line) == "warning  slow call  method=Get"
    line = json.dumps({"event": "away", "level": "error", "error": "one\n  two", "exception": "a\nb"}).encode()
    assert readable(line) == "error  away  error=one two\na\nb"
    assert readable(b"plain text\n") == "plain text"
    assert readable(b"[1, 2]") == "[1, 2]"
