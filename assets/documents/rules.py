"""What a document is called and what may be shown of it: kinds, subjects, titles, previews. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from assets.core.errors import RuleViolation, invalid
from assets.core.files.kinds import EXTENSIONS, PICTURES
from assets.core.files.names import display_name, file_name, plain_line, title_of
from assets.core.i18n import Message, msg

TITLE_LENGTH = 200
NOTE_LENGTH = 300
MAX_OF_SUBJECT = 500
MAX_VERSIONS = 100
MAX_OF_EVENT = 10


class Kind(StrEnum):
    """What a paper or picture is."""

    DEED = "deed"
    ACT = "act"
    CERTIFICATE = "certificate"
    PHOTO = "photo"
    INVOICE = "invoice"
    REPORT = "report"
    DECISION = "decision"
    OTHER = "other"


class SubjectName(StrEnum):
    """What a document may belong to."""

    GRANT = "grant"
    BATCH = "batch"
    MODEL = "model"
    ASSET = "asset"
    CALIBRATION = "calibration"
    WORK_ORDER = "work_order"
    OPERATION = "operation"
    LOSS = "loss"
    DISPOSAL = "disposal"
    FUEL = "fuel"
    VEHICLE_PAPER = "vehicle_paper"
    ACCIDENT = "accident"


KIND_NAMES: Mapping[Kind, Message] = {
    Kind.DEED: msg("Deed or agreement"),
    Kind.ACT: msg("Act"),
    Kind.CERTIFICATE: msg("Certificate"),
    Kind.PHOTO: msg("Picture"),
    Kind.INVOICE: msg("Invoice"),
    Kind.REPORT: msg("Report"),
    Kind.DECISION: msg("Decision"),
    Kind.OTHER: msg("Other paper"),
}
SUBJECT_NAMES: Mapping[SubjectName, Message] = {
    SubjectName.GRANT: msg("Grant"),
    SubjectName.BATCH: msg("Handover batch"),
    SubjectName.MODEL: msg("Model"),
    SubjectName.ASSET: msg("Item"),
    SubjectName.CALIBRATION: msg("Calibration record"),
    SubjectName.WORK_ORDER: msg("Work order"),
    SubjectName.OPERATION: msg("Operation"),
    SubjectName.LOSS: msg("Loss case"),
    SubjectName.DISPOSAL: msg("Disposal case"),
    SubjectName.FUEL: msg("Fuel fill"),
    SubjectName.VEHICLE_PAPER: msg("Vehicle paper"),
    SubjectName.ACCIDENT: msg("Accident"),
}
# What is added most to each kind of thing: offered first.
USUAL: Mapping[SubjectName, Kind] = {
    SubjectName.GRANT: Kind.DEED,
    SubjectName.BATCH: Kind.ACT,
    SubjectName.MODEL: Kind.OTHER,
    SubjectName.ASSET: Kind.PHOTO,
    SubjectName.CALIBRATION: Kind.CERTIFICATE,
    SubjectName.WORK_ORDER: Kind.PHOTO,
    SubjectName.OPERATION: Kind.REPORT,
    SubjectName.LOSS: Kind.REPORT,
    SubjectName.DISPOSAL: Kind.DECISION,
    SubjectName.FUEL: Kind.INVOICE,
    SubjectName.VEHICLE_PAPER: Kind.CERTIFICATE,
    SubjectName.ACCIDENT: Kind.PHOTO,
}
TYPE_NAMES: Mapping[str, str] = {
    "application/pdf": "PDF",
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WebP",
}


@dataclass(frozen=True)
class Upload:
    """A file as it arrived: its bytes, and the name that it had where it came from."""

    content: bytes
    name: str = ""

    @property
    def shown_name(self) -> str:
        """The name as it is kept: a word for people, never a path."""
        return display_name(self.name)


def kind_of(text: str) -> Kind:
    """The kind with this code; `InvalidInput` for `kind` otherwise."""
    try:
        return Kind(text)
    except ValueError as error:
        raise invalid("kind", msg("Say what the paper is."), code="unknown_kind") from error


def parse_subject(text: str) -> tuple[SubjectName, int]:
    """The subject in `kind:id`; `InvalidInput` for `subject` otherwise."""
    kind, _, number = text.partition(":")
    if kind not in tuple(SubjectName) or not (number.isascii() and number.isdigit() and len(number) <= 9):
        raise invalid(
            "subject",
            msg("A subject is written kind:number, for example asset:12. Kinds: %(kinds)s.",
                kinds=", ".join(SubjectName)),
            code="unknown_subject",
        )  # fmt: skip
    return SubjectName(kind), int(number)


def title_for(title: str, upload: Upload) -> str:
    """The title as it is kept: what was typed, else what the file was called."""
    if len(title.strip()) > TITLE_LENGTH:
        raise invalid("title", msg("This is too long: at most %(n)s characters.", n=TITLE_LENGTH), code="too_long")
    found = plain_line(title) or title_of(upload.name)
    if not found:
        raise invalid("title", msg("Give it a title."), code="required")
    return found


def may_be_shown(content_type: str) -> bool:
    """Whether a browser may show it inside our pages: pictures that we wrote ourselves, never a PDF of somebody's."""
    return content_type in PICTURES


def download_name(title: str, number: int, content_type: str) -> str:
    """What a download is called: `title-vN.ext`, the ending told by the content."""
    return f"{file_name(title, 'document')}-v{number}.{EXTENSIONS.get(content_type, 'bin')}"


def check_room(documents: int) -> None:
    """`RuleViolation` when a subject holds as many documents as it may."""
    if documents >= MAX_OF_SUBJECT:
        raise RuleViolation(
            msg("No more than %(n)s papers are kept with one thing.", n=MAX_OF_SUBJECT), code="too_many_documents"
        )


def check_versions(number: int) -> None:
    """`RuleViolation` when a document has as many versions as it may."""
    if number > MAX_VERSIONS:
        raise RuleViolation(msg("A paper has at most %(n)s versions.", n=MAX_VERSIONS), code="too_many_versions")
