"""Counts, durations, shares and sample rates as text for people.

Messages, the terminal, plots and the report all use these functions, so that a quantity looks the
same everywhere.
"""

from __future__ import annotations


def counted(number: int, noun: str, plural_noun: str = "") -> str:
    """Format a count with its noun.

    Parameters
    ----------
    number : int
        Number of things, at least 0.
    noun : str
        Singular noun.
    plural_noun : str, optional
        Plural noun, if it is irregular.

    Returns
    -------
    str
        The count with thousands separators, and the noun in the singular or plural.

    Examples
    --------
    >>> counted(1, "row"), counted(1200, "row"), counted(0, "entry")
    ('1 row', '1,200 rows', '0 entries')
    """
    return f"{number:,} {noun if number == 1 else plural_noun or plural(noun)}"


def plural(noun: str) -> str:
    """Return the plural of a regular noun.

    Parameters
    ----------
    noun : str
        Singular noun.

    Returns
    -------
    str
        Plural noun.
    """
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "z", "ch", "sh")) else f"{noun}s"


def duration(seconds: float) -> str:
    """Format a duration with two or three digits in suitable units.

    Parameters
    ----------
    seconds : float
        Duration in seconds, at least 0.

    Returns
    -------
    str
        The duration in milliseconds, seconds, minutes, hours or days.

    Examples
    --------
    >>> duration(0.35), duration(45), duration(12_000), duration(188_000)
    ('0.35 s', '45 s', '3 h 20 min', '2 d 4 h')
    """
    if 0 < seconds < 0.0995:
        return f"{1000 * seconds:.2g} ms"
    if seconds < 9.95:
        return f"{seconds:.2g} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(seconds / 3600), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def percent(share: float, space: str = "") -> str:
    """Format a share in percent with one decimal place.

    A small share is never shown as 0 %, and one just below 1 never as 100 %.

    Parameters
    ----------
    share : float
        Share, from 0 to 1.
    space : str, optional
        Space between the number and the percent sign.

    Returns
    -------
    str
        The share in percent.

    Examples
    --------
    >>> percent(0.125), percent(1e-9), percent(0.9999)
    ('12.5%', '<0.1%', '>99.9%')
    """
    if 0 < share < 0.0005:
        number = "<0.1"
    elif 0.9995 <= share < 1:
        number = ">99.9"
    else:
        number = f"{100 * share + 1e-9:.1f}"  # halves are rounded up
    return f"{number}{space}%"


def significant(value: object) -> str:
    """Format a table value: floats with four significant digits, from 1000 on as whole numbers.

    Parameters
    ----------
    value : object
        A number, or anything that ``str`` formats.

    Returns
    -------
    str
        The value, without separators, so that other programs can read it.

    Examples
    --------
    >>> significant(0.034567), significant(12345.6), significant("rock")
    ('0.03457', '12346', 'rock')
    """
    if isinstance(value, float):
        whole = value.is_integer() or abs(value) >= 1000
        return f"{value + 0.0:.0f}" if whole and abs(value) < 1e9 else f"{value:.4g}"
    return str(value)


def rounded(value: float, places: int = 0) -> str:
    """Round a positive number to decimal places, but keep two digits of a small one.

    Parameters
    ----------
    value : float
        Number, at least 0.
    places : int, optional
        Decimal places.

    Returns
    -------
    str
        The rounded number.

    Examples
    --------
    >>> rounded(1234.5), rounded(0.034), rounded(72.04, 1)
    ('1234', '0.034', '72.0')
    """
    return f"{value:.{places}f}" if value >= 10 ** (1 - places) else f"{value:.2g}"


def sample_rate(rate: object) -> str:
    """Format a sample rate.

    Parameters
    ----------
    rate : object
        Rate in Hz, or a word such as ``"native"``.

    Returns
    -------
    str
        The rate with its unit, or the word.

    Examples
    --------
    >>> sample_rate(22050.0), sample_rate("native")
    ('22,050 Hz', 'native')
    """
    return f"{rate:,.10g} Hz" if isinstance(rate, int | float) else str(rate)


def printable(text: str) -> str:
    """Escape control characters, which could change the state of a terminal.

    Parameters
    ----------
    text : str
        Text from outside, such as the name of a file.

    Returns
    -------
    str
        The text with escape sequences in place of characters that cannot be printed.

    Examples
    --------
    >>> printable("a.wav" + chr(27) + "[31m")
    'a.wav\\\\x1b[31m'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shell_word(text: str) -> str:
    """Quote a word of a command line, if it needs quotes.

    Parameters
    ----------
    text : str
        The word.

    Returns
    -------
    str
        In double quotes, which all shells know, unless a character has a meaning within them.

    Examples
    --------
    >>> print(shell_word("artist"), shell_word("stem(name, 1-3)"))
    artist "stem(name, 1-3)"
    """
    import re
    import shlex

    quoted = shlex.quote(text)
    return quoted if quoted == text or re.search(r'["$`\\!]', text) else f'"{text}"'
