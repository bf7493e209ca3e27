"""A password goes to the server and nowhere else."""

from __future__ import annotations

import json

import polars as pl
import pytest

from solvent.config import Secret
from solvent.data.sources import open_source
from solvent.data.sources.database.address import Address
from solvent.errors import InputError

HUSH = "hu sh/@:%"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("postgresql://u:pw@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:p@w/x@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u@h/d?password=x&sslmode=require", "postgresql://u@h/d?password=***&sslmode=require"),
        ("postgres+psycopg://u@h/d", "postgres+psycopg://u@h/d"),
        ("sqlite:///a@b:c.db", "sqlite:///a@b:c.db"),
    ],
)
def test_an_address_is_shown_without_its_password(tmp_path, said, shown):
    """Whatever signs the password has."""
    assert Address(said, tmp_path).shown == shown


def test_an_address_that_is_a_secret_is_shown_as_its_reference(tmp_path):
    """The kind of the database is known even where the whole address is secret."""
    part = Address(Secret("postgresql://u:${secret:PW}@h/d", {"PW": HUSH}.__getitem__), tmp_path)
    whole = Address(Secret("${secret:DB}", {"DB": f"postgresql://u:{HUSH}@h/d"}.__getitem__), tmp_path)
    assert (part.shown, whole.shown) == ("postgresql://u:${secret:PW}@h/d", "${secret:DB}")
    assert part.kind == whole.kind == "postgresql"
    for one in (part, whole):
        assert HUSH not in one.clean(f'could not read "{one.reveal()}" or "{HUSH[:4]}" or {HUSH}')


@pytest.mark.parametrize("address", ["mysql://u:hush@h/d", "u:hush@h/d", "sqlite://hush", "postgresql://u:hu%zzsh@h/d"])
def test_an_address_that_cannot_be_read_does_not_show_its_password(tmp_path, address):
    """Not even in the error that says so."""
    with pytest.raises(InputError) as raised:
        open_source({"database": address, "table": "t"}, tmp_path).read(pl.DataFrame)
    assert "***" in str(raised.value) or "hush" not in str(raised.value) or address.startswith("sqlite")
    assert "hu%zz" not in str(raised.value)


def test_nothing_that_is_recorded_holds_the_password(postgres, shop, tmp_path):
    """Description, what was found, and every error, with a right and with a wrong password."""
    postgres.sql("CREATE TABLE t (a int)", shop)
    secret = Secret(postgres.url(shop).replace("s3cr%26t%2Fpass%20word", "${secret:PW}"),
                    {"PW": "s3cr%26t%2Fpass%20word"}.__getitem__)  # fmt: skip
    for address in (postgres.url(shop), secret):
        source = open_source({"database": address, "table": "t"}, tmp_path)
        told = json.dumps([source.describe(), source.found(), source.version()])
        with pytest.raises(InputError) as raised:
            open_source({"database": address, "query": "SELECT nope FROM t"}, tmp_path).read(pl.DataFrame)
        told += str(raised.value) + repr(raised.value.__cause__) + repr(source.__dict__)
        assert "s3cr" not in told
    with pytest.raises(InputError, match=r"password authentication failed.*Check the user") as raised:
        wrong = postgres.url(shop, password="wr0ng pass")
        open_source({"database": wrong, "table": "t"}, tmp_path).read(pl.DataFrame)
    assert "wr0ng" not in str(raised.value)


def test_a_parameter_can_be_a_secret(postgres, shop, tmp_path):
    """It is bound, and described as its reference."""
    secret = Secret("${secret:WHO}", {"WHO": "ann"}.__getitem__)
    source = open_source(
        {"database": postgres.url(shop), "query": "SELECT $who AS who", "params": {"who": secret}}, tmp_path
    )
    assert source.read(pl.DataFrame)["who"].to_list() == ["ann"]
    assert source.describe()["params"] == {"who": "${secret:WHO}"}
