"""Which parameters rows determine: those whose effect on predicted times no other parameter can make up for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST_EFFECT", "undetermined"]

FloatArray = NDArray[np.float64]

#: Least root mean square change of predicted times over the rows of a group that a step of a parameter brings where it
#: is determined. Up to 0.4 % the errors on shapes that no fit saw stay as they are; at 1 % they rise (products of the
#: H100, from 5.9 to 6.1 %, and from 8.2 to 9.1 % by time). [1]
LEAST_EFFECT = 4e-3


def undetermined(effects: FloatArray, scale: FloatArray, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
    r"""Unknowns that rows do not tell, found one after another, the least determined first.

    The effect of an unknown is what remains of the change that it brings, once the others have made up for as much of
    it as they can:

    .. math:: \min_\beta |v_i - \sum_{j \ne i} \beta_j v_j| \, / \, s_i

    Two unknowns that do the same have none each; when one of them is given up, all is the other's.

    Parameters
    ----------
    effects : ndarray, shape (num_rows, num_unknowns)
        Change of each row's log time with a step of each unknown, times the row's weight.
    scale : ndarray, shape (num_unknowns,)
        Root of the sum of squared weights of the rows that the unknown is about.
    candidates : ndarray of int
        Unknowns that may be given up; the others only make up for them.

    Returns
    -------
    ndarray of int
    """
    kept, given_up = list(range(effects.shape[1])), list[int]()
    while True:
        left = [index for index in candidates.tolist() if index not in given_up]
        own = {index: _own_effect(effects, index, kept) / max(float(scale[index]), 1e-12) for index in left}
        least = min(own, key=own.__getitem__, default=None)
        if least is None or own[least] >= LEAST_EFFECT:
            return np.array(sorted(given_up), dtype=np.int64)
        given_up.append(least)
        kept.remove(least)


def _own_effect(effects: FloatArray, index: int, kept: list[int]) -> float:
    """Length of the part of an effect that others cannot bring about."""
    others, effect = effects[:, [i for i in kept if i != index]], effects[:, index]
    if not others.shape[1]:
        return float(np.linalg.norm(effect))
    return float(np.linalg.norm(effect - others @ np.linalg.lstsq(others, effect, rcond=None)[0]))
