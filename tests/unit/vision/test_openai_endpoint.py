"""Addresses of servers, as people write them."""

import pytest

from app.infrastructure.vision.openai_describer_endpoint import endpoint

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http://localhost:8000", "http://localhost:8000/v1/chat/completions"),
        ("http://localhost:8000/v1/", "http://localhost:8000/v1/chat/completions"),
        ("http://localhost:8000/v1/chat/completions", "http://localhost:8000/v1/chat/completions"),
        ("https://eyes.example/api/v1 ", "https://eyes.example/api/v1/chat/completions"),
        ("https://x.openai.azure.com/openai/v1/", "https://x.openai.azure.com/openai/v1/chat/completions"),
        (
            "https://x.openai.azure.com/openai/deployments/eyes?api-version=1",
            "https://x.openai.azure.com/openai/deployments/eyes/chat/completions?api-version=1",
        ),
    ],
)
def test_addresses(written: str, meant: str) -> None:
    assert endpoint(written, None, "bearer").url == meant


def test_the_host_is_told_without_the_rest() -> None:
    assert endpoint("http://[::1]:81/v1?token=x", None, "bearer").host == "[::1]:81"


def test_headers() -> None:
    assert endpoint("http://a", None, "api-key").headers == {}
    assert endpoint("http://a", "k", "api-key").headers == {"api-key": "k"}
    assert endpoint("http://a", "k", "bearer").headers == {"authorization": "Bearer k"}
