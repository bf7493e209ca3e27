"""What reaches a terminal: safe text, honest JSON, signs that it can show."""

from __future__ import annotations

import io
import json
import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.errors import ArchiveError, NotFound, Rejected, RunFailed, SettingsError
from solvent.faces.cli.output import complain, duration, mermaid_text, safe, show_json, show_table, size, write

HOSTILE = "\x1b[31mred\x07\r\u202eright\x9b2J\u2028\udcff[bold]"


def test_hostile_text_can_neither_move_the_cursor_nor_turn_the_line():
    """Control and format characters, separators and lone surrogates are written out; all else stays."""
    assert safe(HOSTILE) == "\\x1b[31mred\\x07\\x0d\\u202eright\\x9b2J\\u2028\\udcff[bold]"
    assert safe("naïve 数据 ✓\n\t") == "naïve 数据 ✓\n\t"


@given(st.text())
def test_whatever_the_text_only_line_feeds_and_tabs_are_left_of_control(text):
    """Safe text is printable, line by line."""
    assert all(one.isprintable() or one in "\n\t" or one.isspace() for one in safe(text))
    assert "\x1b" not in safe(text) and "\r" not in safe(text)


@given(
    st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
)
def test_json_comes_back_as_it_was_and_is_safe_to_show(value):
    """Any text survives the round trip, and none of it reaches the terminal as a control character."""
    before, sys.stdout = sys.stdout, io.StringIO()
    try:
        show_json(value)
        text = sys.stdout.getvalue()
    finally:
        sys.stdout = before
    assert json.loads(text) == value
    assert safe(text) == text


def test_nan_never_reaches_json(capsys):
    """NaN and infinity become null, however deep."""
    show_json({"a": [math.nan, (math.inf, 1.5)]})
    assert json.loads(capsys.readouterr().out) == {"a": [None, [None, 1.5]]}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_without_the_sign_gets_another(monkeypatch, encoding):
    """Lines and tables are shown in any encoding; marks have stand-ins, other signs are written out."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    write("● train ← 数")
    show_table(("name", "n"), [("✓ é", 3)])
    show_json({"é": "数"})
    sys.stdout.flush()
    shown = raw.getvalue().decode(encoding)
    assert ("● train ← 数" if encoding == "utf-8" else "* train <- \\u6570") in shown
    assert json.loads(shown[shown.index("{") :]) == {"é": "数"}


def test_a_mermaid_label_cannot_be_left():
    """Quotes, angle brackets, backticks and entities in a name stay part of the label."""
    assert mermaid_text('a"]; click x <b>`#quot;') == "a#quot;]; click x #lt;b#gt;#96;#35;quot;"


def test_tables_are_aligned_and_their_cells_one_line(capsys):
    """Numbers stand to the right, words to the left; a line feed in a cell does not break the row."""
    show_table(("name", "rows"), [("a\nb", "1,000"), ("long name", "7")])
    assert capsys.readouterr().out == "NAME        ROWS\na b        1,000\nlong name      7\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.0004, "0 ms"), (0.25, "250 ms"), (1.25, "1.2 s"), (61, "1 min 1 s"), (7260, "2 h 1 min")],
)
def test_durations_are_read_at_a_glance(seconds, text):
    """Two figures at most, in the unit that fits."""
    assert duration(seconds) == text


def test_sizes_are_read_at_a_glance():
    """Bytes in the unit that fits."""
    assert [size(one) for one in (None, 12, 1500, 2_500_000, 3e9)] == ["", "12 B", "1.5 kB", "2.5 MB", "3.0 GB"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound("no such run"), 2), (SettingsError("wrong"), 2), (RunFailed("failed"), 1), (Rejected("no"), 1),
        (ArchiveError("damaged"), 1),
    ],
)  # fmt: skip
def test_the_exit_code_says_what_kind_of_thing_went_wrong(error, code, capsys):
    """1 where the work or the archive failed, 2 where the call or the settings have to change."""
    assert complain(error) == code
    assert capsys.readouterr().err.startswith("solvent: ")
