"""The types of values in expressions."""

from typing import Literal

Type = Literal["text", "integer", "decimal", "money", "instant", "duration", "flag", "null"]
