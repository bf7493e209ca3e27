"""A source by reference: nothing of it is copied, its files are what they were or that is said; steps see all."""

from __future__ import annotations

import os
import time

import polars as pl
import pyarrow as pa
import pytest

import solvent as sv
from solvent.errors import InputError, RunFailed


@sv.step
def total(rows: pl.LazyFrame, *, times: int = 1) -> int:
    """Goes through the rows once."""
    return int(rows.select(pl.col("a").sum()).collect().item()) * times


@sv.step
def counted(rows: pa.RecordBatchReader) -> int:
    """Goes through batches."""
    return sum(batch.num_rows for batch in rows)


@sv.step
def eager(rows: pl.DataFrame) -> int:
    """Has all rows in memory."""
    return rows.height


@sv.step(rowwise=True)
def doubled(rows: pl.DataFrame) -> pl.DataFrame:
    """By block."""
    return rows.with_columns(pl.col("a") * 2)


@sv.step
def meddling(rows: pl.LazyFrame, *, path: str) -> int:
    """Changes the file that it reads."""
    found = rows.select(pl.len()).collect().item()
    with open(path, "a") as file:
        file.write("9,z\n")
    return int(found)


@sv.pipeline
def streamed(rows: pl.LazyFrame) -> int:
    """Lazily and as batches."""
    counted(rows)
    return total(rows)


@sv.pipeline
def whole(rows: pl.DataFrame) -> int:
    """In memory."""
    return eager(rows)


@sv.pipeline
def by_block(rows: pl.DataFrame) -> pl.DataFrame:
    """Row-wise."""
    return doubled(rows)


@sv.pipeline
def meddled(rows: pl.LazyFrame) -> int:
    """A step that does what it must not."""
    return meddling(rows)


def data(folder, rows=1_000, name="rows.csv"):
    """A CSV that is old enough to be believed."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("a,b\n" + "".join(f"{n},x{n}\n" for n in range(rows)))
    old = time.time() - 100
    os.utime(path, (old, old))
    return path


def settings(keep=None, files="rows.csv", **steps):
    """An input of files."""
    return {"inputs": {"rows": {"files": files, **({"keep": keep} if keep else {})}}, "steps": steps}


def stored(project):
    """The bytes of the store."""
    return sum(one.stat().st_size for one in (project.root / ".solvent/store").rglob("*") if one.is_file())


def test_nothing_of_the_rows_is_copied_and_steps_see_them_all(tmp_path):
    """The artifact has rows, columns, a size and a profile; lazy frames and batches come from the file."""
    data(tmp_path, 200_000)
    run = sv.run(streamed, config=settings("reference"), project=tmp_path)
    project = sv.open(tmp_path)
    assert run.value() == sum(range(200_000)) and run["counted"].value() == 200_000
    assert stored(project) == 0
    (name,) = run["inputs/rows"].outputs.values()
    artifact = project.archive.find(name)
    assert artifact.format == "reference.1" and dict(artifact.facts) == {"rows": 200_000, "columns": 2}
    assert artifact.size == (tmp_path / "rows.csv").stat().st_size
    assert project.load(f"{run.id}/inputs/rows", pl.DataFrame)["a"].to_list() == list(range(200_000))
    from solvent.archive.catalog import query
    from solvent.data.profile import PROFILE

    profile = query.profile(project.catalog, name, PROFILE)
    assert profile["rows"] == 200_000 and profile["columns"][0]["max"] == 199_999
    kept = sv.run(streamed, config=settings("rows"), project=tmp_path)
    assert kept.value() == run.value() and stored(project) > 0


def test_an_unchanged_file_is_not_read_again_and_one_that_moved_reuses_everything(tmp_path):
    """The digest is of what the files hold, not of where they are."""
    data(tmp_path)
    sv.run(streamed, config=settings("reference"), project=tmp_path)
    assert sv.run(streamed, config=settings("reference"), project=tmp_path)["total"].status == "reused"
    (tmp_path / "else").mkdir()
    (tmp_path / "rows.csv").rename(tmp_path / "else/moved.csv")
    again = sv.run(streamed, config=settings("reference", "else/*.csv"), project=tmp_path)
    assert again["inputs/rows"].status == "ran" and again["total"].status == "reused"
    os.utime(tmp_path / "else/moved.csv")
    assert sv.run(streamed, config=settings("reference", "else/*.csv"), project=tmp_path)["total"].status == "reused"


@pytest.mark.parametrize("kind", ["json", "utf-16", "arrow stream", "trimmed csv", "parquet"])
def test_what_steps_read_by_reference_is_no_undeclared_input(tmp_path, kind):
    """Of files that are read piece by piece, too: one that moves re-runs nothing."""
    rows = pl.DataFrame({"a": list(range(50)), "b": ["x"] * 50})
    path = tmp_path / ("rows." + {"json": "json", "arrow stream": "arrow", "parquet": "parquet"}.get(kind, "csv"))
    options = {"trim": True} if kind == "trimmed csv" else {}
    if kind == "json":
        rows.write_json(path)
    elif kind == "arrow stream":
        rows.write_ipc_stream(path)
    elif kind == "parquet":
        rows.write_parquet(path)
    else:
        path.write_text(rows.write_csv(), "utf-16" if kind == "utf-16" else "utf-8")
    config = {"inputs": {"rows": {"files": path.name, "keep": "reference", **options}}}
    first = sv.run(streamed, config=config, project=tmp_path)
    assert first.value() == sum(range(50))
    assert first["total"].notes == first["counted"].notes == {}
    (tmp_path / "else").mkdir()
    path.rename(tmp_path / "else" / path.name)
    config["inputs"]["rows"]["files"] = f"else/{path.name}"
    again = sv.run(streamed, config=config, project=tmp_path)
    assert again["total"].status == again["counted"].status == "reused"


def test_rows_of_then_are_refused_once_the_file_is_another(tmp_path):
    """A new version is read as such; the old one is told to be gone, and is never mistaken for the new."""
    path = data(tmp_path)
    first = sv.run(streamed, config=settings("reference"), project=tmp_path)
    data(tmp_path, 1_001)
    second = sv.run(streamed, config=settings("reference"), project=tmp_path)
    assert second.value() == first.value() + 1_000
    project = sv.open(tmp_path)
    with pytest.raises(InputError, match="by reference only cannot be had again: rows.csv is not what it was"):
        project.load(f"{first.id}/inputs/rows", pl.DataFrame)
    data(tmp_path, 1_000)
    assert project.load(f"{first.id}/inputs/rows", pl.DataFrame).height == 1_000
    path.unlink()
    with pytest.raises(InputError, match="cannot be had again: 'rows.csv' matches no file"):
        project.load(f"{first.id}/inputs/rows", pl.DataFrame)


def test_verify_looks_at_the_files_that_tables_refer_to(tmp_path, capsys, monkeypatch):
    """What cannot be had again is told with the run that read it; it is no fault of the archive."""
    from solvent.data.referring import check_referred
    from solvent.faces.cli import main

    monkeypatch.setattr("solvent.data.sources.files.finding._RACY", 0.0)  # a file that is just written is believed
    data(tmp_path)
    first = sv.run(streamed, config=settings("reference"), project=tmp_path)
    project = sv.open(tmp_path)
    assert project.verify(deep=True).gone == project.verify().gone == ()
    (name,) = first["inputs/rows"].outputs.values()
    body = project.archive.document(name)["body"]
    body["contents"][0][1] = "0" * 64
    check_referred(body)
    with pytest.raises(InputError, match=r"rows\.csv: the file holds other bytes"):
        check_referred(body, deep=True)
    data(tmp_path, 1_001)
    sv.run(streamed, config=settings("reference"), project=tmp_path)
    (gone,) = project.verify().gone
    assert gone.blob == name and gone.needed_by == (f"{first.id}/inputs/rows",) and "is not what it was" in gone.what
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["solvent", "verify", "--deep"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().out
    assert (
        not ended.value.code and f"#{name[:12]} of {first.id}/inputs/rows: " in told and "The archive is whole;" in told
    )


def test_a_file_that_was_fresh_when_surveyed_is_believed_once_hashing_begins_later(tmp_path, monkeypatch):
    """To look through a large file takes longer than a file is too fresh to be believed by its times."""
    from solvent.data import referring
    from solvent.data.sources import open_source
    from solvent.data.sources.files import finding

    path = data(tmp_path)
    source = open_source({"files": "rows.csv"}, tmp_path)
    survey = source.survey()
    assert survey.parts[0].version is None
    project = sv.open(tmp_path)
    fresh = project.archive.put(referring.Referred(source, survey))
    monkeypatch.setattr(finding, "_RACY", -1.0)
    aged = project.archive.prepare(referring.Referred(source, survey))
    assert aged.digest == fresh.digest
    assert aged.written.body["survey"]["parts"][0][1] == finding.state_of(os.stat(path))
    path.write_text("a,b\n")
    rest = project.archive.prepare(referring.Referred(source, survey)).written.body["survey"]["parts"][0]
    assert rest[1] is None


def test_a_file_that_changes_while_a_step_goes_through_it_fails_the_step(tmp_path):
    """Nothing is kept of what may be half of one version and half of another."""
    path = data(tmp_path)
    with pytest.raises(RunFailed, match="step 'meddling': InputError: .*rows.csv is not what it was"):
        sv.run(meddled, config=settings("reference", meddling={"path": str(path)}), project=tmp_path)
    assert sv.open(tmp_path).runs()[0]["meddling"].outputs == {}


def test_what_is_larger_than_the_project_says_is_referred_to_with_a_warning(tmp_path):
    """Where every step streams; what is read into memory or by block is kept as blocks, and so is what says so."""
    data(tmp_path)
    (tmp_path / "solvent.toml").write_text('keep_sources = "1 kB"\n')
    run = sv.run(streamed, config=settings(), project=tmp_path)
    (warning,) = run["inputs/rows"].notes["warnings"]
    assert "referred to, not copied (keep_sources is" in warning and "Say keep: rows" in warning
    formats = {}
    for keep, pipeline in ((None, whole), (None, by_block), ("rows", streamed), ("reference", whole)):
        made = sv.run(pipeline, config=settings(keep), project=tmp_path)
        (name,) = made["inputs/rows"].outputs.values()
        formats[keep, pipeline.name] = sv.open(tmp_path).archive.find(name).format
        assert "warnings" not in made["inputs/rows"].notes
    assert formats == {
        (None, "whole"): "table.1", (None, "by_block"): "table.1", ("rows", "streamed"): "table.1",
        ("reference", "whole"): "reference.1",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text, size", [("'2 GiB'", 2 * 1024**3), ("'1.5 MB'", 1_500_000), ("4096", 4096), ("'7 kB'", 7000)]
)
def test_the_limit_is_written_as_a_size(tmp_path, text, size):
    """With a unit of thousands or of 1,024s, or as a number of bytes."""
    (tmp_path / "solvent.toml").write_text(f"keep_sources = {text}\n")
    assert sv.open(tmp_path).file.keep_sources == size
    (tmp_path / "solvent.toml").write_text("keep_sources = 'much'\n")
    with pytest.raises(sv.errors.SettingsError, match=r"solvent.toml:1: keep_sources: expected a size"):
        sv.open(tmp_path).file  # noqa: B018


def test_what_cannot_be_referred_to_is_refused_with_its_line(tmp_path):
    """Steps that work by block, lists of sources, and a word that is none."""
    data(tmp_path)
    with pytest.raises(InputError, match="input 'rows': keep: reference: 'doubled' works by block"):
        sv.run(by_block, config=settings("reference"), project=tmp_path)
    assert sv.open(tmp_path).runs() == []
    with pytest.raises(sv.errors.SettingsError, match="keep: 'refrence' is not known. Did you mean 'reference'"):
        sv.run(whole, config=settings("refrence"), project=tmp_path)
    both = {"inputs": {"rows": [{"files": "rows.csv", "keep": "reference"}, {"value": [{"a": 1}]}]}}
    with pytest.raises(sv.errors.SettingsError, match="source 1 of the list: keep: reference"):
        sv.run(whole, config=both, project=tmp_path)
    run = sv.run(whole, config=settings("reference"), project=tmp_path)
    with pytest.raises(sv.SolventError, match="by reference"):
        sv.open(tmp_path).publish(f"{run.id}/inputs/rows", "rows")


def test_everything_that_is_asked_of_tables_can_be_asked_of_these(tmp_path, capsys, monkeypatch):
    """Lists, profiles, differences, drift, contracts and exports read the files where they are."""
    from solvent.faces.cli import main

    data(tmp_path)
    run = sv.run(streamed, config=settings("reference"), project=tmp_path)
    data(tmp_path, 1_001, "more.csv")
    monkeypatch.chdir(tmp_path)
    name, said = f"{run.id}/inputs/rows", {}
    for words, code in (
        ("data list", 0), (f"data show {name}", 0), (f"data profile {name}", 0), (f"data diff {name} rows.csv", 0),
        (f"data diff {name} more.csv", 1), (f"data drift {name} rows.csv", 0), (f"data export {name} out.parquet", 0),
        (f"data check {name} --infer c.yaml", 0), (f"data check {name} --contract c.yaml", 0), ("verify --deep", 0),
    ):  # fmt: skip
        monkeypatch.setattr("sys.argv", ["solvent", *words.split()])
        with pytest.raises(SystemExit) as ended:
            raise SystemExit(main())
        assert (ended.value.code or 0) == code, (words, capsys.readouterr())
        said[words] = capsys.readouterr().out
    assert f"{name}" in said["data list"] and "1,000" in said["data list"]
    assert "The tables are the same" in said[f"data diff {name} rows.csv"]
    assert pl.read_parquet("out.parquet").height == 1_000


def test_a_copy_that_went_away_leaves_the_original(tmp_path):
    """What is the same table at two places is referred to where it is named."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        data(tmp_path / folder)
        sv.run(streamed, config=settings("reference", f"{folder}/rows.csv"), project=tmp_path)
    (tmp_path / "b/rows.csv").unlink()
    run = sv.run(streamed, config=settings("reference", "a/rows.csv", total={"times": 2}), project=tmp_path)
    assert run.value() == 2 * sum(range(1_000))


def test_a_reference_of_its_own_accord_ends_where_a_step_needs_blocks(tmp_path):
    """The next run, which has a row-wise step or wants the rows in memory, has them copied."""
    data(tmp_path)
    (tmp_path / "solvent.toml").write_text('keep_sources = "1 kB"\n')
    formats = []
    for pipeline in (streamed, by_block):
        (name,) = sv.run(pipeline, config=settings(), project=tmp_path)["inputs/rows"].outputs.values()
        formats.append(sv.open(tmp_path).archive.find(name).format)
    assert formats == ["reference.1", "table.1"]
