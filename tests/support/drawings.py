"""Figures taken apart."""

from xml.etree import ElementTree


def elements_of(svg, kind):
    """Elements of one kind; parsing fails where the SVG is not well-formed."""
    return list(ElementTree.fromstring(str(svg)).iter(kind))
