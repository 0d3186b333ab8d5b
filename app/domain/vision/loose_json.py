"""Reads JSON as language models write it: among prose, with a comma too many, with single quotes, or cut off in the middle."""

import json
import re
from collections.abc import Mapping
from typing import TypeAlias

Loose: TypeAlias = "str | float | bool | list[Loose] | dict[str, Loose] | None"
_MAX_DEPTH = 8
_WORD = re.compile(r"[^\s,:{}\[\]\"']+")
_WORDS: Mapping[str, bool | None] = {
    "true": True, "True": True, "false": False, "False": False, "null": None, "None": None,
}  # fmt: skip
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": " ", "f": " "}


def read_object(text: str, start: int) -> tuple[dict[str, Loose], int]:
    """Read the object that begins at ``start``.

    Args:
        text: anything.
        start: where a ``{`` is.

    Returns:
        What of it is complete, or complete but for a missing end; and where reading stopped. Never fails.
    """
    reader = _Reader(text, start)
    value = reader.value(0)
    return value if isinstance(value, dict) else {}, reader.at


class _Reader:
    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at

    def value(self, depth: int) -> Loose:
        """The value at the current place; None if there is none."""
        mark = self._next()
        if mark in "{[" and mark and depth < _MAX_DEPTH:
            self.at += 1
            return self._object(depth) if mark == "{" else self._array(depth)
        if mark and mark in "\"'":
            return self._string(mark)
        word = _WORD.match(self.text, self.at)
        if word is None:
            self.at += mark not in "]},:"  # those are for whom it belongs to
            return None
        self.at = word.end()
        return _WORDS[word.group()] if word.group() in _WORDS else _number(word.group())

    def _object(self, depth: int) -> dict[str, Loose]:
        found: dict[str, Loose] = {}
        while (mark := self._next()) and mark != "}":
            if mark in ",:]":
                self.at += 1
                continue
            key = self.value(depth + 1)
            if self._next() == ":":
                self.at += 1
                if self._next():
                    found[str(key)] = self.value(depth + 1)
        self.at += 1
        return found

    def _array(self, depth: int) -> list[Loose]:
        found: list[Loose] = []
        while (mark := self._next()) and mark != "]":
            if mark == "}":  # a bracket was forgotten
                return found
            if mark in ",:":
                self.at += 1
            else:
                found.append(self.value(depth + 1))
        self.at += 1
        return found

    def _string(self, quote: str) -> str:
        end = self.at + 1
        while end < len(self.text) and self.text[end] != quote:
            end += 2 if self.text[end] == "\\" else 1
        inner = self.text[self.at + 1 : end]
        self.at = end + 1
        written = _ESCAPE.sub(_unescaped, inner).rstrip("\\")
        return written.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # joins pairs, drops halves

    def _next(self) -> str:
        """The next character that is no white space; empty at the end."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1]


def _unescaped(match: re.Match[str]) -> str:
    code, letter = match.groups()
    if code is None:
        return _ESCAPED.get(letter, letter)
    return chr(int(code, 16))


def _number(word: str) -> Loose:
    try:
        value = json.loads(word)
    except ValueError:
        return word
    return value if isinstance(value, int | float) else word
