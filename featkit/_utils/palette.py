"""Colours that the pages and the plots share.

Blue and vermilion of the palette of Okabe and Ito, the latter darker, so that both are told apart
by colour-blind readers and have a contrast of at least 3:1 to the background (WCAG 2.2, 1.4.11).

References
----------
Okabe and Ito, "Color universal design", 2008, https://jfly.uni-koeln.de/color/
"""

MARK = "#0072b2"
"""Bars, dots and lines; contributions for a class."""

OTHER = "#c75400"
"""Contributions against a class, the other one of two classes, and reference lines."""

INK = "#1c1e22"
"""Text, intervals and dots on bars."""

MUTED = "#585d66"
"""Less important marks, such as rows of other classes."""

MARK_IN_DARK, OTHER_IN_DARK, MUTED_IN_DARK = "#56b4e9", "#f08a3c", "#a6abb4"
"""The same on a dark background."""
