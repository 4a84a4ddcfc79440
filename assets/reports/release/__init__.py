"""Drafts, releases and gives out donor summaries: two people, frozen figures, files known by their hash."""

from assets.reports.release.approval import approve_summary, withdraw_summary
from assets.reports.release.drafts import draft_summary, findings_of, write_words
from assets.reports.release.files import (
    FORMATS,
    LANGUAGES,
    Exported,
    Verified,
    export_summary,
    kept_files,
    note_export,
    render_again,
    verify_file,
)
from assets.reports.release.reading import (
    counted_in_late,
    frozen_figures,
    in_the_way,
    is_of_this_version,
    issue_of,
    may_draft,
    released_on,
    revised_after_release,
    seen_by_donor,
    summaries,
    summary_by_id,
    visible,
)

__all__ = [
    "FORMATS",
    "LANGUAGES",
    "Exported",
    "Verified",
    "approve_summary",
    "counted_in_late",
    "draft_summary",
    "export_summary",
    "findings_of",
    "frozen_figures",
    "in_the_way",
    "is_of_this_version",
    "issue_of",
    "kept_files",
    "may_draft",
    "note_export",
    "released_on",
    "render_again",
    "revised_after_release",
    "seen_by_donor",
    "summaries",
    "summary_by_id",
    "verify_file",
    "visible",
    "withdraw_summary",
    "write_words",
]
