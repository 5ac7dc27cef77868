"""What commands answer with one line."""

from __future__ import annotations

from simulator.user_errors import USER_ERRORS


def test_each_error_is_named_once_and_is_no_broad_one() -> None:
    assert len(set(USER_ERRORS)) == len(USER_ERRORS)
    assert not {Exception, ValueError, KeyError, OSError} & set(USER_ERRORS)
