"""Asking the records: why a step ran, what led to what, and whether the archive is whole."""

from __future__ import annotations

import apsw
import pytest

import solvent as sv


@sv.step
def numbers(start: int, *, count: int = 3) -> list[int]:
    """Count."""
    return list(range(start, start + count))


@sv.step
def total(rows: list[int]) -> int:
    """Add up."""
    return sum(rows)


@sv.step
def blob(n: int) -> bytes:
    """Bytes that do not fit into the catalog."""
    return bytes(100_000 + n)


@sv.pipeline
def flow(start: int) -> bytes:
    """Three steps."""
    return blob(total(numbers(start)))


def test_why_says_first_time_then_reused(tmp_path):
    """The first run of a step is the first time; a reused one names the run that it comes from."""
    first = sv.run(flow, inputs={"start": 1}, project=tmp_path)
    project = sv.open(tmp_path)
    assert "no run before it finished this step" in project.why("total").verdict
    sv.run(flow, inputs={"start": 1}, set={"steps.numbers.count": 3}, project=tmp_path)
    why = project.why("last/total")
    assert why.status == "reused" and first.id in why.verdict


def test_why_names_the_setting_with_both_origins(tmp_path):
    """A changed setting is shown with both values and where each comes from."""
    sv.run(flow, inputs={"start": 1}, project=tmp_path)
    sv.run(flow, inputs={"start": 1}, set={"steps.numbers.count": 5}, project=tmp_path)
    (change,) = sv.open(tmp_path).why("numbers").changes
    assert change.kind == "setting" and change.name == "count"
    assert change.text == "3 (signature) → 5 (--set)"


def test_why_names_the_input_that_changed(tmp_path):
    """A changed input is shown with both digests; an unchanged one is not."""
    sv.run(flow, inputs={"start": 1}, project=tmp_path)
    sv.run(flow, inputs={"start": 2}, project=tmp_path)
    (change,) = sv.open(tmp_path).why("total").changes
    assert change.kind == "input" and change.name == "rows" and "→" in change.text


def test_lineage_goes_both_ways(tmp_path):
    """Upstream of the last step is everything, downstream of the input is everything."""
    run = sv.run(flow, inputs={"start": 1}, project=tmp_path)
    project = sv.open(tmp_path)
    up = project.lineage("blob")
    assert {place.name for place in up.places.values()} == {"inputs/start", "numbers", "total", "blob"}
    down = project.lineage("inputs/start", "down")
    assert {place.name for place in down.places.values()} == {"inputs/start", "numbers", "total", "blob"}
    by_digest = project.lineage("#" + run["total"].outputs["value"][:10])
    assert {place.name for place in by_digest.places.values()} == {"inputs/start", "numbers", "total"}


@sv.step
def scaled(n: int, *, by: int) -> int:
    """One item."""
    return n * by


@sv.step
def summed(ns: list[int]) -> int:
    """Add up."""
    return sum(ns)


@sv.step
def enough(n: int) -> bool:
    """A flag."""
    return n > 0


@sv.pipeline
def spread(start: int) -> int:
    """A setting that comes from a step, items of their own, and a flag."""
    factor = total.named("factor")(numbers.named("few")(start))
    made = scaled.map(numbers(start), by=factor)
    return sv.when(enough(factor), summed, made)


def test_lineage_knows_settings_items_and_flags(tmp_path):
    """Each is followed like data: a setting that comes from a step, an item's own step run, the flag of a `when`."""
    run = sv.run(spread, inputs={"start": 1}, project=tmp_path)
    project = sv.open(tmp_path)
    items = {f"scaled[{one}]" for one in run["scaled"].items}
    everything = {"inputs/start", "few", "factor", "numbers", "scaled", "enough", "summed", *items}
    for _ in range(2):
        up, down = project.lineage("last/summed"), project.lineage("last/inputs/start", "down")
        assert {place.name for place in up.places.values()} == everything
        assert {place.name for place in down.places.values()} == everything
        one = project.lineage(f"last/scaled[{next(iter(run['scaled'].items))}]")
        assert {place.name for place in one.places.values()} > {"numbers", "factor", "few"}
        assert {link.parameter for link in one.links} == {"setting:by", "n", "rows", "start"}
        assert set(run["summed"].inputs) == {"ns"} and set(run["scaled"].inputs) == {"n"}
        sv.run(spread, inputs={"start": 1}, config={"steps": {"summed": {}}}, project=tmp_path, rerun="summed")


def test_verify_finds_every_flipped_bit_and_a_run_heals_it(tmp_path):
    """A damaged blob is found by a deep check, named with the step that needs it, and made anew."""
    sv.run(flow, inputs={"start": 1}, project=tmp_path)
    project = sv.open(tmp_path)
    assert project.verify(deep=True).faults == ()
    (name,) = project.archive.store.names()
    file = project.archive.store.folder / "blobs" / name[:2] / name
    file.chmod(0o644)
    data = bytearray(file.read_bytes())
    data[5] ^= 4
    file.write_bytes(data)
    assert project.verify().faults == ()
    (fault,) = project.verify(deep=True).faults
    assert fault.blob == name and "flow-1/blob" in fault.needed_by
    assert sv.run(flow, inputs={"start": 1}, project=tmp_path).value() == bytes(100_006)
    assert project.verify(deep=True).faults == ()


@sv.step
def words() -> str:
    """Text that lies in the catalog."""
    return "abcdefgh"


@sv.step
def limits() -> dict[str, int]:
    """Numbers that lie in the catalog."""
    return {"threshold": 1234567}


@sv.step
def using(text: str, numbers: dict[str, int], *, k: int = 0) -> str:
    """Both."""
    return f"{text} {numbers['threshold']}{k or ''}"


@sv.pipeline
def small() -> str:
    """Nothing of this is a blob."""
    return using(words(), limits())


@pytest.mark.parametrize(
    ("good", "bad"), [(b"abcdefgh", b"`bcdefgh"), (b"1234567", b"12345x7"), (b"1234567", b"1234568")]
)
def test_a_value_in_the_catalog_is_verified_like_any_other(tmp_path, good, bad):
    """A flipped bit is found by a deep check, is never loaded, and a run makes the value anew."""
    assert sv.run(small, project=tmp_path).value() == "abcdefgh 1234567"
    sv.open(tmp_path).catalog.checkpoint()
    sv.open(tmp_path).catalog.close()
    name = "words" if good == b"abcdefgh" else "limits"

    def damage():
        other = apsw.Connection(str(tmp_path / ".solvent" / "catalog.db"))
        other.execute("UPDATE artifacts SET body = replace(body, ?, ?)", (good.decode(), bad.decode()))
        other.close()

    damage()
    project = sv.open(tmp_path)
    assert project.verify().faults == ()
    with pytest.raises(sv.errors.Corrupted, match="damaged, and was not loaded. Run the pipeline again"):
        project.load(name)
    with pytest.raises(sv.errors.Corrupted):
        project.load(name)
    assert any(f"small-1/{name}" in fault.needed_by for fault in project.verify(deep=True).faults)
    again = sv.run(small, project=tmp_path, set={"steps.using.k": 2})
    assert again.value() == "abcdefgh 12345672" and again[name].status == "ran"
    assert project.load(name) is not None
    damage()
    third = sv.run(small, project=tmp_path, set={"steps.using.k": 3})
    assert third.value() == "abcdefgh 12345673"


def test_verify_says_that_the_catalog_itself_is_damaged(tmp_path):
    """Pages that were overwritten are one clear error, not a clean bill."""
    for number in range(30):
        sv.run(flow, inputs={"start": number}, project=tmp_path)
    project = sv.open(tmp_path)
    project.catalog.checkpoint()
    project.catalog.close()
    file = tmp_path / ".solvent" / "catalog.db"
    with file.open("r+b") as pages:
        pages.seek(8192)
        pages.write(b"\xff" * 20_000)
    for deep in (False, True):
        with pytest.raises(sv.errors.Corrupted, match="the catalog .* is damaged"):
            sv.open(tmp_path).verify(deep=deep)


def test_references_find_steps_and_say_what_is_near(tmp_path):
    """RUN/STEP, STEP, and #DIGEST are understood; what is not there gets a hint."""
    run = sv.run(flow, inputs={"start": 1}, project=tmp_path)
    project = sv.open(tmp_path)
    assert project.load(f"{run.id}/total") == 6
    assert project.load("flow/total") == 6
    assert project.load("last/total.value") == 6
    assert project.load("total") == 6
    assert project.load("#" + run["total"].outputs["value"][:12]) == 6
    for wrong, words in (
        ("flow/totl", "Did you mean"),
        ("nothing", "no run"),
        ("#12", "too short"),
        ("[", "no reference"),
    ):
        with pytest.raises(sv.SolventError, match=words):
            project.load(wrong)
    with pytest.raises(sv.SolventError, match="The last is flow-1"):
        project.run("elsewhere")


@sv.pipeline
def inner(start: int, *, many: int = 2) -> list[int]:
    """Hands a setting on."""
    return numbers(start, count=many)


@sv.pipeline
def outer(start: int, *, most: int = 2) -> list[int]:
    """Hands it on to a pipeline."""
    numbers.named("own")(start, count=5)
    return inner(start, many=most)


def test_a_setting_that_is_handed_on_says_where_it_comes_from(tmp_path):
    """Through one pipeline and through two; what stands in the code is told as such."""
    for value in (11, 12):
        (tmp_path / "base.yaml").write_text(f"settings:\n  most: {value}\n")
        sv.run(outer, config=tmp_path / "base.yaml", inputs={"start": 1}, project=tmp_path)
    project = sv.open(tmp_path)
    (change,) = project.why("inner/numbers").changes
    origin = "(steps.inner.many, settings.most, base.yaml:2)"
    assert (change.name, change.text) == ("count", f"11 {origin} → 12 {origin}")
    assert project.run("last")["own"].settings["count"]["origin"] == "code"
