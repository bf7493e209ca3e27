"""Datasets: published by hand and by settings, read as values and as inputs, by this project and by others."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time

import polars as pl
import pytest

import solvent as sv
from solvent.archive.catalog import datasets
from solvent.archive.catalog.readers import list_consumers
from solvent.engine.datasets.deprecating import deprecate
from solvent.errors import (
    Corrupted,
    DefinitionError,
    InputError,
    NotFound,
    OutputError,
    RunFailed,
    SettingsError,
    UsageError,
)


@sv.step
def make(*, rows: int = 3) -> pl.DataFrame:
    """Rows."""
    return pl.DataFrame({"id": range(rows), "city": [f"city {n}" for n in range(rows)]})


@sv.step
def count(table: pl.DataFrame) -> int:
    """How many."""
    return table.height


@sv.step
def peek(start: int) -> int:
    """Reads a dataset that is no input."""
    return sv.load("flights").height + start


@sv.step
def peek_pinned(start: int) -> int:
    """Reads a version that never changes."""
    return sv.load("flights@v1").height + start


@sv.pipeline
def making() -> pl.DataFrame:
    """One table."""
    return make()


@sv.pipeline
def counting(flights: pl.DataFrame) -> int:
    """Reads a dataset."""
    return count(flights)


@sv.pipeline
def peeking(start: int) -> int:
    """Reads a dataset inside of a step."""
    return peek(start)


@sv.pipeline
def peeking_pinned(start: int) -> int:
    """Reads a pinned dataset inside of a step."""
    return peek_pinned(start)


@sv.pipeline
def mapped() -> list[pl.DataFrame]:
    """Two tables by one node."""
    return widen.map([make(), make.named("more")(rows=4)])


@sv.step
def widen(table: pl.DataFrame) -> pl.DataFrame:
    """One column more."""
    return table.with_columns(x=1)


def frame(rows: int = 3) -> pl.DataFrame:
    """What ``make`` makes."""
    return make.raw(rows=rows)


# -- publishing ------------------------------------------------------------------------------------------------------


def test_each_new_table_is_the_next_version_and_the_same_is_none(project):
    """Versions count up, the same rows twice are one version, and rows that come back are a new one."""
    first = project.publish(frame(3), "flights", description="All of them.", owner="ann", keys="id")
    again = project.publish(frame(3).to_pandas(), "flights")
    second = project.publish(frame(4), "flights", message="one more")
    back = project.publish(frame(3), "flights")
    assert [(one.label, one.new, one.rows) for one in (first, again, second, back)] == [
        ("flights@v1", True, 3),
        ("flights@v1", False, 3),
        ("flights@v2", True, 4),
        ("flights@v3", True, 3),
    ]
    assert back.digest == first.digest != second.digest
    (row,) = project.datasets()
    assert (row.name, row.description, row.owner, row.keys, row.latest) == (
        "flights",
        "All of them.",
        "ann",
        ("id",),
        3,
    )
    versions = datasets.list_versions(project.catalog, "flights")
    assert [one.message for one in versions] == [None, "one more", None]
    assert datasets.schema_of(project.catalog, versions[0])[0][0] == "id"
    kinds = [one.kind for one in datasets.list_events(project.catalog, "flights")]
    assert kinds == ["published", "published", "confirmed", "published"]


def test_a_reference_is_published_with_the_run_that_made_it(project):
    """Run and step stand in the version; a digest finds them too."""
    run = sv.run(making, project=project)
    project.publish("last/make", "by-step")
    project.publish(f"#{run['make'].outputs['value'][:12]}", "by-digest")
    project.publish("by-step@v1", "by-version")
    for name in ("by-step", "by-digest", "by-version"):
        found = datasets.find_version(project.catalog, name)
        assert (found.run, found.step, found.rows) == (run.id, "make", 3)


def test_a_version_is_durable_before_it_is_known(project):
    """No blob of a published table waits for a sync, whoever wrote it."""
    big = pl.DataFrame({"x": range(50_000)})
    made = project.publish(big, "big")
    rows = project.catalog.read(
        "SELECT count(*) FROM artifact_blobs ab JOIN blobs b ON b.digest = ab.blob WHERE ab.artifact = ? AND "
        "b.boot IS NOT NULL",
        (made.digest,),
    )
    assert rows == [(0,)]


@pytest.mark.parametrize("name", ["", "v 3", "a/b", "x@v1", "\x1b[31m", "data:x", 7, None, "a" * 101])
def test_a_bad_name_is_refused_and_leaves_nothing(project, name):
    """Names follow the one grammar, and nothing is stored for one that does not."""
    with pytest.raises(UsageError, match="cannot name a dataset"):
        project.publish(frame(), name)
    assert project.datasets() == []


def test_what_is_no_table_is_refused(project):
    """Datasets are tables: a value, a result and a missing key are told apart, and each error says what to do."""
    sv.run(counting, inputs={"flights": frame()}, project=project)
    with pytest.raises(OutputError, match="datasets are tables"):
        project.publish("last/count", "n")
    with pytest.raises(UsageError, match="a dict cannot be published"):
        project.publish({"a": 1}, "n")
    with pytest.raises(UsageError, match="'idd' is no column of the table. Did you mean 'id'"):
        project.publish(frame(), "n", keys=["idd"])
    with pytest.raises(UsageError, match="cannot be a tag"):
        project.publish(frame(), "n", tag="v3")
    with pytest.raises(TypeError, match="descripton"):
        project.publish(frame(), "n", descripton="typo")
    with pytest.raises(NotFound):
        project.publish("last/nothing", "n")
    assert project.datasets() == []


@pytest.mark.slow
def test_processes_that_publish_at_once_get_versions_of_their_own(project):
    """Four processes publish five tables each: every table has one version, and the numbers have no gap."""
    script = (
        "import sys, polars as pl, solvent as sv\n"
        "for n in range(5):\n"
        "    made = sv.open(sys.argv[1]).publish(pl.DataFrame({'n': [int(sys.argv[2]) * 10 + n]}), 'races')\n"
        "    print(made.version)\n"
    )
    project.publish(frame(), "other")  # the catalog is there
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(project.root), str(n)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(4)
    ]  # fmt: skip
    told = [process.communicate() for process in running]
    assert all(process.returncode == 0 for process in running), told
    assert sorted(int(number) for out, _ in told for number in out.split()) == list(range(1, 21))
    assert [one.version for one in datasets.list_versions(project.catalog, "races")] == list(range(20, 0, -1))


@pytest.mark.slow
def test_the_same_table_from_many_processes_is_one_version(project):
    """Whoever comes second finds that the latest version is this table."""
    script = (
        "import sys, polars as pl, solvent as sv\n"
        "made = sv.open(sys.argv[1]).publish(pl.DataFrame({'n': [1]}), 'same')\n"
        "print(made.version, made.new)\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(project.root)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    told = sorted(process.communicate()[0].split() for process in running)
    assert told == [["1", "False"]] * 2 + [["1", "True"]]


# -- by settings -----------------------------------------------------------------------------------------------------


def test_a_step_output_named_in_settings_becomes_the_next_version(project):
    """A run that succeeds publishes; one that changes nothing confirms; a wholly recognised one does so too."""
    asks = {"steps": {"make": {"options": {"publish": "flights"}}}}
    first = sv.run(making, config=asks, project=project)
    again = sv.run(making, config=asks, project=project)
    assert again.reused
    changed = sv.run(making, config=[asks, {"steps": {"make": {"rows": 5}}}], project=project)
    versions = datasets.list_versions(project.catalog, "flights")
    assert [(one.version, one.run, one.step, one.rows) for one in versions] == [
        (2, changed.id, "make", 5),
        (1, first.id, "make", 3),
    ]
    log = datasets.list_events(project.catalog, "flights")
    assert [(one.kind, one.run) for one in log] == [
        ("published", changed.id),
        ("confirmed", again.id),
        ("published", first.id),
    ]


def test_publishing_that_is_asked_for_later_needs_no_work(project):
    """The option is in no key: the result that is there already is published."""
    sv.run(making, project=project)
    again = sv.run(making, config={"steps": {"make": {"options": {"publish": {"value": "flights"}}}}}, project=project)
    assert again.reused and datasets.find_version(project.catalog, "flights").run == again.id


def test_a_run_that_fails_publishes_nothing(project):
    """Only what succeeded whole is published."""
    with pytest.raises(RunFailed):
        sv.run(failing, config={"steps": {"make": {"options": {"publish": "flights"}}}}, project=project)
    assert project.datasets() == []


@sv.step
def fail(table: pl.DataFrame) -> int:
    """Fails."""
    raise ValueError("no")


@sv.pipeline
def failing() -> int:
    """Fails after its table was made."""
    return fail(make())


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"make": {"options": {"publish": "a b"}}}, "'a b' cannot name a dataset"),
        ({"make": {"options": {"publish": {"valeu": "x"}}}}, "no output 'valeu'. Did you mean 'value'"),
        ({"make": {"options": {"publish": 3}}}, "cannot name a dataset|expected the name of a dataset"),
        (
            {"count": {"options": {"publish": "n"}}},
            "steps.count.options.publish: datasets are tables, and it makes int",
        ),
    ],
)
def test_a_publication_that_cannot_be_is_told_before_anything_runs(project, said, error):
    """Bad names, unknown outputs and outputs that are no tables are faults of the settings."""
    with pytest.raises(SettingsError, match=error):
        sv.run(both, config={"steps": said}, project=project)
    assert project.runs() == []


@sv.pipeline
def both() -> int:
    """A table and a number."""
    return count(make())


def test_a_mapped_step_is_not_published(project):
    """A node that makes one table for each item is no dataset."""
    with pytest.raises(SettingsError, match="one table for each item"):
        sv.run(mapped, config={"steps": {"widen": {"options": {"publish": "x"}}}}, project=project)


def test_a_step_says_in_code_what_it_publishes(project):
    """The option works from code, and a bad one is refused where it is written."""

    @sv.pipeline
    def flow() -> pl.DataFrame:
        return make.named("made", publish="flights")()

    sv.run(flow, project=project)
    assert datasets.find_version(project.catalog, "flights").step == "made"
    with pytest.raises(DefinitionError, match="publish: 'x y' cannot name a dataset"):
        make.named("made", publish="x y")


# -- reading ---------------------------------------------------------------------------------------------------------


def test_references_mean_versions_tags_and_the_latest(project, monkeypatch):
    """A name alone is the latest; a number and a tag are what they say; the prefix may be left out."""
    monkeypatch.chdir(project.root)
    project.publish(frame(3), "flights", tag="prod")
    project.publish(frame(4), "flights")
    heights = {
        ref: sv.load(ref).height
        for ref in ("flights", "data:flights", "flights@latest", "flights@v1", "data:flights@v2", "flights@prod")
    }
    assert list(heights.values()) == [4, 4, 4, 3, 4, 3]
    assert sv.load("flights@v1", pl.LazyFrame).collect().equals(frame(3))
    assert project.artifact("flights@v1").facts["rows"] == 3


def test_unknown_names_say_what_there_is(project):
    """A misspelt dataset, a version and a tag that are not there, and references to nothing."""
    with pytest.raises(NotFound, match="nothing was ever recorded"):
        project.load("flights@v1")
    project.publish(frame(3), "flights", tag="prod")
    with pytest.raises(NotFound, match="no dataset 'fligths'. Did you mean 'flights'"):
        project.load("fligths@v1")
    with pytest.raises(NotFound, match=r"no version 'v7'. It has v1, prod \(v1\), latest"):
        project.load("flights@v7")
    with pytest.raises(NotFound, match="no version 'prodd'. Did you mean 'prod'"):
        project.load("data:flights@prodd")
    with pytest.raises(NotFound):
        project.load("flights@v99999999999999999999")
    for bad in ("data:", "data:@v1", "data:flights@", "data:a/b"):
        with pytest.raises(UsageError, match="names no dataset"):
            project.load(bad)


def test_a_name_that_is_a_step_too_must_be_told_apart(project):
    """Where a dataset and a step have one name, the reference has to say which is meant."""
    sv.run(making, project=project)
    project.publish(frame(4), "make")
    with pytest.raises(UsageError, match="write data:make, or last/make"):
        project.load("make")
    assert project.load("data:make").height == 4
    assert project.load("last/make").height == 3
    project.publish(frame(5), "flights")
    sv.run(counting, config={"inputs": {"flights": {"dataset": "flights"}}}, project=project)
    assert project.load("flights").height == 5  # what was read under the name is no other thing


def test_an_input_is_the_version_whose_digest_enters_the_key(project):
    """Pinned, the version stays; else the latest is read, and only a new version makes new work."""
    project.publish(frame(3), "flights")
    latest = {"inputs": {"flights": {"dataset": "flights"}}}
    pinned = {"inputs": {"flights": {"dataset": "flights@v1"}}}
    first = sv.run(counting, config=latest, project=project)
    assert first.value() == 3 and first["inputs/flights"].status == "reused"
    assert sv.run(counting, config=pinned, project=project).reused  # the same rows by another reference
    project.publish(frame(4), "flights")
    assert sv.run(counting, config=latest, project=project).value() == 4
    assert sv.run(counting, config=pinned, project=project).value() == 3
    told = first.record["plan"]["inputs"]["flights"]
    assert (told["dataset"], told["version"], told["pinned"]) == ("flights", 1, False)


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ({"dataset": "fligths"}, "inputs.flights: there is no dataset 'fligths'"),
        ({"dataset": "flights@v9"}, "no version 'v9'"),
        ({"dataset": "flights", "projct": "../x"}, "'projct' was given. Did you mean 'project'"),
        ({"dataset": "flights", "project": "nowhere"}, "there is no folder"),
        ({"dataset": ["a"]}, "dataset: "),
        ({"datset": "flights"}, "'datset' is not a source. Did you mean 'dataset'"),
    ],
)
def test_an_input_that_names_no_dataset_is_a_fault_of_the_settings(project, spec, error):
    """Every fault is told with the input's name before anything runs."""
    project.publish(frame(3), "flights")
    with pytest.raises(SettingsError, match=error):
        sv.run(counting, config={"inputs": {"flights": spec}}, project=project)


def test_a_load_inside_a_step_is_seen(project, monkeypatch):
    """An unpinned load makes the result one that is not reused; a pinned one does not."""
    monkeypatch.chdir(project.root)
    project.publish(frame(3), "flights")
    run = sv.run(peeking, inputs={"start": 1}, project=project)
    assert run.value() == 4 and "flights@latest" in str(run["peek"].notes)
    project.publish(frame(5), "flights")
    assert sv.run(peeking, inputs={"start": 1}, project=project).value() == 6
    first = sv.run(peeking_pinned, inputs={"start": 1}, project=project)
    assert first.value() == 4 and sv.run(peeking_pinned, inputs={"start": 1}, project=project).reused
    steps = {(one.run, one.step, one.asked) for one in list_consumers(project.catalog, "flights")}
    assert (first.id, "peek_pinned", "flights@v1") in steps


def test_rows_that_are_gone_name_the_run_that_can_make_them(project):
    """A version whose bytes were deleted tells which run made it, as a value and as an input, and heals by it."""
    asks = {"steps": {"make": {"rows": 500_000, "options": {"publish": "flights"}}}}  # too much for the catalog itself
    run = sv.run(making, config=asks, project=project)
    for blob in list((project.archive.store.folder / "blobs").rglob("*")):
        if blob.is_file():
            blob.unlink()
            project.archive.lose(blob.name)
    for attempt in (
        lambda: project.load("flights"),
        lambda: sv.run(counting, config={"inputs": {"flights": {"dataset": "flights"}}}, project=project),
    ):
        with pytest.raises(Corrupted, match=rf"flights@v1 .* not all there any more. {run.id}/make made them"):
            attempt()
    sv.run(making, config=asks, project=project)
    assert project.load("flights").height == 500_000
    assert len(datasets.list_versions(project.catalog, "flights")) == 1


# -- other projects --------------------------------------------------------------------------------------------------


@pytest.fixture
def other(tmp_path):
    """Another project with a dataset of its own."""
    folder = tmp_path / "other"
    folder.mkdir()
    made = sv.open(folder)
    made.publish(pl.DataFrame({"id": range(50_000), "x": [n / 7 for n in range(50_000)]}), "flights", tag="prod")
    yield made
    made.close()


def test_a_project_that_shares_the_archive_reads_it(tmp_path):
    """Store and catalog in one place: what one publishes the other loads, and is known as its reader."""
    homes = []
    for name in ("ours", "theirs"):
        folder = tmp_path / name
        folder.mkdir()
        text = 'archive = {store = "../shared/store", catalog = "../shared/catalog.db"}\n'
        (folder / "solvent.toml").write_text(text)
        homes.append(sv.open(folder))
    ours, theirs = homes
    theirs.publish(frame(3), "flights")
    assert ours.load("flights@v1").equals(frame(3))
    run = sv.run(counting, config={"inputs": {"flights": {"dataset": "flights"}}}, project=ours)
    assert run.value() == 3
    known = list_consumers(theirs.catalog, "flights")
    assert {(one.project, one.run) for one in known} == {(str(ours.root), ""), (str(ours.root), run.id)}
    same = {"dataset": "flights", "project": "../theirs"}
    assert sv.run(counting, config={"inputs": {"flights": same}}, project=ours).reused
    for home in homes:
        home.close()


def test_a_dataset_of_another_archive_is_read_and_kept(tmp_path, other):
    """The same digest, bytes that are there when the other archive is gone, and a reader that its owners know."""
    folder = tmp_path / "mine"
    folder.mkdir()
    mine = sv.open(folder)
    asks = {"inputs": {"flights": {"dataset": "flights@prod", "project": "../other"}}}
    run = sv.run(counting, config=asks, project=mine)
    assert run.value() == 50_000
    (version,) = datasets.list_versions(other.catalog, "flights")
    assert run["inputs/flights"].outputs["value"] == version.artifact
    (reader,) = list_consumers(other.catalog, "flights")
    assert (reader.run, reader.pipeline, reader.project, reader.asked) == (
        run.id,
        "counting",
        str(mine.root),
        "flights@prod",
    )
    other.close()
    (other.root / ".solvent").rename(tmp_path / "away")
    assert mine.load(f"#{version.artifact}").height == 50_000
    with pytest.raises(SettingsError, match="nothing was ever recorded"):
        sv.run(counting, config=asks, project=mine)
    (tmp_path / "away").rename(other.root / ".solvent")
    mine.close()


def test_only_new_bytes_are_copied_from_another_archive(tmp_path, other):
    """The next version of a table that shares its blocks costs what is new."""
    from solvent.archive.copying import copy_artifact

    folder = tmp_path / "mine"
    folder.mkdir()
    mine = sv.open(folder)
    (first,) = datasets.list_versions(other.catalog, "flights")
    whole = copy_artifact(first.artifact, other.archive, mine.archive)
    assert whole > 100_000 and copy_artifact(first.artifact, other.archive, mine.archive) == 0
    wider = other.load("flights").with_columns(y=1)
    digest = other.archive.prepare(wider, lambda: [first.artifact])
    with other.catalog.write() as tx:
        from solvent.archive.catalog import write

        write.add_artifact(tx, other.archive.finish(digest), time.time())
    assert copy_artifact(digest.digest, other.archive, mine.archive) < whole / 10
    assert mine.load(f"#{digest.digest}").equals(wider)
    mine.close()


# -- readers and deprecation -----------------------------------------------------------------------------------------


def test_every_read_is_recorded(project, monkeypatch):
    """Loads, inputs of runs and recognised runs: who, from where, which version, and how it was asked for."""
    monkeypatch.chdir(project.root)
    project.publish(frame(3), "flights")
    assert list_consumers(project.catalog, "flights") == []
    for _ in range(3):
        sv.load("flights")
    sv.load("flights@v1")
    asks = {"inputs": {"flights": {"dataset": "flights@v1"}}}
    sv.run(counting, config=asks, project=project)
    again = sv.run(counting, config=asks, project=project)
    found = list_consumers(project.catalog, "flights")
    assert [(one.asked, one.pipeline, one.step, one.run, one.times) for one in found] == [
        ("flights@v1", "counting", "inputs/flights", again.id, 2),
        ("flights@v1", "", "", "", 1),
        ("flights@latest", "", "", "", 3),
    ]
    assert all(one.user and one.host and one.project == str(project.root) for one in found)
    assert len(list_consumers(project.catalog, "flights", each=True)) == 4
    assert list_consumers(project.catalog, "flights", 2) == []


def test_a_plan_reads_nothing(project):
    """To look at what would be done makes nobody a reader."""
    from solvent.engine.planning.plan import Request, make_plan

    project.publish(frame(3), "flights")
    make_plan(Request(counting, [{"inputs": {"flights": {"dataset": "flights"}}}]), project)
    assert list_consumers(project.catalog, "flights") == []


def test_readers_of_a_deprecated_version_are_told_once(project):
    """A warning names the reason and the replacement; the run keeps it; after the day it is an error."""
    project.publish(frame(3), "flights")
    project.publish(frame(4), "flights")
    known = deprecate(project, "flights@v1", "wrong time zone", instead="flights@v2")
    assert known == []
    with pytest.warns(FutureWarning, match="flights@v1 is deprecated: wrong time zone. Use flights@v2."):
        project.load("flights@v1")
    project.load("flights@v1")  # warnings are errors here: a second one would raise
    project.load("flights@v2")
    run = sv.run(counting, config={"inputs": {"flights": {"dataset": "flights@v1"}}}, project=project)
    assert "wrong time zone" in str(run["inputs/flights"].notes)
    deprecate(project, "flights@v1", "wrong time zone", instead="flights@v2", after="2020-01-31")
    with pytest.raises(InputError, match="to be read until 2020-01-31 only: wrong time zone. Use flights@v2"):
        project.load("flights@v1")
    late = {"inputs": {"flights": {"dataset": "flights@v1"}}}
    with pytest.raises(SettingsError, match="2020-01-31"):
        sv.run(counting, config=late, project=project)
    with pytest.warns(FutureWarning, match="2020-01-31"):
        assert project.load("flights@v1", allow_deprecated=True).height == 3
    late["inputs"]["flights"]["allow_deprecated"] = True
    assert sv.run(counting, config=late, project=project).value() == 3


def test_a_deprecated_dataset_lists_its_readers(project):
    """Whoever deprecates sees who reads; the whole dataset can be meant, and it can be taken back."""
    project.publish(frame(3), "old")
    project.publish(frame(3), "new")
    project.load("old")
    (reader,) = deprecate(project, "old", "renamed", instead="new", after="2999-12-31")
    assert reader.asked == "old@latest" and reader.times == 1
    with pytest.warns(FutureWarning, match="dataset 'old' is deprecated, and can be read until 2999-12-31: renamed"):
        project.load("old@v1")
    deprecate(project, "old", None)
    project.load("old")
    assert datasets.list_deprecations(project.catalog, "old") == []


def test_a_deprecation_that_cannot_be_meant_is_refused(project):
    """The replacement has to be there and not itself what goes; the day has to be a day."""
    project.publish(frame(3), "old")
    for said, error in (
        ({"instead": "nothing@v1"}, "no dataset 'nothing'"),
        ({"instead": "old@v1"}, "cannot be replaced by itself"),
        ({"after": "tomorrow"}, "expected a day as in 2030-01-31, got 'tomorrow'"),
    ):
        with pytest.raises((UsageError, NotFound), match=error):
            deprecate(project, "old@v1", "why", **said)
    with pytest.raises(UsageError, match="say why"):
        deprecate(project, "old", "  ")
    with pytest.raises(NotFound, match="is not deprecated"):
        deprecate(project, "old", None)


def test_warnings_reach_a_program_without_filters(project):
    """A script that loads a deprecated version sees the warning on its standard error, once."""
    project.publish(frame(3), "flights")
    deprecate(project, "flights", "gone soon", instead=None)
    script = textwrap.dedent("""
        import solvent as sv
        for _ in range(3):
            sv.load("flights")
    """)
    done = subprocess.run([sys.executable, "-c", script], cwd=project.root, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr.count("FutureWarning") == 1
    assert "the dataset 'flights' is deprecated: gone soon." in done.stderr


@pytest.mark.parametrize("name", ["latest", "v3"])
def test_a_word_that_means_a_version_names_no_dataset(project, name):
    """`flights@latest` would be as good as `latest@latest`; in a step's options it is refused as well."""
    with pytest.raises(UsageError, match=f"'{name}' cannot name a dataset: it already means a version"):
        project.publish(pl.DataFrame({"a": [1]}), name)
    with pytest.raises(sv.errors.DefinitionError, match="already means a version"):
        sv.step(publish=name)(lambda rows: rows)


def test_frames_that_are_handed_over_share_with_what_was_there_before(project):
    """Published or as an input of a run: a version with one more column, or some rows more, stores little more."""
    rows = pl.DataFrame({"id": range(100_000)}).with_columns(x=pl.col("id").hash(1), y=pl.col("id").hash(2))
    more = pl.concat([rows, rows.head(500).with_columns(pl.col("id") + 10**6)])

    def cost(work):
        before = sum(one.stat().st_size for one in project.archive.store.folder.rglob("*") if one.is_file())
        work()
        return sum(one.stat().st_size for one in project.archive.store.folder.rglob("*") if one.is_file()) - before

    first = cost(lambda: project.publish(rows, "shared"))
    assert cost(lambda: project.publish(more, "shared")) < 0.5 * first
    assert cost(lambda: project.publish(rows.with_columns(z=pl.lit(1)), "shared")) < 0.2 * first
    assert project.load("shared@v2").equals(more)

    @sv.pipeline
    def counted(t: pl.DataFrame) -> int:
        return count_rows(t)

    other = rows.with_columns(x=pl.col("id").hash(3))
    first = cost(lambda: sv.run(counted, inputs={"t": other}, project=project))
    again = other.with_columns(z=pl.lit(1))
    assert cost(lambda: sv.run(counted, inputs={"t": again}, project=project)) < 0.2 * first


@sv.step
def count_rows(t: pl.DataFrame) -> int:
    """How many."""
    return t.height


def test_damage_to_what_was_published_from_outside_is_told_by_its_version(project, capsys, monkeypatch):
    """No pipeline heals it: it has to be published again."""
    from solvent.faces.cli import main

    project.publish(pl.DataFrame({"a": range(200_000)}).with_columns(b=pl.col("a").hash(1)), "outside")
    for name in list(project.archive.store.names()):
        file = project.archive.store.folder / "blobs" / name[:2] / name
        file.chmod(0o644)
        file.write_bytes(b"x" + file.read_bytes()[1:])
    monkeypatch.chdir(project.root)
    monkeypatch.setattr("sys.argv", ["solvent", "verify", "--deep"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().out
    assert ended.value.code == 1 and "needed by outside@v1" in told and "publish again" in told


def test_a_dataset_of_nearly_that_name_is_pointed_at(project):
    """Where no step has the name that was asked for."""
    project.publish(pl.DataFrame({"a": [1]}), "pairs")
    with pytest.raises(NotFound, match=r"has a step 'pair'\. Did you mean 'pairs'\? \(a dataset\)"):
        project.load("pair")
