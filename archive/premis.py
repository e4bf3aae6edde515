"""PREMIS 3.0: what happened to files that are handed over, in XML (PREMIS Data Dictionary, version 3.0).

Event types are terms of the Library of Congress's vocabulary (id.loc.gov/vocabulary/preservation/eventType).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lxml import etree

_NAMESPACE = "http://www.loc.gov/premis/v3"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_LOCAL = "local"


@dataclass(frozen=True, slots=True)
class PremisFile:
    """A file."""

    name: str
    """Path below the payload; it identifies the file."""
    size: int
    sha256: str
    format_name: str
    """An IANA media type."""


@dataclass(frozen=True, slots=True)
class PremisEvent:
    """Something that happened."""

    identifier: str
    kind: str
    date: str
    """ISO 8601; two with a slash between them for a stretch of time."""
    detail: str
    agent: str
    outcome: str = ""
    files: tuple[str, ...] = field(default=())
    """Names of the files it happened to."""


def premis_document(files: Iterable[PremisFile], events: Iterable[PremisEvent]) -> bytes:
    """The document; agents are those of the events."""
    root = etree.Element(_tag("premis"), nsmap={"premis": _NAMESPACE, "xsi": _INSTANCE}, version="3.0")
    happened = list(events)
    for file in files:
        _add_file(root, file)
    for event in happened:
        _add_event(root, event)
    for name in sorted({event.agent for event in happened}):
        agent = etree.SubElement(root, _tag("agent"))
        _identifier(agent, "agentIdentifier", name)
        _text(agent, "agentName", name)
        _text(
            agent,
            "agentType",
            "software" if "/" in name and "@" not in name and "://" not in name else "organization",
        )
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def dublin_core_document(elements: dict[str, tuple[str, ...]]) -> bytes:
    """Dublin Core as OAI-PMH has it (oai_dc)."""
    container, terms = "http://www.openarchives.org/OAI/2.0/oai_dc/", "http://purl.org/dc/elements/1.1/"
    root = etree.Element(f"{{{container}}}dc", nsmap={"oai_dc": container, "dc": terms})
    for element, values in elements.items():
        for value in values:
            etree.SubElement(root, f"{{{terms}}}{element}").text = _clean(value)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _add_file(root: etree._Element, file: PremisFile) -> None:
    thing = etree.SubElement(root, _tag("object"), {f"{{{_INSTANCE}}}type": "file"})
    _identifier(thing, "objectIdentifier", file.name)
    facts = etree.SubElement(thing, _tag("objectCharacteristics"))
    fixity = etree.SubElement(facts, _tag("fixity"))
    _text(fixity, "messageDigestAlgorithm", "SHA-256")
    _text(fixity, "messageDigest", file.sha256)
    _text(facts, "size", str(file.size))
    designation = etree.SubElement(etree.SubElement(facts, _tag("format")), _tag("formatDesignation"))
    _text(designation, "formatName", file.format_name)
    _text(thing, "originalName", file.name)


def _add_event(root: etree._Element, event: PremisEvent) -> None:
    thing = etree.SubElement(root, _tag("event"))
    _identifier(thing, "eventIdentifier", event.identifier)
    _text(thing, "eventType", event.kind)
    _text(thing, "eventDateTime", event.date)
    _text(etree.SubElement(thing, _tag("eventDetailInformation")), "eventDetail", event.detail)
    if event.outcome:
        _text(etree.SubElement(thing, _tag("eventOutcomeInformation")), "eventOutcome", event.outcome)
    _identifier(thing, "linkingAgentIdentifier", event.agent)
    for name in event.files:
        _identifier(thing, "linkingObjectIdentifier", name)


def _identifier(parent: etree._Element, name: str, value: str) -> None:
    thing = etree.SubElement(parent, _tag(name))
    _text(thing, f"{name}Type", _LOCAL)
    _text(thing, f"{name}Value", value)


def _text(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, _tag(name)).text = _clean(text)


def _clean(text: str) -> str:
    """Without what no XML document may hold (XML 1.0, section 2.2)."""
    return "".join(
        c for c in text if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )


def _tag(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"
