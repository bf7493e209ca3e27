"""Sheets of workbooks: their cells as they stand, and the type of a column where all of its cells have it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import check_names
from solvent.data.sources.files.options import Options
from solvent.errors import DataError, InputError, MissingExtra, did_you_mean

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Sheet", "open_sheet"]

_MOST = 10
"""So many findings of one kind at most."""


@dataclass(slots=True)
class Sheet:
    """The rows of one sheet, and what is odd about it."""

    frame: pl.DataFrame
    findings: list[dict[str, Any]] = field(default_factory=list)

    def note(self, kind: str, line: int | None, column: str | None, text: str) -> None:
        """One finding more, unless there are many of its kind."""
        if sum(one["kind"] == kind for one in self.findings) < _MOST:
            self.findings.append({"kind": kind, "line": line, "column": column, "text": text})


def open_sheet(path: Path, label: str, options: Options) -> Sheet:
    """The rows of a workbook's sheet. Whatever a library guesses of types, no cell is lost: its column is text then.

    Raises :class:`InputError` where there is no such sheet, or two columns have one name.
    """
    import polars as pl

    fastexcel = _fastexcel(label)
    book = fastexcel.read_excel(str(path))
    names = book.sheet_names
    if options.sheet is not None and options.sheet not in names:
        hint = did_you_mean(options.sheet, names)
        raise InputError(f"{label} has no sheet {options.sheet!r}.{hint} There are: {', '.join(names)}")
    name = options.sheet or names[0]
    titled = options.header is True
    place = {"header_row": options.skip} if titled else {"skip_rows": options.skip}

    def read(**more: Any) -> pl.DataFrame:
        return pl.read_excel(
            path, sheet_name=name, has_header=titled, infer_schema_length=None, drop_empty_cols=False,
            drop_empty_rows=False, raise_if_empty=False, read_options={**place, **more},
        )  # fmt: skip

    texts = read(dtypes="string")
    made = Sheet(read())
    if options.sheet is None and len(names) > 1:
        made.note("sheet", None, None, f"the first of {len(names)} sheets is read: {name!r}")
    first = options.skip + 1 + titled  # the row of the sheet, from 1, that the first row of data is
    if titled:
        _check_header(book, name, label, options.skip, made)
    elif isinstance(options.header, list):
        if len(options.header) != texts.width:
            raise InputError(f"{label}: header names {len(options.header)} columns, and the sheet has {texts.width}")
        texts.columns = made.frame.columns = options.header
    else:
        texts.columns = made.frame.columns = [f"column_{place}" for place in range(1, texts.width + 1)]  # as a CSV has
    _note_errors(book.load_sheet(name, **({"header_row": None, **place}), dtypes="string"), texts.columns, made)
    void = pl.all_horizontal(pl.all().is_null())
    kept = texts.select(~void).to_series() if texts.width else pl.Series([], dtype=pl.Boolean)
    columns = [_column(texts[one], made.frame[one], options, first, made) for one in texts.columns]
    made.frame = pl.DataFrame(columns).filter(kept) if columns else made.frame
    return made


def _column(text: pl.Series, own: pl.Series, options: Options, first: int, sheet: Sheet) -> pl.Series:
    """A column with the type that its cells have, or as text where one of them would be lost."""
    import polars as pl

    name = text.name
    if options.null:
        void = text.is_in(options.null)
        text = text.set(void, None)
        own = own.clear(own.len()) if void.all() else pl.select(pl.when(~void).then(own).alias(name)).to_series()
    if own.dtype == pl.String:
        return text
    pin = options.types.get(name, "")
    if own.dtype.is_numeric() and (pin.startswith("decimal") or pin in ("text", "str", "string")):
        return text.set(text == "", None)  # as it stands, not as a float
    there = text.is_not_null() & (text != "")  # what a formula gives for nothing is nothing, where there are numbers
    wrong = there & own.is_null()
    if own.dtype.is_numeric():
        wrong |= there & text.cast(pl.Float64, strict=False).is_null()
    elif own.dtype == pl.Boolean:
        wrong |= there & ~text.str.to_lowercase().is_in(["true", "false"]).fill_null(False)
    if not wrong.any():
        return own
    row = int(wrong.arg_max() or 0)
    sheet.note("mixed", first + row, name, f"{text[row]!r:.60} makes the column text")
    return text


def _check_header(book: Any, name: str, label: str, skip: int, sheet: Sheet) -> None:
    """Raise :class:`InputError` where two columns have one name; those without any are told."""
    raw = book.load_sheet(name, header_row=None, skip_rows=skip, n_rows=1, dtypes="string").to_polars()
    titles = raw.row(0) if raw.height else ()
    seen = [one for one in titles if one is not None]
    try:
        check_names(seen, label)
    except DataError as error:
        raise InputError(str(error)) from None
    for place, one in enumerate(titles):
        if one is None and place < sheet.frame.width:
            called = sheet.frame.columns[place]
            sheet.note("unnamed", skip + 1, called, f"column {place + 1} has no name, and is called so")


def _note_errors(cells: Any, columns: list[str], sheet: Sheet) -> None:
    """Each cell that holds an error instead of a value; it has no value, so it is null."""
    _, errors = cells.to_arrow_with_errors()
    for one in errors.errors if errors is not None else ():
        row, column = one.position
        what = one.detail.partition("Error(")[2].rstrip(")'") or one.detail
        where = columns[column] if column < len(columns) else None
        sheet.note("error cell", row + 1, where, f"the cell holds the error {what}, and is null")


def _fastexcel(label: str) -> Any:
    try:
        import fastexcel
    except ImportError:
        raise MissingExtra(f"{label}: this needs fastexcel: pip install 'solvent[excel]'") from None
    return fastexcel
