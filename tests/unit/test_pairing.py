"""The pairing code holds address and key, and is shown in full."""

import pytest

from app.infrastructure.pairing import pairing_url, print_access_key

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("192.168.1.5", "vigia://192.168.1.5:8000?key=a-b_c"),
        ("home.example", "vigia://home.example:8000?key=a-b_c"),
        ("fd00::5", "vigia://[fd00::5]:8000?key=a-b_c"),
    ],
)
def test_the_code_names_the_address(host: str, url: str) -> None:
    assert pairing_url("a-b_c", host, 8000) == url


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_all_addresses_become_one_that_can_be_reached(host: str) -> None:
    url = pairing_url("k", host, 8000)
    assert "0.0.0.0" not in url
    assert "//:" not in url
    assert "[::]" not in url


def test_key_and_code_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    print_access_key("secret-key", "192.168.1.5", 8000)
    shown = capsys.readouterr().err
    assert "Bearer KEY" in shown
    assert "secret-key" in shown
    assert sum("█" in line or "▄" in line or "▀" in line for line in shown.splitlines()) > 10
