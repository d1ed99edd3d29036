"""Tables in Markdown, and numbers as they stand in them."""

from collections.abc import Iterable


def shown(value: float | str | None) -> str:
    """Return a value as a table shows it: three digits, or all before the point.

    Example:
        >>> shown(1.23456), shown(12345), shown(0.00012), shown(None), shown(999.6)
        ('1.23', '12,345', '0.00012', '', '1,000')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    whole = abs(value) >= 100 or value == int(value)
    return f"{value:,.0f}" if whole else f"{value:.3g}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
