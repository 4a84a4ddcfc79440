"""The answers that go into the settings file: from options, from a person at the terminal, or as they are."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from assets.cli.setup import prerequisites
from assets.cli.setup.following import DEFAULT_DATA_DIR
from assets.cli.setup.questions import BY_OPTION, OPTIONS_ONLY, QUESTIONS, TLS, TLS_NAMES, Question, Terminal
from assets.cli.setup.storing import write_settings
from assets.core.clock import system_clock
from assets.core.tls import given
from assets.settings import FILE_NAME, Settings, SettingsError, hidden, read_settings_file

DATABASE = BY_OPTION["database_url"]


def data_directory(chosen: argparse.Namespace, terminal: Terminal | None) -> Path:
    """Where everything lies: asked for only where nothing was set up yet."""
    default = os.environ.get("ASSETS_DATA_DIR", "").strip() or DEFAULT_DATA_DIR
    if chosen.data_dir is not None:
        return Path(chosen.data_dir).absolute()
    if terminal is None or (Path(default) / FILE_NAME).exists():
        return Path(default).absolute()
    hint = "databases, files and secrets; on a local disk"
    return Path(terminal.ask("Data directory", str(Path(default).absolute()), hint=hint)).absolute()


def settle(chosen: argparse.Namespace, terminal: Terminal | None, data_dir: Path) -> bool:
    """Answers into the settings file; False, with the reason printed, when the machine or the database cannot do."""
    path = data_dir / FILE_NAME
    stored = read_settings_file(path)
    known = path.exists()
    changes = given_in_options(chosen)
    if not known:
        changes = _first_answers(terminal, changes)
    elif terminal is not None and not changes:
        changes = _single_answers(terminal, path, stored)
    while True:
        if known:
            changes = {key: value for key, value in changes.items() if value != stored.get(key, "")}
            _refuse_moving(data_dir, stored, changes)
        wanted = _settings(data_dir, {**stored, **changes})
        if wanted.tls_cert:
            given.checked(wanted.tls_cert, wanted.tls_key, system_clock())
        trouble = prerequisites.trouble(wanted)
        if trouble is None:
            break
        if terminal is None or not trouble.about_database:
            return False
        print("  Give another address of the database, or leave with Ctrl+C and see to it first.")
        changes[DATABASE.key] = _ask(terminal, DATABASE, "")
    if changes or not known:
        write_settings(path, changes)
        _tell_changes(path, stored, changes)
    return True


def _settings(data_dir: Path, values: Mapping[str, str]) -> Settings:
    return Settings.of({**values, "ASSETS_DATA_DIR": str(data_dir)})


def given_in_options(chosen: argparse.Namespace) -> dict[str, str]:
    """The settings that stand in options, checked."""
    questions = (*QUESTIONS, *OPTIONS_ONLY)
    found = {q.key: getattr(chosen, q.option) for q in questions}
    texts = {key: " ".join(value) if isinstance(value, list) else value for key, value in found.items()}
    return {q.key: q.checked(texts[q.key]) for q in questions if texts[q.key] is not None}


def _first_answers(terminal: Terminal | None, by_option: Mapping[str, str]) -> dict[str, str]:
    """Every answer: from the options, else asked for, else what the environment says or the default."""
    answers = dict(by_option)
    present = Settings.of(os.environ)
    for question in QUESTIONS:
        if question is TLS_NAMES and answers.get(TLS.key) != "yes":
            continue
        if question.key not in answers:
            default = present.text_of(question.key)
            answers[question.key] = default if terminal is None else _ask(terminal, question, default)
    return {key: text for key, text in answers.items() if text}


def _ask(terminal: Terminal, question: Question, default: str) -> str:
    print()
    shown = hidden(default) or ("sqlite" if question is DATABASE else "nothing")
    return terminal.ask(question.prompt, default, hint=question.hint, check=question.checked, shown=shown)


def _single_answers(terminal: Terminal, path: Path, stored: Mapping[str, str]) -> dict[str, str]:
    """Show what is there, and ask which of it to change."""
    changes: dict[str, str] = {}
    print(f"{path} is there:")
    while True:
        values = {**stored, **changes}
        for number, question in enumerate(QUESTIONS, start=1):
            print(f"  {number}  {question.prompt}: {hidden(values.get(question.key, '')) or '(default)'}")
        numbers = ["", *map(str, range(1, len(QUESTIONS) + 1))]
        answer = terminal.choose("Number of one to change (Enter: nothing)", numbers, "")
        if not answer:
            return changes
        question = QUESTIONS[int(answer) - 1]
        changes[question.key] = _ask(terminal, question, values.get(question.key, ""))


def _refuse_moving(data_dir: Path, stored: Mapping[str, str], changes: Mapping[str, str]) -> None:
    """Another database would be an empty one: the data would seem to be gone."""
    if DATABASE.key in changes and prerequisites.holds_data(_settings(data_dir, stored)):
        raise SettingsError(
            f"{DATABASE.key}: the present database holds data, which would stay behind. To move: `assets backup`, "
            "then `assets restore` into the new one. Nothing was changed"
        )


def _tell_changes(path: Path, stored: Mapping[str, str], changes: Mapping[str, str]) -> None:
    for key, value in changes.items():
        before = hidden(stored.get(key, ""))
        print(f"{key}={hidden(value)}" + (f" (was {before})" if before else ""))
        if key in os.environ and os.environ[key].strip() != value:
            print(f"  but the environment says {hidden(os.environ[key])!r}, and wins: unset it", file=sys.stderr)
    print(f"kept in {path}; a server that runs takes it at its next start")
