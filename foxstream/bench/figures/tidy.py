"""matplotlib's SVG made fit for a page: small, alone in its names, in the page's colours and font.

House rule: it is changed as a tree, so that no text in it can be taken for markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from foxstream.bench.ink import INKS

__all__ = ["plain", "tidied"]

_DECIMALS = re.compile(r"\d+\.\d{3,}")
_REFERENCE = re.compile(r"(?<=url\(#)[^)]+|(?<=^#).+")
_FAMILY = re.compile(r"font-family: [^;]*;? ?")
_NUMBERS = {"d", "x", "y", "transform", "width", "height"}
_LONGEST = 24


def plain(text: str) -> str:
    """`text` as a figure can show it: printable ASCII, 24 characters at most."""
    shown = "".join(each if " " <= each <= "~" else "?" for each in text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 3]}..."


def tidied(svg: str, name: str, title: str) -> str:
    """One `<svg>` element without a namespace, to stand in HTML.

    Its ids begin with `name`, its colours are the page's variables, `title` is its label.
    """
    root = ET.fromstring(svg)  # noqa: S314 (made by this program a moment ago)
    _without_styles(root)
    kept = {target for element in root.iter() for target in _references(element)}
    for element in root.iter():
        element.tag = _local(element.tag)
        element.attrib = {
            key: _rewritten(key, value, name)
            for key, value in ((_local(key), value) for key, value in element.attrib.items())
            if key != "id" or value in kept
        }
        element.text, element.tail = _inked(element.text), _inked(element.tail)
    view = root.attrib["viewBox"]
    root.attrib = {"class": "plot", "viewBox": view, "role": "img", "aria-label": title}
    return ET.tostring(root, encoding="unicode")


def _without_styles(root: ET.Element) -> None:
    """Its own style sheet would hold for the whole page."""
    for parent in list(root.iter()):
        for child in list(parent):
            if _local(child.tag) == "style":
                parent.remove(child)


def _references(element: ET.Element) -> Iterator[str]:
    for value in element.attrib.values():
        yield from _REFERENCE.findall(value)


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _inked(text: str | None) -> str | None:
    return text if text and text.strip() else None


def _rewritten(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key in _NUMBERS:
        return " ".join(_DECIMALS.sub(_rounded, value).split())
    if key == "style":
        value = _coloured(_FAMILY.sub("", value))
    return _REFERENCE.sub(lambda found: f"{name}-{found[0]}", value)


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _coloured(style: str) -> str:
    for ink in INKS:
        style = style.replace(ink.sentinel, ink.variable)
    return style
