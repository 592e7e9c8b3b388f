"""What a protocol expects of a configured deployment at first contact: contracts, and what their views must answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from keep3r_replay.chain.views import View


class Expected(NamedTuple):
    """What the configuration says that a view answers.

    Attributes:
        setting: which says so, as it stands in the file.
        view: without or with `arguments`.
        values: what it may answer, as lower-case text; each element of a list and each address of a struct must be one
            of them. Empty: it must answer whatever it be. None: it must not answer, for the contract has no such view.
        change: what to do where it answers something else; `{found}` stands for that.
        at_first: asked at the contract's first block, and not now: what governance may have changed since.
        required: no answer is a difference too.
    """

    setting: str
    view: View
    values: frozenset[str] | None
    change: str
    arguments: tuple[Any, ...] = ()
    at_first: bool = False
    required: bool = False


class Configured(NamedTuple):
    """A contract that the configuration names.

    Attributes:
        setting: that names it, as it stands in the file.
        role: what it is.
        address: lower-case text.
        version: that the configuration gives it; empty if roles have none.
        from_block: the block of its creation, if the configuration says one.
        expected: what its views must answer.
        may_be_account: an account without code may stand there.
    """

    setting: str
    role: str
    address: str
    version: str = ""
    from_block: int | None = None
    expected: tuple[Expected, ...] = ()
    may_be_account: bool = False
