"""`solvent data profile` shows any file without a project and leaves nothing behind, and a project's tables as well."""

from __future__ import annotations

import datetime
import json
import os
import random
import stat
import subprocess
import sys

import polars as pl
import pytest

from solvent.data.profile import profile
from solvent.faces.cli import main

EVIL = "<script>alert(1)</script>\x1b[31m\u202e"


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Call `solvent data profile` in an empty folder; gives exit code, what it printed, what it complained of."""
    monkeypatch.chdir(tmp_path)

    def called(*words):
        monkeypatch.setattr(sys, "argv", ["solvent", "data", "profile", *words])
        code = 0
        try:
            main()
        except SystemExit as error:
            code = int(error.code or 0)
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return called


def make_shop(rows=300):
    """A small table with faults: numbers as text, a stand-in, a constant."""
    draw = random.Random(5)
    return pl.DataFrame(
        {
            "id": range(rows),
            "price": [draw.choice([-999, *range(10, 60)]) for _ in range(rows)],
            "code": [str(draw.randrange(90)) for _ in range(rows)],
            "shop": ["main"] * rows,
            "day": [datetime.date(2024, 1, 1) + datetime.timedelta(days=draw.randrange(60)) for _ in range(rows)],
        }
    )


WRITERS = {
    "shop.csv": lambda frame, path: frame.write_csv(path),
    "shop.tsv": lambda frame, path: frame.write_csv(path, separator="\t"),
    "shop.parquet": lambda frame, path: frame.write_parquet(path),
    "shop.jsonl": lambda frame, path: frame.write_ndjson(path),
    "shop.arrow": lambda frame, path: frame.write_ipc(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_any_format_is_shown_without_a_project_and_nothing_is_made(call, tmp_path, name):
    """The text has a line for each column and what is worth a look; the folder holds the file alone, unchanged."""
    WRITERS[name](make_shop(), tmp_path / name)
    before = (tmp_path / name).stat()
    code, out, err = call(name)
    assert (code, err) == (0, "")
    assert out.startswith("300 rows × 5 columns\n")
    assert "price: -999" in out and "shop: is main in every row" in out and "▁" in out
    assert [one.name for one in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).stat().st_mtime_ns == before.st_mtime_ns


def test_json_is_the_profile_of_the_rows(call, tmp_path):
    """--json holds the very profile that Python gives of these rows, and what was found in the file."""
    frame = make_shop()
    frame.write_parquet(tmp_path / "shop.parquet")
    code, out, _ = call("shop.parquet", "--json")
    told = json.loads(out)
    assert code == 0 and told["source"] == "shop.parquet" and told["found"]
    assert told["profile"] == json.loads(json.dumps(profile(frame).to_json()))


def test_many_files_are_one_table(call, tmp_path):
    """A pattern, a folder, and names that a shell made of a pattern give the rows of all files."""
    (tmp_path / "parts").mkdir()
    for at in range(3):
        make_shop(100).write_csv(tmp_path / "parts" / f"{at}.csv")
    for words in (["parts/*.csv"], ["parts"], ["./parts/"], [f"parts/{at}.csv" for at in range(3)]):
        code, out, _ = call(*words)
        assert code == 0 and out.startswith("300 rows")
    assert "3 files: csv" in call("parts")[1]


def test_a_name_with_signs_of_a_pattern_is_a_file(call, tmp_path):
    """A file called `a[1]*.csv` is read, not searched."""
    make_shop(7).write_csv(tmp_path / "a[1]*.csv")
    make_shop(9).write_csv(tmp_path / "a1x.csv")
    assert call("a[1]*.csv")[1].startswith("7 rows")


def test_columns_are_chosen_by_pattern(call, tmp_path):
    """--columns takes names and patterns; one that fits nothing is an error that knows what is alike."""
    make_shop().write_parquet(tmp_path / "shop.parquet")
    code, out, _ = call("shop.parquet", "--columns", "p*", "--columns", "day", "--json")
    assert code == 0 and [one["name"] for one in json.loads(out)["profile"]["columns"]] == ["price", "day"]
    assert call("shop.parquet", "--columns", "Price") == (
        2, "", "solvent: --columns: no column is called 'Price' or fits it. Case counts: there is 'price'.\n",
    )  # fmt: skip
    assert "Did you mean 'price'" in call("shop.parquet", "--columns", "prise")[2]


def test_options_say_how_a_file_is_read(call, tmp_path):
    """--open-options reaches the source: delimiter, header, and a type for one column."""
    (tmp_path / "odd.txt").write_text("1;x\n2;y\n")
    code, out, _ = call(
        "odd.txt", "--open-options", "delimiter=;", "--open-options", 'header=["n", "word"]', "--open-options",
        "types.n=text", "--open-options", "format=csv", "--json",
    )  # fmt: skip
    columns = json.loads(out)["profile"]["columns"]
    assert code == 0 and [(one["name"], one["type"]) for one in columns] == [("n", "text"), ("word", "text")]
    assert "KEY=VALUE" in call("odd.txt", "--open-options", "delimiter")[2]
    assert "Did you mean 'delimiter'" in call("odd.txt", "--open-options", "delimeter=;")[2]


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("bad.parquet", b"PAR1 and no more", "bad.parquet cannot be read as parquet"),
        ("empty.csv", b"", "empty.csv is empty"),
        ("open.csv", b'a,b\n1,"x\n2,y\n', "open.csv"),
        ("latin.csv", b"a\n\xff\xfe\xfa\n", "latin.csv"),
        ("gone.csv", None, "'gone.csv' matches no file"),
        ("*.parquet", None, "'*.parquet' matches no file"),
        ("nothing", None, "'nothing' is no file or pattern that is there from here, and no table"),
        ("#123456", None, "nothing ran in"),
    ],
)
def test_what_cannot_be_read_is_one_line(call, tmp_path, name, body, said):
    """Broken, empty and missing files and references each give one line on stderr, exit code 2, and make nothing."""
    if body is not None:
        (tmp_path / name).write_bytes(body)
    code, out, err = call(name)
    assert code == 2 and out == "" and err.count("\n") == 1 and err.startswith("solvent: ") and said in err
    assert len(list(tmp_path.iterdir())) == (body is not None)


def test_hostile_names_are_harmless(call, tmp_path):
    """No control or direction sign of a name, a value or a file's name reaches the terminal, nor markup the page."""
    frame = pl.DataFrame({EVIL: ["\x1b]0;x\x07", " a ", " a "], "b\nc": ["\u202ex", "\t", "\r"], "k": ["x"] * 3})
    frame.write_parquet(tmp_path / "\x1b[2Jx.parquet")
    for words in ([], ["--json"], ["--columns", "zzz"]):
        _, out, err = call("\x1b[2Jx.parquet", *words)
        assert not {"\x1b", "\x07", "\u202e", "\r"} & set(out + err)
    code, out, _ = call("\x1b[2Jx.parquet", "--html", "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert code == 0 and "\x1b" not in out and page.count("<script>") == 1 and "\x1b" not in page


def test_the_page_is_written_and_only_it(call, tmp_path):
    """--html writes one page that holds the columns, the same bytes each time; a place that is none is an error."""
    make_shop().write_csv(tmp_path / "shop.csv")
    code, out, _ = call("shop.csv", "--html", "page.html")
    first = (tmp_path / "page.html").read_bytes()
    assert code == 0 and out == "page.html: 5 columns, 300 rows\n"
    assert b"<h1><bdi>shop.csv</bdi></h1>" in first and b"may stand for a missing value" in first
    call("shop.csv", "--html", "page.html")
    assert (tmp_path / "page.html").read_bytes() == first
    assert sorted(one.name for one in tmp_path.iterdir()) == ["page.html", "shop.csv"]
    assert json.loads(call("shop.csv", "--html", "page.html", "--json")[1])["profile"]["rows"] == 300
    code, out, err = call("shop.csv", "--html", "nowhere/page.html")
    assert code == 2 and err == "solvent: --html: nowhere/page.html: No such file or directory\n"


@pytest.mark.slow
def test_five_thousand_columns_are_usable(call, tmp_path):
    """The text shows a hundred and says so; a pattern finds one of the rest; the page holds them all."""
    pl.DataFrame({f"c{at:04}": [at, at + 1, None] for at in range(5000)}).write_parquet(tmp_path / "wide.parquet")
    code, out, _ = call("wide.parquet")
    assert code == 0 and "100 of 5,000 columns are shown" in out and len(out.splitlines()) < 130
    assert "c4999" in call("wide.parquet", "--columns", "c499?")[1]
    call("wide.parquet", "--html", "page.html")
    assert "c4999" in (tmp_path / "page.html").read_text()


def test_no_rows_and_no_columns(call, tmp_path):
    """A file with a header alone is shown as the empty table that it is."""
    (tmp_path / "head.csv").write_text("a,b\n")
    code, out, _ = call("head.csv")
    assert code == 0 and out.startswith("0 rows × 2 columns") and "the table has no rows" in out


@pytest.mark.skipif(os.name != "posix", reason="folders are made read-only by their mode")
def test_a_folder_that_may_not_be_written_is_enough(call, tmp_path):
    """Looking at a file works where nothing can be written."""
    make_shop().write_csv(tmp_path / "shop.csv")
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert call("shop.csv")[0] == 0
    finally:
        tmp_path.chmod(stat.S_IRWXU)


@pytest.mark.slow
def test_the_width_of_the_terminal_is_kept(tmp_path):
    """On a terminal of 80 columns no line of the table is longer, and the pictures are still there."""
    pty = pytest.importorskip("pty")
    import fcntl
    import struct
    import termios

    frame = make_shop().with_columns(pl.lit("a rather long text, and longer").alias("a rather long name of a column"))
    frame.write_csv(tmp_path / "shop.csv")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        [sys.executable, "-m", "solvent", "data", "profile", "shop.csv"],
        cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, env={**environment, "PYTHONIOENCODING": "utf-8"},
    ) as process:  # fmt: skip
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        assert process.wait() == 0
    os.close(ours)
    table = shown.decode().replace("\r\n", "\n").split("\n\n")[1]
    lines = table.split("\n")
    assert len(lines) == 7 and max(len(line) for line in lines) <= 80
    assert all(set("▁▂▃▄▅▆▇█") & set(line) for line in lines[1:] if not line.startswith("a r"))


TABLES = """
import polars as pl
import solvent as sv

@sv.step
def rows(count: int) -> pl.DataFrame:
    return pl.DataFrame({"n": range(count), "word": ["a"] * count})

@sv.step
def total(rows: pl.DataFrame) -> int:
    return rows["n"].sum()

@sv.pipeline
def tables(count: int) -> int:
    return total(rows(count))
"""


def test_a_table_of_a_project_is_shown_by_its_reference(call, tmp_path, monkeypatch, capsys):
    """A step, a run's step and a digest name one table; a file of the same name comes first; other values are none."""
    (tmp_path / "tablescli.py").write_text(TABLES)
    (tmp_path / "tables.yaml").write_text("pipeline: tablescli:tables\ninputs: {count: {value: 40}}\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(sys, "argv", ["solvent", "run", "tables.yaml", "-q"])
    try:
        main()
    except SystemExit as error:
        assert not error.code
    finally:
        sys.modules.pop("tablescli", None)
    told = json.loads(call("rows", "--json")[1])
    assert told["profile"]["rows"] == 40 and told["found"]["digest"]
    digest = f"#{told['found']['digest'][:12]}"
    for reference in ("rows", "tables-1/rows", digest):
        code, out, _ = call(reference, "--columns", "w*")
        assert code == 0 and out.startswith("40 rows × 1 columns")
    assert call(digest, "--html", "page.html")[0] == 0
    code, _, err = call("total")
    assert code == 2 and "is no table" in err
    code, _, err = call("roes")
    assert code == 2 and err.count("\n") == 1
    make_shop(9).write_csv(tmp_path / "rows")
    assert call("rows", "--open-options", "format=csv")[1].startswith("9 rows")
