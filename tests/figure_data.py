"""The numbers that figures show, as they are stored with a notebook's outputs."""

import json

import numpy as np


def figures(outputs) -> list:
    """Return the plotted data of each figure among a cell's outputs."""
    data = [o.get("metadata", {}).get("data") for o in outputs]
    return [json.loads(one) for one in data if one]


def first_difference(stored, fresh, place: str = "figure") -> str:
    """Return where two trees of plotted data differ by over 0.1 percent, or ""."""
    if isinstance(stored, dict) and isinstance(fresh, dict):
        if stored.keys() != fresh.keys():
            return f"{place} shows {sorted(fresh)}, stored was {sorted(stored)}"
        parts = [(stored[k], fresh[k], f"{place}, {k}") for k in stored]
        return next(filter(None, (first_difference(*part) for part in parts)), "")
    if _numbers(stored) and _numbers(fresh) and len(stored) == len(fresh):
        a, b = np.array(stored, float), np.array(fresh, float)  # None becomes NaN
        span = np.nanmax(np.abs(a), initial=0.0)
        if np.allclose(a, b, rtol=1e-3, atol=1e-4 * span, equal_nan=True):
            return ""
        return f"{place} shows other numbers than stored: refresh, if that is meant"
    if isinstance(stored, list) and isinstance(fresh, list):
        if len(stored) != len(fresh):
            return f"{place} has {len(fresh)} parts, stored were {len(stored)}"
        parts = [
            (a, b, f"{place} {i + 1}")
            for i, (a, b) in enumerate(zip(stored, fresh, strict=True))
        ]
        return next(filter(None, (first_difference(*part) for part in parts)), "")
    return "" if stored == fresh else f"{place} shows {fresh!r}, stored was {stored!r}"


def _numbers(values) -> bool:
    return (
        isinstance(values, list)
        and bool(values)
        and all(v is None or isinstance(v, (int, float)) for v in values)
    )
