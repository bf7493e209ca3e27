"""Objects of a real S3 store are found by one listing and read like files; a store that fails is named."""

from __future__ import annotations

import io
import json

import polars as pl
import pytest

from solvent.config import Secret
from solvent.data.sources import open_source
from solvent.errors import InputError


def _parquet(frame):
    made = io.BytesIO()
    frame.write_parquet(made)
    return made.getvalue()


@pytest.fixture(autouse=True)
def project(tmp_path):
    """Copies lie in a project of each test's own."""
    (tmp_path / ".solvent").mkdir()


@pytest.fixture
def flights(store):
    """A bucket with files by year, and what tools leave beside them."""
    for year in (2013, 2014):
        for month in (1, 2):
            frame = pl.DataFrame({"month": [month] * 3, "delay": [1.5, None, float(year)]})
            store.put(f"flights/year={year}/{month}.parquet", _parquet(frame))
    store.put("flights/_SUCCESS", b"")
    store.put("flights/readme.txt", b"hello")
    store.put("flights/odd name ä[1].csv", b"a\n1\n")
    return store


def _open(store, root, key, **options):
    return open_source({"files": f"s3://{store.name}/{key}", **store.options, **options}, root)


@pytest.mark.slow
def test_a_pattern_finds_objects_with_what_their_folders_say(flights, tmp_path):
    """A star stays within a folder, two do not; folders give columns; the order is that of the names."""
    for key in ("flights/*/*.parquet", "flights/**/*.parquet", "flights/year=201[34]/?.parquet", "**/[12].parquet"):
        found = _open(flights, tmp_path, key).read(pl.DataFrame)
        assert found.shape == (12, 3)
        assert found["year"].to_list() == [2013] * 6 + [2014] * 6
        assert found["month"].to_list()[:6] == [1] * 3 + [2] * 3
    assert _open(flights, tmp_path, "flights/year=2013/").read(pl.DataFrame).height == 6
    assert _open(flights, tmp_path, "flights/odd name ä[[]1].csv").read(pl.DataFrame).height == 1
    assert _open(flights, tmp_path, "flights/readme.txt").read(str) == "hello"


@pytest.mark.slow
def test_the_version_is_of_the_listing_and_a_change_is_noticed(flights, tmp_path):
    """A new object, or new content under the same name and length, is another version; nothing else is read anew."""
    source = _open(flights, tmp_path, "flights/*/*.parquet")
    before = source.version()
    first = source.survey()
    flights.put("flights/year=2013/1.parquet", _parquet(pl.DataFrame({"month": [1] * 3, "delay": [2.5, None, 2013.0]})))
    assert source.version() != before is not None
    second = source.survey(first.to_json())
    changed = [new.label for old, new in zip(first.parts, second.parts, strict=True) if old.version != new.version]
    assert changed == [f"s3://{flights.name}/flights/year=2013/1.parquet"]
    with pytest.raises(InputError, match="changed while it was read"):
        source.frame(first)


@pytest.mark.slow
def test_an_object_that_changes_after_the_listing_is_no_mix(flights, tmp_path):
    """It is asked for under the condition that it is the one that was listed."""
    source = _open(flights, tmp_path, "flights/odd name ä[[]1].csv")
    found = source._finder.find()
    flights.put("flights/odd name ä[1].csv", b"a\n2\n")
    with pytest.raises(InputError, match="changed while it was read"):
        found[0].open()
    assert source._finder.find()[0].open().read_bytes() == b"a\n2\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "options", "said"),
    [
        ("flights/nope.csv", {}, "is no object, and no pattern that fits one"),
        ("flights/readm.txt", {}, "Did you mean 'flights/readme.txt'"),
        ("nope/*.csv", {}, "There is nothing below|Below"),
        ("flights/readme.txt", {"secret_key": "wrong-secret"}, "the store does not let you"),
        ("flights/readme.txt", {"account": "x"}, "account: s3:// knows no such option"),
    ],
)
def test_what_is_wrong_is_named(flights, tmp_path, key, options, said):
    """Each mistake has one error, without a key."""
    with pytest.raises(InputError, match=said) as raised:
        _open(flights, tmp_path, key, **options).read(str)
    assert "wrong-secret" not in str(raised.value)
    assert flights.keys["secret_key"] not in str(raised.value)


@pytest.mark.slow
def test_a_bucket_that_is_not_there_is_named(store, tmp_path):
    """Not taken for an empty one."""
    spec = {"files": "s3://no-such-bucket/*.csv", **store.options}
    with pytest.raises(InputError, match="s3://no-such-bucket.*no such bucket"):
        open_source(spec, tmp_path).version()


@pytest.mark.slow
def test_keys_are_secrets_and_are_described_as_references(flights, tmp_path):
    """Plain ones are not described at all."""
    secret = Secret("${secret:S3}", {"S3": flights.keys["secret_key"]}.__getitem__)
    source = _open(flights, tmp_path, "flights/readme.txt", secret_key=secret)
    assert source.read(bytes) == b"hello"
    told = json.dumps(source.describe())
    assert "${secret:S3}" in told
    assert flights.keys["secret_key"] not in told
    assert flights.keys["access_key"] not in told


def test_a_store_that_answers_503_is_one_error(web, tmp_path):
    """After as many attempts as are allowed; with the address, and the answer."""
    web.before = lambda handler: web.say(handler, 503)
    keys = {"access_key": "a", "secret_key": "not-shown", "endpoint": web.url}
    with pytest.raises(InputError, match=r"s3://b/x.csv: the store answers 503, tried 2 times") as raised:
        open_source({"files": "s3://b/x.csv", "attempts": 2, **keys}, tmp_path).version()
    assert len(web.requests) == 2
    assert "not-shown" not in str(raised.value)


def test_a_store_that_recovers_is_read(web, tmp_path):
    """Busy once at the listing, once at the object, which then breaks in the middle."""
    body = b"a\n" + b"1\n" * 1_000_000
    web.files["/b/x.csv"] = body
    steps = []

    def before(handler):
        steps.append(handler.command)
        if len(steps) in (1, 3):
            return web.say(handler, 503)
        if len(steps) == 4:
            web.answer(handler, most=1_000_000)
            return True
        return False

    web.before = before
    keys = {"access_key": "a", "secret_key": "b", "endpoint": web.url}
    found = open_source({"files": "s3://b/x.csv", **keys}, tmp_path).read(bytes)
    assert found == body
    ranges = [headers.get("range") or headers.get("Range") for how, _, headers in web.requests if how == "GET"]
    assert ranges[-1] is not None


@pytest.mark.parametrize("pattern", ["s3://", "s3:///x.csv", "s3://b*/x.csv", "gs://*"])
def test_a_pattern_without_a_bucket_is_named(tmp_path, pattern):
    """Before anybody is asked."""
    with pytest.raises(InputError, match="expected s3://bucket/path|expected gs://bucket/path"):
        open_source({"files": pattern, "attempts": 1}, tmp_path).version()
