"""What lies at URLs is read whole and unchanged, or not at all; nothing but the web is asked."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from pathlib import Path

import polars as pl
import pytest

from solvent.config import Secret
from solvent.data.sources import open_source
from solvent.errors import InputError

CSV = b"id,name\n" + b"".join(b"%d,name %d\n" % (n, n) for n in range(20_000))


@pytest.fixture
def root(tmp_path):
    """A project's root."""
    (tmp_path / ".solvent").mkdir()
    return tmp_path


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    """No long pauses between attempts."""
    monkeypatch.setattr("solvent.data.sources.remote.fetching.random.uniform", lambda low, high: 0.01)


def _times(count, act):
    """Do this for the first GETs, and then what is usual."""
    left = [count]

    def before(handler):
        if handler.command != "GET" or not left[0]:
            return False
        left[0] -= 1
        act(handler)
        return True

    return before


def test_a_page_is_a_table_and_is_read_once(web, root):
    """It is copied when it is first read; another reading of the same version asks for its head alone."""
    web.files["/x.csv"] = CSV
    for _ in range(2):
        assert open_source({"url": f"{web.url}/x.csv"}, root).read(pl.DataFrame).shape == (20_000, 2)
    assert len(web.asked("GET")) == 1
    kept = list((root / ".solvent" / "cache" / "remote").rglob("x.csv"))
    assert len(kept) == 1
    assert kept[0].read_bytes() == CSV


def test_pages_in_a_list_are_one_table(web, root):
    """Formats may differ; folders that say a value do so here, too."""
    web.files["/year=2013/a.csv"] = b"id,x\n1,0.5\n"
    web.files["/year=2014/a.json"] = b'[{"id": 2, "x": 1.5}]'
    urls = [f"{web.url}/year=2014/a.json", f"{web.url}/year=2013/a.csv"]
    found = open_source({"url": urls}, root).read(pl.DataFrame)
    assert found.sort("id").rows() == [(1, 0.5, 2013), (2, 1.5, 2014)]


@pytest.mark.parametrize("wanted", [str, bytes, Path, list[Path], dict])
def test_a_page_can_be_read_as_what_a_parameter_asks(web, root, wanted):
    """As text, bytes, a path or a JSON value, like any file."""
    web.files["/x.json"] = b'{"a": 1}'
    found = open_source({"url": f"{web.url}/x.json"}, root).read(wanted)
    text = {
        str: lambda: found,
        bytes: lambda: found.decode(),
        Path: lambda: found.read_text(),
        list[Path]: lambda: found[0].read_text(),
        dict: lambda: json.dumps(found),
    }[wanted]()
    assert json.loads(text) == {"a": 1}


def test_the_version_is_what_the_server_says_of_the_content(web, root):
    """An ETag; else the time of the last change; else nothing, and then each source reads it once."""
    web.files["/x.csv"] = CSV
    source = open_source({"url": f"{web.url}/x.csv"}, root)
    tagged = source.version()
    web.headers = {"ETag": None}
    dated = source.version()
    web.headers = {"ETag": None, "Last-Modified": None}
    assert tagged is not None
    assert dated is not None
    assert tagged != dated
    assert source.version() is None
    assert source.read(pl.DataFrame).height == 20_000
    assert source.read(pl.LazyFrame).select(pl.len()).collect().item() == 20_000
    assert len(web.asked("GET")) == 1
    web.headers = {"ETag": None, "Date": None}
    web.headers["Last-Modified"] = __import__("email.utils").utils.formatdate(usegmt=True)
    assert source.version() is None  # it changed within the clock's tick


def test_a_server_without_heads_is_read_all_the_same(web, root):
    """One that refuses HEAD has no cheap version."""
    web.files["/x.csv"] = CSV
    web.before = lambda handler: handler.command == "HEAD" and web.say(handler, 405)
    source = open_source({"url": f"{web.url}/x.csv"}, root)
    assert source.version() is None
    assert source.read(pl.DataFrame).height == 20_000


def test_a_busy_server_is_asked_again(web, root):
    """Two times 503, and then the rows."""
    web.files["/x.csv"] = CSV
    web.before = _times(2, lambda handler: web.say(handler, 503, Retry_After="0"))
    assert open_source({"url": f"{web.url}/x.csv"}, root).read(pl.DataFrame).height == 20_000
    assert len(web.asked("GET")) == 3


def test_a_server_that_stays_busy_is_one_error(web, root):
    """It names the address, the answer, and how often it was asked."""
    web.files["/x.csv"] = CSV
    web.before = _times(100, lambda handler: web.say(handler, 503))
    with pytest.raises(InputError, match=rf"{web.url}/x.csv: the server answers 503 .*tried 3 times.*attempts: 6"):
        open_source({"url": f"{web.url}/x.csv", "attempts": 3}, root).read(pl.DataFrame)
    assert len(web.asked("GET")) == 3
    assert not list((root / ".solvent").rglob("x.csv"))


def test_a_connection_that_breaks_is_taken_up_where_it_broke(web, root):
    """What came is not asked for again; attempts count only where nothing comes."""
    web.files["/x.csv"] = CSV
    web.before = _times(6, lambda handler: web.answer(handler, most=40_000))
    found = open_source({"url": f"{web.url}/x.csv", "attempts": 2}, root).read(pl.DataFrame)
    assert found.height == 20_000
    ranges = [headers.get("Range") for how, _, headers in web.requests if how == "GET"]
    assert ranges[:3] == [None, "bytes=40000-", "bytes=80000-"]


def test_without_a_tag_a_broken_connection_begins_anew(web, root):
    """Nothing would tell whether the rest belongs to the same file."""
    web.files["/x.csv"] = CSV
    web.headers = {"ETag": 'W/"weak"'}
    web.before = _times(2, lambda handler: web.answer(handler, most=40_000))
    assert open_source({"url": f"{web.url}/x.csv"}, root).read(pl.DataFrame).height == 20_000
    assert {headers.get("Range") for _, _, headers in web.requests} == {None}


def test_a_page_that_changes_between_two_pieces_is_no_mix(web, root):
    """The rest is asked for under the condition that it is still the same."""
    web.files["/x.csv"] = CSV

    def change(handler):
        web.answer(handler, most=40_000)
        web.files["/x.csv"] = CSV.replace(b"name", b"NAME")

    web.before = _times(1, change)
    with pytest.raises(InputError, match="changed while it was read"):
        open_source({"url": f"{web.url}/x.csv"}, root).read(pl.DataFrame)
    web.before = lambda handler: False
    found = open_source({"url": f"{web.url}/x.csv"}, root).read(pl.DataFrame)
    assert found.columns == ["id", "NAME"]


@pytest.mark.parametrize("headers", [{}, {"ETag": None}, {"ETag": 'W/"x"', "Last-Modified": None}])
def test_a_page_that_changes_after_it_was_found_is_an_error(web, root, headers):
    """Whatever the server tells of the content."""
    web.files["/x.csv"] = CSV
    web.headers = headers

    def change(handler):
        web.files["/x.csv"] = CSV + b"1,new\n"
        web.answer(handler)

    web.before = _times(100, change)
    with pytest.raises(InputError, match="changed while it was read"):
        open_source({"url": f"{web.url}/x.csv"}, root).read(pl.DataFrame)


def test_what_is_not_what_was_sent_is_asked_for_again(web, root):
    """Content-MD5 is checked; where it stays wrong, there is an error."""
    web.files["/x.csv"] = CSV
    web.headers = {"Content-MD5": base64.b64encode(hashlib.md5(CSV, usedforsecurity=False).digest()).decode()}

    def spoil(handler):
        web.files["/x.csv"] = CSV[:-2] + b"X\n"
        web.headers["ETag"] = '"same"'
        web.answer(handler)
        web.files["/x.csv"] = CSV

    web.headers["ETag"] = '"same"'
    web.before = _times(1, spoil)
    assert open_source({"url": f"{web.url}/x.csv"}, root).read(pl.DataFrame)["name"][-1] == "name 19999"
    web.headers["ETag"] = '"other"'
    web.headers["Content-MD5"] = base64.b64encode(bytes(16)).decode()
    with pytest.raises(InputError, match="what came is not what the server says it sent, 2 times"):
        open_source({"url": f"{web.url}/x.csv", "attempts": 2}, root).read(pl.DataFrame)


def test_a_silent_server_is_not_waited_for_for_ever(web, root):
    """The time is an option."""
    web.files["/x.csv"] = CSV
    held = threading.Event()
    web.before = lambda handler: held.wait(30) and False
    try:
        with pytest.raises(InputError, match=r"the server is silent, tried once"):
            open_source({"url": f"{web.url}/x.csv", "attempts": 1, "timeout": 0.2}, root).read(pl.DataFrame)
    finally:
        held.set()


@pytest.mark.parametrize(
    ("status", "said"), [(404, "there is nothing. Check the address"), (403, "Say who asks"), (418, "answers 418")]
)
def test_what_will_not_pass_is_not_tried_again(web, root, status, said):
    """One request, one error."""
    web.before = lambda handler: handler.command == "GET" and web.say(handler, status)
    web.files["/x.csv"] = CSV
    with pytest.raises(InputError, match=said):
        open_source({"url": f"{web.url}/x.csv"}, root).read(pl.DataFrame)
    assert len(web.asked("GET")) == 1


def test_a_server_that_is_not_there_is_named(web, root):
    """With its address."""
    web.server.server_close()
    with pytest.raises(InputError, match=rf"{web.url}/x.csv: no connection .*tried 2 times"):
        open_source({"url": f"{web.url}/x.csv", "attempts": 2}, root).read(pl.DataFrame)


@pytest.mark.parametrize("place", ["file:///1.csv", "ftp://127.0.0.1/x.csv", "data:text/csv,a,b"])
def test_a_redirect_leads_nowhere_but_to_the_web(web, root, place):
    """Not to a file of this machine."""
    web.before = lambda handler: web.say(handler, 302, Location=place)
    with pytest.raises(InputError, match="leads on to .* which is not followed"):
        open_source({"url": f"{web.url}/x.csv"}, root).read(pl.DataFrame)


def test_redirects_are_followed_a_few_times(web, root):
    """One that goes in a circle ends in an error."""
    web.files["/there.csv"] = CSV
    web.before = lambda handler: handler.path == "/x.csv" and web.say(handler, 307, Location="/there.csv")
    assert open_source({"url": f"{web.url}/x.csv"}, root).read(pl.DataFrame).height == 20_000
    web.before = lambda handler: web.say(handler, 302, Location=handler.path + "x")
    with pytest.raises(InputError, match="from place to place"):
        open_source({"url": f"{web.url}/x.csv"}, root).read(pl.DataFrame)


def test_secrets_go_to_the_server_that_is_named_and_nowhere_else(web, root, monkeypatch):
    """They are sent; they are in no description or error; and a redirect to another server does not get them."""
    web.files["/x.csv"] = CSV
    token = Secret("Bearer ${secret:TOKEN}", {"TOKEN": "hush-hush"}.__getitem__)
    spec = {"url": f"{web.url}/x.csv?sig=hush-sig", "headers": {"Authorization": token, "X-Key": "hush-key"}}
    source = open_source(spec, root)
    assert source.read(pl.DataFrame).height == 20_000
    sent = web.requests[0][2]
    assert (sent["Authorization"], sent["X-Key"]) == ("Bearer hush-hush", "hush-key")
    told = json.dumps([source.describe(), source.found()])
    assert "hush" not in told
    assert "${secret:TOKEN}" in told
    web.before = lambda handler: web.say(handler, 500, Reason="hush-hush")
    with pytest.raises(InputError) as raised:
        open_source({**spec, "attempts": 1}, root).read(pl.DataFrame)
    assert "hush" not in str(raised.value)

    web.before = lambda handler: (
        "127.0.0.1" in handler.headers["Host"]
        and web.say(handler, 302, Location=f"http://localhost:{web.server.server_port}/x.csv")
    )
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    web.requests.clear()
    open_source(spec, root).version()
    away = [headers for _, _, headers in web.requests if headers["Host"].startswith("localhost")]
    assert away
    assert not any("hush" in value for headers in away for value in headers.values())


def test_a_user_in_the_address_is_sent_and_not_shown(web, root):
    """As a header, as browsers do it."""
    web.files["/x.csv"] = CSV
    url = web.url.replace("://", "://me:p%40ss@") + "/x.csv"
    source = open_source({"url": url}, root)
    source.read(pl.DataFrame)
    assert web.requests[0][2]["Authorization"] == "Basic " + base64.b64encode(b"me:p@ss").decode()
    assert "p%40ss" not in json.dumps(source.describe()) + json.dumps(source.found())


def test_a_page_that_comes_packed_against_its_will_is_no_garbage(web, root):
    """A server that packs what was asked for plain is named."""
    web.files["/x.csv"] = CSV
    web.headers = {"Content-Encoding": "br"}
    with pytest.raises(InputError, match=r"packed \(br\)"):
        open_source({"url": f"{web.url}/x.csv"}, root).read(pl.DataFrame)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"url": "ftp://h/x.csv"}, "ftp:// is not read"),
        ({"url": "file:///1.csv"}, "file:// is not read"),
        ({"url": "htps://h/x.csv"}, "Did you mean 'https'"),
        ({"url": "https:///x.csv"}, "names no server"),
        ({"url": "https://h:port/x.csv"}, "[Pp]ort"),
        ({"url": "x.csv"}, "is not read"),
        ({"url": "https://h/x.csv", "atempts": 3}, "Did you mean 'attempts'"),
        ({"url": "https://h/x.csv", "attempts": 0}, "from 1 to 100"),
        ({"url": "https://h/x.csv", "headers": {"A b": "c"}}, "no name of a header"),
        ({"url": "https://h/x.csv", "headers": {"A": "c\r\nEvil: 1"}}, "one line"),
        ({"files": ["x.csv", "https://h/x.csv"]}, "two inputs"),
    ],
)
def test_what_is_wrong_is_named(root, spec, said):
    """Each mistake has one error, before anybody is asked."""
    with pytest.raises(InputError, match=said):
        open_source(spec, root).version()


@pytest.mark.parametrize("asked", ["year=2013", "a=1&b=2", "path=x/y=3"])
def test_what_is_asked_of_an_address_is_no_folder(asked):
    """``x.csv?year=2013`` gets no column ``year``; folders like ``year=2013`` of an address still do."""
    from solvent.data.sources.files.surveying import partition_of
    from solvent.data.sources.remote.finding import _label

    assert partition_of(_label(f"http://127.0.0.1/x.csv?{asked}")) == {}
    assert partition_of(_label(f"http://127.0.0.1/year=2013/x.csv?{asked}")) == {"year": "2013"}
