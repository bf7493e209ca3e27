"""Datasets on the command line: published, tagged, listed, deprecated, traced and exported."""

from __future__ import annotations

import json

import polars as pl
import pytest

import solvent as sv

TABLES = """
import polars as pl
import solvent as sv

@sv.step
def make(*, rows: int = 3) -> pl.DataFrame:
    return pl.DataFrame({"id": range(rows), "city": [f"city {n}" for n in range(rows)]})

@sv.step
def count(flights: pl.DataFrame) -> int:
    return flights.height

@sv.pipeline
def making() -> pl.DataFrame:
    return make()

@sv.pipeline
def counting(flights: pl.DataFrame) -> int:
    return count(flights)
"""


@pytest.fixture
def tables(shop, solvent):
    """A folder with two pipelines: one makes a table, one reads a dataset. The first ran once."""
    import sys

    (shop / "tablecli.py").write_text(TABLES)
    (shop / "make.yaml").write_text("pipeline: tablecli:making\n")
    (shop / "count.yaml").write_text("pipeline: tablecli:counting\ninputs: {flights: {dataset: flights}}\n")
    assert solvent("run", "make.yaml")[0] == 0
    yield shop
    sys.modules.pop("tablecli", None)


def test_publish_versions_tag_and_consumers(tables, solvent):
    """The way of a dataset from a step to its readers, in text and in JSON."""
    code, out, _ = solvent(
        *("data", "publish", "last/make", "flights", "--key", "id", "--owner", "ann", "--description", "All flights."),
        *("--tag", "prod", "-m", "first"),
    )
    assert code == 0 and out.startswith("flights@v1   3 rows   #")
    code, out, _ = solvent("data", "publish", "last/make", "flights")
    assert code == 0 and "the latest version is this very table" in out
    code, out, _ = solvent(
        "run", "make.yaml", "--set", "steps.make.rows=5", "--set", "steps.make.options.publish=flights"
    )
    assert code == 0 and ", published flights@v2" in out
    code, out, _ = solvent("data", "tag", "flights@v2", "prod")
    assert (code, out) == (0, "flights@prod: v1 → v2\n")
    told = json.loads(solvent("data", "versions", "flights", "--json")[1])
    assert (told["owner"], told["keys"], told["description"]) == ("ann", ["id"], "All flights.")
    assert [(one["version"], one["rows"], one["columns"], one["tags"]) for one in told["versions"]] == [
        (2, 5, 2, ["prod"]),
        (1, 3, 2, []),
    ]
    out = solvent("data", "versions", "flights")[1]
    assert out.startswith("flights   owner ann   key id\nAll flights.\n") and "making-2/make" in out
    assert solvent("data", "consumers", "flights")[1] == "Nobody has read flights yet.\n"
    assert solvent("run", "count.yaml")[0] == 0
    (reader,) = json.loads(solvent("data", "consumers", "flights", "--json")[1])
    assert (reader["pipeline"], reader["run"], reader["step"]) == ("counting", "counting-3", "inputs/flights")
    assert json.loads(solvent("data", "consumers", "flights@v1", "--json")[1]) == []
    assert "counting-3/inputs/flights" in solvent("data", "consumers", "flights@prod")[1]
    tables_ = json.loads(solvent("data", "list", "--json")[1])
    assert {one["made_by"]: one["datasets"] for one in tables_} == {
        "making-1/make": ["flights@v1"],
        "making-2/make": ["flights@v2"],
    }
    assert json.loads(solvent("data", "tag", "flights", "prod", "--delete", "--json")[1]) == {
        "dataset": "flights",
        "tag": "prod",
        "version": None,
        "before": 2,
    }


def test_deprecate_lists_readers_and_warns_later_ones(tables, solvent):
    """Known readers are listed, the next run is told in one line, and after the day nothing reads it."""
    solvent("data", "publish", "last/make", "flights")
    solvent("data", "publish", "last/make", "better")
    solvent("run", "count.yaml")
    code, out, _ = solvent("data", "deprecate", "flights", "--reason", "wrong zone", "--use", "better@v1")
    assert code == 0 and "its readers get a warning from now on." in out and "counting-2/inputs/flights" in out
    with pytest.warns(FutureWarning, match="the dataset 'flights' is deprecated: wrong zone. Use better@v1."):
        code, out, err = solvent("run", "count.yaml", "--rerun", "count")
    assert code == 0 and "wrong zone" in out
    assert "deprecated: wrong zone" in solvent("data", "versions", "flights")[1]
    solvent("data", "deprecate", "flights", "--reason", "wrong zone", "--after", "2020-02-29")
    code, _, err = solvent("run", "count.yaml")
    assert code == 2 and "was to be read until 2020-02-29 only" in err
    code, _, err = solvent("data", "export", "flights", "out.csv")
    assert code == 2 and "--allow" in err and not (tables / "out.csv").exists()
    with pytest.warns(FutureWarning, match="2020-02-29"):
        assert solvent("data", "export", "flights", "out.csv", "--allow")[0] == 0
    assert solvent("run", "count.yaml", "--set", "inputs.flights.allow_deprecated=true")[0] == 0  # told once
    assert solvent("data", "deprecate", "flights", "--undo")[1] == "flights is not deprecated any more\n"
    assert solvent("run", "count.yaml")[0] == 0


def test_a_warning_of_the_command_itself_is_one_line():
    """A warning that no line of the user's caused is shown as a word of the command, any other as Python shows it."""
    import warnings

    from solvent.faces import cli

    shown = cli._format_warning("old", FutureWarning, "/x/click/decorators.py", 3)
    assert shown == "solvent: old\n"
    assert "mine.py:3: FutureWarning: old" in cli._format_warning("old", FutureWarning, "/x/mine.py", 3)
    assert cli._format_warning("o", UserWarning, "/x/click/decorators.py", 3) == warnings.formatwarning(
        "o", UserWarning, "/x/click/decorators.py", 3
    )


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("publish", "last/make", "a b"), "'a b' cannot name a dataset"),
        (("publish", "last/maek", "x"), "no step 'maek'"),
        (("publish", "last/make", "x", "--key", "idd"), "Did you mean 'id'"),
        (("publish", "last/make", "x", "--contract", "nowhere.yaml"), "no contract nowhere.yaml"),
        (("versions", "fligths"), "no dataset 'fligths'. Did you mean 'flights'? Datasets here: flights."),
        (("tag", "flights@v9", "prod"), "no version 'v9'"),
        (("tag", "flights@v1", "latest"), "'latest' cannot be a tag"),
        (("tag", "flights", "prod", "--delete"), "no tag 'prod' that could be taken away"),
        (("consumers", "flights@"), "names no dataset"),
        (("deprecate", "flights"), "say --reason WHY, or --undo"),
        (("deprecate", "flights@latest", "--reason", "x"), "is not one version: write flights@v1"),
        (("deprecate", "flights", "--reason", "x", "--after", "soon"), "expected a day"),
        (("export", "flights", "out.xls"), "which format is that? Say --format"),
        (("export", "flights", "nowhere/out.csv"), "cannot be written"),
        (("export", "flights", "out", "--format", "cvs"), "'cvs' is no format. Did you mean 'csv'"),
        (("export", "flights", "out", "--rows-per-file", "0"), "expected a number of rows, got 0"),
        (("show", "flights@v7"), "no version 'v7'"),
    ],
)
def test_wrong_words_are_told(tables, solvent, words, error):
    """Each error says what is wrong and what there is; the exit code is 2 and nothing changed."""
    solvent("data", "publish", "last/make", "flights")
    code, _, err = solvent("data", *words)
    assert code == 2 and error in err and "Traceback" not in err
    told = json.loads(solvent("data", "versions", "flights", "--json")[1])
    assert (len(told["versions"]), told["deprecated"], told["versions"][0]["tags"]) == (1, None, [])


def test_hostile_text_cannot_reach_the_terminal(tables, solvent):
    """Control signs in descriptions, messages and reasons are shown as text."""
    solvent("data", "publish", "last/make", "flights", "--description", "\x1b[31mred\x07", "-m", "a\nb\x1b[2J")
    solvent("data", "deprecate", "flights", "--reason", "\x1b]0;title\x07")
    for words in (("versions", "flights"), ("versions", "flights", "--json"), ("consumers", "flights"), ("list",)):
        code, out, err = solvent("data", *words)
        assert code == 0 and "\x1b" not in out + err and "\x07" not in out + err


def test_an_export_reads_back_as_the_same_table(tables, solvent):
    """Each format, as a file and as a folder of parts, gives the digest that the dataset has."""
    solvent("data", "publish", "last/make", "flights")
    artifact = json.loads(solvent("data", "versions", "flights", "--json")[1])["versions"][0]["artifact"]
    for out in ("a.parquet", "b.csv", "c.arrow", "d.jsonl", "e.csv.gz", "f.jsonl.zst"):
        code, told, err = solvent("data", "export", "flights", out, "--json")
        assert code == 0, err
        assert json.loads(told)["rows"] == 3
        files = {"files": out}
        if json.loads(told)["types"]:
            (tables / "count.yaml").write_text(
                "pipeline: tablecli:counting\ninputs:\n  flights:\n"
                + "".join(f"    {line}\n" for line in (tables / f"{out}.types.yaml").read_text().splitlines())
            )
        else:
            (tables / "count.yaml").write_text(
                f"pipeline: tablecli:counting\ninputs: {json.dumps({'flights': files})}\n"
            )
        assert solvent("run", "count.yaml")[0] == 0
        found = sv.open(tables).run("counting")["inputs/flights"].outputs["value"]
        assert found == artifact, out
    code, out, _ = solvent("data", "export", "flights@v1", "parts", "--rows-per-file", "2", "--format", "csv")
    assert code == 0 and "parts: 3 rows" in out and "2 files" in out
    assert sorted(one.name for one in (tables / "parts").iterdir()) == ["part-00000.csv", "part-00001.csv"]
    readers = json.loads(solvent("data", "consumers", "flights", "--json")[1])
    assert sum(one["times"] for one in readers) == 7


def test_an_export_does_not_overwrite(tables, solvent):
    """What is there stays, unless overwriting was asked for; a folder of other things stays even then."""
    (tables / "out.csv").write_text("mine\n")
    code, _, err = solvent("data", "export", "last/make", "out.csv")
    assert code == 2 and "is there already" in err and (tables / "out.csv").read_text() == "mine\n"
    assert solvent("data", "export", "last/make", "out.csv", "--overwrite")[0] == 0
    assert pl.read_csv(tables / "out.csv").height == 3
    (tables / "kept").mkdir()
    (tables / "kept" / "thesis.txt").write_text("years of work")
    code, _, err = solvent("data", "export", "last/make", "kept", "--rows-per-file", "2", "--overwrite")
    assert code == 2 and "'thesis.txt' in it" in err and (tables / "kept" / "thesis.txt").exists()
    code, _, err = solvent("data", "export", "last/make", "kept", "--overwrite")
    assert code == 2 and "is a folder" in err
    assert not [one for one in tables.iterdir() if one.name.startswith(".") and one.name not in (".solvent",)]


def test_what_is_no_table_is_not_exported(tables, solvent):
    """A number has no rows; the error names its format."""
    solvent("data", "publish", "last/make", "flights")
    solvent("run", "count.yaml")
    code, _, err = solvent("data", "export", "last/count", "n.csv")
    assert code == 2 and "only tables are exported" in err


def test_lineage_goes_from_run_to_run_through_a_dataset(tables, solvent):
    """What led to a count includes the run that published; what a dataset led to includes the run that counted."""
    solvent("data", "publish", "last/make", "flights")
    solvent("run", "count.yaml")
    code, out, _ = solvent("lineage", "count")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["count", "inputs/flights", "make"]
    assert out.splitlines()[2].strip().endswith("making-1   by flights@v1")
    out = solvent("lineage", "flights@v1", "--down")[1]
    assert [line.split()[0] for line in out.splitlines()] == ["make", "inputs/flights", "count"]
    told = json.loads(solvent("lineage", "data:flights", "--down", "--json")[1])
    assert [one["parameter"] for one in told["links"]] == ["flights@v1", "flights"]
    sv.open(tables).publish(pl.DataFrame({"a": [1]}), "loose")
    code, _, err = solvent("lineage", "loose@v1")
    assert code == 2 and "from outside of runs" in err


CONTRACT = """
contract: contract.1
columns:
  id: {type: int64, min: 0, max: 3}
"""


def test_a_contract_is_kept_by_every_later_version(tables, solvent):
    """The first version brings it, a later one that breaks it is refused, by hand (exit 1) and in a run (rejected)."""
    (tables / "flights.contract.yaml").write_text(CONTRACT)
    code, _, err = solvent("data", "publish", "last/make", "flights", "--contract", "flights.contract.yaml")
    assert code == 0, err
    assert "with a contract" in solvent("data", "versions", "flights")[1]
    solvent("run", "make.yaml", "--set", "steps.make.rows=9")
    code, _, err = solvent("data", "publish", "last/make", "flights")
    assert code == 1 and "breaks the contract, and is not published" in err and "columns.id.max" in err
    code, out, err = solvent(
        "run",
        "make.yaml",
        "--set",
        "steps.make.rows=9",
        "--set",
        "steps.make.options.publish=flights",
        "--rerun",
        "make",
    )
    assert code == 1 and "rejected" in out + err
    assert len(json.loads(solvent("data", "versions", "flights", "--json")[1])["versions"]) == 1


def test_a_file_is_not_published_but_what_was_made_of_it(tables, solvent):
    """The error says what is published, and how a file becomes that."""
    (tables / "day1.csv").write_text("a\n1\n")
    status, _, told = solvent("data", "publish", "day1.csv", "days")
    assert status == 2 and "day1.csv is a file, and what is published is a result" in told
