"""Where an OpenAI-compatible server is, and how it is asked: what the settings say and what its refusals teach."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from app.domain.errors import ConfigurationError
from app.domain.vision.scene_prompt import MAX_ANSWER_TOKENS, scene_schema

KeyHeader = Literal["bearer", "api-key"]
_PATH = "/chat/completions"
_WITH_REASONING = 4
"""Models whose bound is on "completion" tokens count their reasoning among them."""


@dataclass(frozen=True)
class Endpoint:
    """Where to ask.

    Attributes:
        url: of the chat completions, with whatever query the settings gave.
        host: for messages; with the port, without anything secret.
        headers: with the key.
    """

    url: str
    host: str
    headers: Mapping[str, str]


def endpoint(server_url: str | None, key: str | None, key_header: KeyHeader) -> Endpoint:
    """Understand the settings.

    Args:
        server_url: a base such as ``http://localhost:8080/v1``; without a path, ``/v1`` is meant. Azure's deployments keep
            their query: ``https://NAME.openai.azure.com/openai/deployments/DEPLOYMENT?api-version=VERSION``.
        key: secret; None if the server wants none.
        key_header: ``Authorization: Bearer KEY``, or Azure's ``api-key: KEY``.

    Raises:
        ConfigurationError: no http(s) URL, or a password in it; or a key that no header can hold.
    """
    setting = "VIGIA_VISION__SERVER_URL"
    if not server_url:
        raise ConfigurationError(f"no vision server is set; set {setting}", param="server_url")
    try:
        parts = urlsplit(server_url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, usable = urlsplit(""), False
    if not usable:
        raise ConfigurationError(f"set {setting} to an http or https URL", param="server_url")
    if parts.username or parts.password:
        raise ConfigurationError(
            f"leave the password out of {setting}; set VIGIA_VISION__SERVER_KEY", param="server_url"
        )
    if key and not (key.isascii() and key.isprintable()):
        raise ConfigurationError("VIGIA_VISION__SERVER_KEY has characters that no key has", param="server_key")
    path = parts.path.rstrip("/") or "/v1"
    path = path if path.endswith(_PATH) else path + _PATH
    return Endpoint(
        urlunsplit((parts.scheme, parts.netloc, path, parts.query, "")),
        parts.netloc,
        _key_header(key, key_header),
    )


@dataclass(frozen=True)
class Dialect:
    """How much of the interface a server takes; begins with all of it.

    Attributes:
        form: how the answer's form is asked for: the first of ``_FORMS`` that is not refused.
        limit_name: what the bound on new tokens is called.
        greedy: whether a temperature may be given.
    """

    form: int = 0
    limit_name: str = "max_tokens"
    greedy: bool = True

    def parameters(self) -> dict[str, Any]:
        """The request's fields that servers differ in."""
        form = _FORMS[self.form]
        longest = MAX_ANSWER_TOKENS if self.limit_name == "max_tokens" else _WITH_REASONING * MAX_ANSWER_TOKENS
        return (
            {self.limit_name: longest}
            | ({"temperature": 0} if self.greedy else {})
            | ({"response_format": form} if form else {})
        )

    def after_refusal(self, reason: str) -> "Dialect | None":
        """What to try after a 400 or 422.

        Args:
            reason: the server's answer.

        Returns:
            None if everything was tried.
        """
        if self.limit_name == "max_tokens" and "max_completion_tokens" in reason:  # reasoning models
            return replace(self, limit_name="max_completion_tokens")
        if self.greedy and "temperature" in reason:
            return replace(self, greedy=False)
        return replace(self, form=self.form + 1) if self.form + 1 < len(_FORMS) else None


def _schema_form(bounded: bool) -> Mapping[str, Any]:
    schema = {"name": "scene", "strict": True, "schema": scene_schema(bounded=bounded)}
    return {"type": "json_schema", "json_schema": schema}


_FORMS: tuple[Mapping[str, Any], ...] = (_schema_form(True), _schema_form(False), {"type": "json_object"}, {})
"""Some know no lengths in schemas, some no schemas, some nothing of the kind."""


def _key_header(key: str | None, key_header: KeyHeader) -> Mapping[str, str]:
    if not key:
        return {}
    return {"api-key": key} if key_header == "api-key" else {"authorization": f"Bearer {key}"}
