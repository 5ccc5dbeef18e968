"""Addresses: which are fetched, and what of them may be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.errors import AdaSeqError
from adaseq.utils.urls import check_url, is_url, redacted, without_secrets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a/b", True),
        ("file:///x", True),
        ("data/train.txt", False),
        ("C:\\data", False),
        (7, False),
        ("", False),
    ],
)
def test_what_is_an_address(text, expected):
    assert is_url(text) is expected


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.org/b.zip?version=2", "https://a.org/b.zip?version=2"),
        ("https://me:pw@a.org:8080/b.zip", "https://a.org:8080/b.zip"),
        ("https://a.org/b?token=x&v=1&X-Amz-Signature=y", "https://a.org/b?v=1"),
        ("https://a.org/b?Private_Token=x", "https://a.org/b"),
        ("https://a.org/b?api%5Fkey=x", "https://a.org/b"),
        ("https://a.org/b?keyword=x&monkey=y", "https://a.org/b?keyword=x&monkey=y"),
        ("https://[::1/b?token=x", "https://…"),
    ],
)
def test_what_is_shown_of_one(url, shown):
    assert redacted(url) == shown


@given(st.text(), st.text(alphabet="abcdefghij", min_size=6))
def test_nothing_secret_is_left(text, secret):
    url = f"https://user:{secret}@host/path?a=1&access_token={secret}#x"
    assert secret not in redacted(url)
    assert secret not in without_secrets(f"{text} {url} {secret}", secret)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("file:///etc/passwd", "'file:///etc/passwd': data is fetched by http and https, not by 'file'; name the file by its path"),
        ("s3://bucket/x", "'s3://bucket/x': data is fetched by http and https, not by 's3'"),
        ("https:///x", "'https:///x' is no address: it names no host"),
        ("https://a b/x", "'https://a b/x' is no address: it has white space or a control character in it"),
        ("https://u:s3cret@a:port/x?token=s3cret", "'https://a:port/x' is no address: Port could not be cast to integer value as 'port'"),
    ],
)  # fmt: skip
def test_what_is_not_fetched(url, message):
    with pytest.raises(AdaSeqError) as caught:
        check_url(url)
    assert str(caught.value) == message
