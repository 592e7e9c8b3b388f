"""Settings of `keep3r update`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

from .config import setting
from .extract import ExtractConfig, Follow

SUMMARY = (
    "One job for a scheduler: extract what is new, replay on, refresh the warehouse, run audits, write the report "
    "where asked. One exit code: 0 clean, 3 findings or bad rows, 1 failure."
)


class Log(Enum):
    """For whom the run is told."""

    text = "text"
    json = "json"


@dataclass(frozen=True)
class UpdateConfig:
    """Settings of `keep3r update`."""

    deployment: dict[str, Any] = setting("which deployment to extract; none, or without ETH_RPC_URL: the lake as it is")
    lake: str = setting("folder of the lake")
    results: str = setting("folder of the results: absent, empty, or former results, which are gone on from")
    database: str | None = setting("the warehouse to refresh; null: none, and no audits", default="keep3r.duckdb")
    schema: str | None = setting("of the lake's views, where several lakes share the warehouse", default=None)
    tables: bool = setting("put the tables into the warehouse", default=False)
    audits: list[str] = setting("names, or all, audits (what must hold), alerts, own", default=["audits"])
    folder: str | None = setting("a folder of audits of one's own", default=None)
    parameters: dict[str, Any] = setting("of audits, as in parameters.runway.days=14", default={})
    days: int | None = setting("audits look at the last days only; none: at everything", default=None)
    report: str | None = setting("the page to write; none: none", default=None)
    log: Log = setting("text for people; json: one object a line, the last is the result", default=Log.text)
    from_block: int | None = setting("first block of a new lake; none: the oldest contract's", default=None)
    to_block: int | None = setting("last block; none: the final head", default=None)
    confirmations: int | None = setting("blocks behind the head that are final; none: the node's word", default=None)
    follow: Follow = setting("how transactions without logs are found, as of keep3r extract", default=Follow.bodies)
    connections: int = setting("requests under way at once", default=2)
    timeout: float = setting("seconds to wait for an answer", default=60.0)
    attempts: int = setting("how often a question is asked before giving up", default=12)

    def extraction(self) -> ExtractConfig:
        """The settings of the extraction."""
        shared = {field.name for field in fields(self)} & {field.name for field in fields(ExtractConfig)}
        return ExtractConfig(**{name: getattr(self, name) for name in shared})
