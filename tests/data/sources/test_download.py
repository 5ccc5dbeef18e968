"""Files from the web: fetched once, checked, continued, asked for again, and never with a secret in a message."""

import gzip
import hashlib
import logging

import pytest

from adaseq.data.sources import connection, download, transfer
from adaseq.data.sources.download import fetch
from adaseq.errors import AdaSeqError, DataError
from tests.data.sources.web_server import File, serving

CONTENT = bytes(range(256)) * 2000
ETAG = '"v1"'


def test_a_file_is_fetched_once_and_then_asked_for_with_its_version(server, cache):
    server.files["/a/train.txt"] = File(CONTENT, etag=ETAG)
    path = fetch(server.url("/a/train.txt"), cache)
    assert path.name == "train.txt" and path.read_bytes() == CONTENT
    assert fetch(server.url("/a/train.txt"), cache) == path
    assert len(server.requests) == 2 and server.requests[1][1]["If-None-Match"] == ETAG
    assert path.parent.name == hashlib.sha256(CONTENT).hexdigest()


def test_without_an_etag_the_date_is_asked_about(server, cache):
    date = "Wed, 21 Oct 2026 07:28:00 GMT"
    server.files["/x"] = File(CONTENT, modified=date)
    assert fetch(server.url("/x"), cache) == fetch(server.url("/x"), cache)
    assert server.requests[1][1]["If-Modified-Since"] == date


def test_a_new_version_is_noticed(server, cache):
    server.files["/x.txt"] = File(b"old", etag='"1"')
    old = fetch(server.url("/x.txt"), cache)
    server.files["/x.txt"] = File(b"new", etag='"2"')
    new = fetch(server.url("/x.txt"), cache)
    assert (old.read_bytes(), new.read_bytes()) == (b"old", b"new")


def test_a_file_without_any_version_is_fetched_again(server, cache):
    server.files["/x.txt"] = File(b"old")
    fetch(server.url("/x.txt"), cache)
    server.files["/x.txt"] = File(b"new")
    assert fetch(server.url("/x.txt"), cache).read_bytes() == b"new"


def test_without_a_connection_the_copy_is_used_with_a_warning(cache, caplog):
    with serving() as server:
        server.files["/x.txt"] = File(CONTENT, etag=ETAG)
        url = server.url("/x.txt")
        path = fetch(url, cache)
    with caplog.at_level(logging.WARNING):
        assert fetch(url, cache) == path
    assert caplog.messages == [f"{url}: Connection refused; using the copy in the cache."]


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_refusal_too_leaves_the_copy(server, cache, caplog, status):
    server.files["/x.txt"] = File(CONTENT, etag=ETAG)
    path = fetch(server.url("/x.txt"), cache)
    server.files["/x.txt"].failures = [status] * 10
    assert fetch(server.url("/x.txt"), cache) == path
    assert "using the copy in the cache" in caplog.text


def test_nothing_answers(cache):
    with serving() as server:
        url = server.url("/x.txt")
    with pytest.raises(DataError) as caught:
        fetch(url, cache)
    assert str(caught.value) == f"{url}: cannot be fetched: Connection refused"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "the server wants a user name or a token (401 Unauthorized)"),
        (403, "the server denies access (403 Forbidden)"),
        (404, "there is nothing at this address (404 Not Found)"),
        (410, "there is nothing at this address any more (410 Gone)"),
        (418, "the server refuses (418 I'm a Teapot)"),
    ],
)
def test_a_refusal_is_final(server, cache, waits, status, reason):
    server.files["/x.txt"] = File(CONTENT, failures=[status])
    with pytest.raises(DataError) as caught:
        fetch(server.url("/x.txt"), cache)
    assert str(caught.value) == f"{server.url('/x.txt')}: cannot be fetched: {reason}"
    assert waits == [] and len(server.requests) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_with_growing_pauses(server, cache, waits, status):
    server.files["/x.txt"] = File(CONTENT, failures=[status] * 3)
    assert fetch(server.url("/x.txt"), cache).read_bytes() == CONTENT
    assert waits == [1, 2, 4]


def test_the_server_says_how_long_to_wait(server, cache, waits, monkeypatch):
    monkeypatch.setattr(connection.time, "time", lambda: 1_000_000_000.0)
    date = "Sun, 09 Sep 2001 01:47:10 GMT"
    failures = [(429, {"Retry-After": "17"}), (503, {"Retry-After": date}), (503, {"Retry-After": "soon"})]
    server.files["/x.txt"] = File(CONTENT, failures=failures)
    fetch(server.url("/x.txt"), cache)
    assert waits == [17, 30, 4]


def test_a_server_that_wants_to_be_left_alone_is_not_waited_for(server, cache, waits):
    server.files["/x.txt"] = File(CONTENT, failures=[(429, {"Retry-After": "3600"})])
    with pytest.raises(
        DataError, match=r"too many requests \(429 Too Many Requests\); it asks to come back in 3600 seconds"
    ):
        fetch(server.url("/x.txt"), cache)
    assert waits == []


def test_it_is_not_tried_for_ever(server, cache, waits):
    server.files["/x.txt"] = File(CONTENT, failures=[500] * 100)
    with pytest.raises(DataError, match=r"the server has a problem \(500 Internal Server Error\)"):
        fetch(server.url("/x.txt"), cache)
    assert len(server.requests) == download.ATTEMPTS


@pytest.mark.parametrize("version", [{"etag": ETAG}, {"modified": "Wed, 21 Oct 2026 07:28:00 GMT"}])
def test_a_cut_download_goes_on_where_it_ended(server, cache, version):
    server.files["/x.txt"] = File(CONTENT, cuts=[100_000, 200_000], **version)
    assert fetch(server.url("/x.txt"), cache).read_bytes() == CONTENT
    begins = [int(headers["Range"][6:-1]) for _, headers in server.requests[1:]]
    assert 0 < begins[0] <= 100_000 < begins[1] <= 300_000
    assert all(headers["If-Range"] in version.values() for _, headers in server.requests[1:])


def test_progress_is_no_failure(server, cache):
    server.files["/x.txt"] = File(CONTENT, etag=ETAG, cuts=[70_000] * 6)
    assert fetch(server.url("/x.txt"), cache).read_bytes() == CONTENT


def test_a_later_run_goes_on_too(server, cache, monkeypatch):
    server.files["/x.txt"] = File(CONTENT, etag=ETAG, cuts=[100_000], failures=[])
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    with pytest.raises(DataError, match=r"the connection broke after \d+ of 512000 bytes|the connection broke"):
        fetch(server.url("/x.txt"), cache)
    assert fetch(server.url("/x.txt"), cache).read_bytes() == CONTENT
    assert "Range" in server.requests[1][1]


def test_another_version_is_not_appended(server, cache, monkeypatch):
    server.files["/x.txt"] = File(CONTENT, etag=ETAG, cuts=[100_000])
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    with pytest.raises(DataError):
        fetch(server.url("/x.txt"), cache)
    server.files["/x.txt"] = File(CONTENT[::-1], etag='"v2"')
    assert fetch(server.url("/x.txt"), cache).read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize(
    "file", [File(CONTENT), File(CONTENT, etag='W/"weak"'), File(CONTENT, etag=ETAG, has_ranges=False)]
)
def test_what_cannot_be_continued_begins_again(server, cache, file):
    file.cuts = [100_000]
    server.files["/x.txt"] = file
    assert fetch(server.url("/x.txt"), cache).read_bytes() == CONTENT
    assert len(server.requests) == 2


def test_always_cut_at_the_same_place_it_ends(server, cache):
    server.files["/x.txt"] = File(CONTENT, cuts=[100_000] * 100)
    with pytest.raises(DataError, match="the connection broke"):
        fetch(server.url("/x.txt"), cache)
    assert len(server.requests) <= download.ATTEMPTS + 1


def test_a_part_that_is_longer_than_the_file_begins_again(server, cache, monkeypatch):
    server.files["/x.txt"] = File(CONTENT, etag=ETAG, cuts=[100_000])
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    with pytest.raises(DataError):
        fetch(server.url("/x.txt"), cache)
    server.files["/x.txt"] = File(b"short", etag=ETAG)
    assert fetch(server.url("/x.txt"), cache).read_bytes() == b"short"


def test_a_checksum_is_checked(server, cache):
    server.files["/x.txt"] = File(b"content", etag=ETAG)
    url, digest = server.url("/x.txt"), hashlib.sha256(b"content").hexdigest()
    with pytest.raises(DataError) as caught:
        fetch(url, cache, f"sha256:{'0' * 64}")
    assert str(caught.value) == (
        f"{url}: this is not the file that dataset.checksum means: its sha256 is {digest}, not {'0' * 64}. Either the file has "
        "changed or is damaged, or the checksum is that of another one"
    )
    assert fetch(url, cache, f"md5:{hashlib.md5(b'content').hexdigest()}").read_bytes() == b"content"


def test_what_a_checksum_names_needs_no_connection(server, cache):
    server.files["/x.txt"] = File(b"content")
    digest = hashlib.sha256(b"content").hexdigest()
    path = fetch(server.url("/x.txt"), cache)
    assert fetch(server.url("/elsewhere.txt"), cache, digest) == path and len(server.requests) == 1


def test_redirects_are_followed(server, cache):
    server.files["/short"] = File(redirect="/deep/train.conll?version=2")
    server.files["/deep/train.conll"] = File(b"content")
    assert fetch(server.url("/short"), cache).name == "train.conll"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("file:///etc/passwd", "data is fetched by http and https, not by 'file'"),
        ("ftp://127.0.0.1/x", "data is fetched by http and https, not by 'ftp'"),
        ("gopher://127.0.0.1/x", "not by 'gopher'"),
        ("/loop", "the server redirects more than 10 times"),
    ],
)
def test_redirects_to_elsewhere_are_refused(server, cache, target, reason):
    server.files["/loop"] = File(redirect=target)
    with pytest.raises(DataError, match="cannot be fetched: the server redirects") as caught:
        fetch(server.url("/loop"), cache)
    assert reason in str(caught.value)


def test_a_redirect_from_https_to_http_is_refused(monkeypatch):
    monkeypatch.setattr(connection, "_ask", lambda url, headers: "http://127.0.0.1/x?token=abc")
    with pytest.raises(
        connection.RequestError, match="from https to http, where anybody could change the data"
    ) as caught:
        connection.get("https://127.0.0.1/x", {})
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://host/x", "http:///x", "https://host/a b", "http://[::1/x"]
)
def test_addresses_that_are_none(url, cache):
    with pytest.raises(AdaSeqError, match="is no address|not by|Invalid"):
        fetch(url, cache)


def test_a_password_goes_to_its_host_alone(server, cache, caplog):
    secret = "Basic dXNlcjpzM2NyZXQ="
    with serving() as other, caplog.at_level(logging.DEBUG):
        other.files["/x.txt"] = File(b"content")
        server.files["/x.txt"] = File(redirect=other.url("/x.txt"), authorization=secret)
        url = server.url("/x.txt").replace("//", "//user:s3cret@")
        path = fetch(url, cache)
        assert path.read_bytes() == b"content"
        assert server.requests[0][1]["Authorization"] == secret
        assert "Authorization" not in other.requests[0][1]
    assert "s3cret" not in caplog.text
    assert all("s3cret" not in each.read_text() for each in (cache / "downloads" / "addresses").iterdir())


@pytest.mark.parametrize("failure", [404, 503])
def test_secrets_are_in_no_message_and_no_file(server, cache, caplog, failure):
    server.files["/x.txt"] = File(CONTENT, failures=[failure] * 20)
    url = (
        server.url("/x.txt").replace("//", "//user:s3cret@") + "?version=2&private_token=s3cret&X-Amz-Signature=s3cret"
    )
    with caplog.at_level(logging.DEBUG), pytest.raises(DataError) as caught:
        fetch(url, cache)
    assert "s3cret" not in str(caught.value) + caplog.text and "/x.txt?version=2: cannot be fetched" in str(
        caught.value
    )
    assert "s3cret" in server.requests[0][0]


def test_a_server_that_compresses_all_the_same(server, cache):
    headers = {"Content-Encoding": "gzip"}
    server.files["/x.txt"] = File(gzip.compress(b"content"), headers=headers)
    server.files["/x.txt.gz"] = File(gzip.compress(b"content"), headers=headers)
    server.files["/y.txt"] = File(b"damaged", headers=headers)
    server.files["/z.txt"] = File(b"content", headers={"Content-Encoding": "br"})
    assert fetch(server.url("/x.txt"), cache).read_bytes() == b"content"
    assert gzip.decompress(fetch(server.url("/x.txt.gz"), cache).read_bytes()) == b"content"
    with pytest.raises(DataError, match="the server sent it compressed, and the compressed file cannot be read"):
        fetch(server.url("/y.txt"), cache)
    with pytest.raises(DataError, match="compressed as 'br', which it was asked not to do"):
        fetch(server.url("/z.txt"), cache)


@pytest.mark.parametrize("has_length", [True, False])
def test_a_file_without_end_is_refused(server, cache, monkeypatch, has_length):
    monkeypatch.setattr(transfer, "MAX_SIZE", 1000)
    server.files["/x.txt"] = File(CONTENT, has_length=has_length)
    with pytest.raises(
        DataError, match="cannot be fetched: the (file has 512000 bytes|server sends more than 1000 bytes)"
    ):
        fetch(server.url("/x.txt"), cache)


def test_a_bar_on_a_terminal_and_a_line_elsewhere(server, cache, monkeypatch, caplog, capsys):
    server.files["/x.txt"] = File(CONTENT)
    with caplog.at_level(logging.INFO):
        fetch(server.url("/x.txt"), cache)
    assert caplog.messages == [f"Fetching {server.url('/x.txt')} (0.5 MB)"] and capsys.readouterr().err == ""
    monkeypatch.setattr(transfer.sys.stderr, "isatty", lambda: True, raising=False)
    fetch(server.url("/x.txt"), cache)
    assert "x.txt: 100%" in capsys.readouterr().err
