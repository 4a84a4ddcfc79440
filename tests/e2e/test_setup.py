"""Setting up an empty machine as a person does: by options, by questions, with mistakes, left and called again."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from tests.e2e.conftest import await_health, free_port
from tests.support.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "Yangi-Idora-2026"
QUESTIONS = (
    "Data directory [", "Database [", "Address that people type [", "Address on labels [",
    "Where the pages are served [", "HTTPS [", "Where trackers connect [", "Time zone [", "Languages [",
    "Mail server [", "Folder of the backups [", "Units [", "Login [", "Name: ", "Service number [", "Unit [",
    "Mail address [",
)  # fmt: skip


def environment(data_dir: Path | None = None) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ASSETS_")}
    return kept | {"PYTHONUNBUFFERED": "1"} | ({"ASSETS_DATA_DIR": str(data_dir)} if data_dir else {})


def assets(
    data_dir: Path, *arguments: str, given: str = "", extra: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assets", *arguments], cwd=ROOT, env=environment(data_dir) | (extra or {}), input=given,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def set_up(data_dir: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """By options, with the administrator `chief`."""
    return assets(
        data_dir, "setup", "--yes", "--administrator", "chief", "--password-stdin", *options, given=f"{PASSWORD}\n"
    )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine that was set up once, to be copied."""
    data_dir = tmp_path_factory.mktemp("prepared") / "data"
    done = set_up(data_dir, "--smtp-url", "smtp://office:Hidden-Word@mail.example.uz")
    assert done.returncode == 0, done.stderr
    return data_dir


@pytest.fixture
def there(prepared: Path, tmp_path: Path) -> Path:
    """A machine that is set up."""
    return shutil.copytree(prepared, tmp_path / "data")


def at_terminal(data_dir: Path) -> Terminal:
    return Terminal([sys.executable, "-m", "assets", "setup"], environment(data_dir), str(ROOT))


def count(data_dir: Path, table: str, where: str = "1=1") -> int:
    with closing(sqlite3.connect(data_dir / "assets.db")) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0])  # noqa: S608  # ours


def is_whole(data_dir: Path) -> bool:
    """What a finished setup leaves, once and no more."""
    counts = [count(data_dir, table) for table in ("region", "unit", "account", "person", "role_grant")]
    return counts == [14, 15, 1, 1, 1] and (data_dir / "secrets" / "backup.key").exists()


@contextmanager
def web_of(data_dir: Path) -> Iterator[str]:
    """`assets web` on it; the address."""
    address = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "assets", "web", "--listen", address.removeprefix("http://"), "--workers", "1"]
    with (data_dir.parent / "web.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(data_dir), stdout=log, stderr=log)
    try:
        await_health(process, address, 180)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


def home_of(address: str, login: str) -> str:
    """The first page of somebody who signs in."""
    browser = build_opener(HTTPCookieProcessor(http.cookiejar.CookieJar()))
    page = browser.open(f"{address}/login", timeout=30).read().decode()
    token = re.findall(r'name="csrf-token" content="([^"]+)"', page)[0]
    form = urlencode({"login": login, "password": PASSWORD, "csrf_token": token}).encode()
    try:
        return str(browser.open(f"{address}/login", data=form, timeout=30).read().decode())
    except HTTPError as error:
        return str(error.read().decode())


def test_by_options_an_empty_folder_becomes_an_office_where_the_administrator_signs_in(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    done = set_up(data_dir, "--languages", "ru uz", "--backup-dir", str(tmp_path / "backups"))
    assert done.returncode == 0, done.stderr
    assert is_whole(data_dir)
    key = re.findall(r"AGE-SECRET-KEY-1\w+", done.stdout)
    assert len(key) == 1, "the key is printed once"
    assert PASSWORD not in done.stdout + done.stderr + (data_dir / "settings.env").read_text()
    assert (data_dir / "settings.env").stat().st_mode & 0o777 == 0o600
    with web_of(data_dir) as address:
        page = home_of(address, "chief")
    assert 'name="account" content="chief"' in page
    assert '<html lang="ru">' in page, "the first language is that of new accounts"
    assert "/admin/setup" in page
    again = assets(data_dir, "setup", "--yes")
    assert again.returncode == 0, again.stderr
    assert "AGE-SECRET" not in again.stdout
    assert "15 units are there" in again.stdout
    assert is_whole(data_dir), "called again it changes nothing"


def test_by_questions_with_wrong_answers_told_at_once(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with at_terminal(data_dir) as terminal:
        answers: dict[str, tuple[tuple[str, str], ...]] = {
            "Database [": (("mysql://x", "use sqlite:///"), ("sqlite", "")),
            "Address that people type [": (("assets.example.uz", "is not an http"), ("https://assets.example.uz", "")),
            "Where the pages are served [": (("everywhere", "is not HOST:PORT"), ("", "")),
            "HTTPS [": (("perhaps", "yes or no is expected"), ("", "")),
            "Time zone [": (("Asia/Toshkent", "no time zone is called"), ("", "")),
            "Languages [": (("uz, fr", "name some of en ru uz"), ("uz ru", "")),
            "Mail server [": (("mail.example.uz", "use smtp://"), ("", "")),
            "Folder of the backups [": (("backups", "whole path"), ("", "")),
            "Units [": (("/no/such/file.csv", "there is no file"), ("standard", "")),
            "Login [": (("A B", "2 to 64 characters"), ("chief", "")),
            "Name: ": (("", "a name is expected"), ("Toshkentov Aziz", "")),
            "Unit [": (("IMT-XX", "answer one of"), ("IMT-TK", "")),
        }
        for question in QUESTIONS:
            for answer, said in answers.get(question, (("", ""),)):
                terminal.expect(question)
                terminal.type(answer)
                if said:
                    terminal.expect(said)
        terminal.expect("Password (not shown): ")
        terminal.type("short")
        terminal.expect("at least 10 characters")
        # What is typed before the prompt stands is thrown away.
        terminal.expect("Password (not shown): ")
        terminal.type(PASSWORD)
        terminal.expect("The same again: ")
        terminal.type(f"{PASSWORD}x")
        terminal.expect("The two differ.")
        terminal.expect("Password (not shown): ")
        terminal.type(PASSWORD)
        terminal.expect("The same again: ")
        terminal.type(PASSWORD)
        assert terminal.end() == 0, terminal.seen
    assert PASSWORD not in terminal.seen
    assert is_whole(data_dir)
    assert count(data_dir, "person", "number = 'CHIEF' AND name = 'Toshkentov Aziz'") == 1
    assert "ASSETS_BASE_URL=https://assets.example.uz\n" in (data_dir / "settings.env").read_text()


def test_second_call_changes_single_answers_and_nothing_else(there: Path) -> None:
    data_dir = there
    path = data_dir / "settings.env"
    path.write_text(f"# the office's own words\n{path.read_text()}")
    with at_terminal(data_dir) as terminal:
        terminal.expect("Number of one to change")
        terminal.type("8")
        terminal.expect("Time zone [Asia/Tashkent]: ")
        terminal.type("Asia/Samarkand")
        terminal.expect("Number of one to change")
        terminal.type("")
        assert terminal.end() == 0, terminal.seen
    assert "ASSETS_TIMEZONE=Asia/Samarkand (was Asia/Tashkent)" in terminal.seen
    assert "Hidden-Word" not in terminal.seen
    assert path.read_text().startswith("# the office's own words\n")
    assert is_whole(data_dir)
    by_option = assets(data_dir, "setup", "--yes", "--base-url", "https://new.example.uz")
    assert "ASSETS_BASE_URL=https://new.example.uz (was http://127.0.0.1:8000)" in by_option.stdout
    assert "Asia/Samarkand" in path.read_text()
    assert "Hidden-Word" in path.read_text(), "what was not asked for stays"


def test_what_the_environment_says_is_told_when_it_wins_over_an_answer(there: Path) -> None:
    done = assets(there, "setup", "--yes", "--timezone", "Asia/Samarkand", extra={"ASSETS_TIMEZONE": "Asia/Tashkent"})
    assert done.returncode == 0
    assert "the environment says 'Asia/Tashkent', and wins" in done.stderr


def test_other_database_is_refused_while_this_one_holds_the_data(there: Path, tmp_path: Path) -> None:
    before = (there / "settings.env").read_text()
    done = assets(there, "setup", "--yes", "--database-url", f"sqlite:///{tmp_path / 'other.db'}")
    assert done.returncode == 1
    assert "would stay behind" in done.stderr
    assert (there / "settings.env").read_text() == before
    assert not (tmp_path / "other.db").exists()


@pytest.mark.parametrize("question", ["Database [", "Units [", "Password (not shown): "])
def test_left_with_ctrl_c_it_goes_on_from_there(question: str, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with at_terminal(data_dir) as terminal:
        for asked in QUESTIONS:
            if asked == question:
                break
            terminal.expect(asked)
            terminal.type("Toshkentov Aziz" if asked == "Name: " else "")
        terminal.expect(question)
        assert terminal.interrupt() == 1
    assert "`assets setup` goes on from here" in terminal.seen
    assert set_up(data_dir).returncode == 0
    assert is_whole(data_dir)


@pytest.mark.parametrize("line", ["kept in", "main database", "14 regions loaded", "15 units added"])
def test_killed_anywhere_it_is_finished_by_the_next_call(line: str, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    command = [
        sys.executable, "-m", "assets", "setup", "--yes", "--administrator", "chief", "--password-stdin",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(data_dir), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{PASSWORD}\n")
    process.stdin.flush()
    for shown in process.stdout:
        if line in shown:
            process.kill()
            break
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it was killed on its way"
    done = set_up(data_dir)
    assert done.returncode == 0, done.stderr
    assert is_whole(data_dir)


@pytest.mark.parametrize(
    ("options", "given", "code", "said"),
    [
        (("--yes",), "", 2, "no administrator yet"),
        (("--yes", "--administrator", "chief"), "", 2, "--password-stdin"),
        ((), "", 2, "no terminal"),
        (("--yes", "--json"), "", 2, "--next"),
        (("--yes", "--administrator", "chief", "--password-stdin"), "", 1, "password is expected"),
        (("--yes", "--administrator", "chief", "--password-stdin"), "short\n", 1, "at least 10"),
        (("--yes", "--timezone", "Mars/Olympus"), "", 1, "ASSETS_TIMEZONE"),
        (("--yes", "--units", "/no/such.csv"), "", 1, "no file such.csv"),
        (("--yes", "--database-url", "postgresql://x@127.0.0.1:1/x"), "", 1, "does not answer"),
    ],
)
def test_options_that_will_not_do_are_refused_in_words(
    options: tuple[str, ...], given: str, code: int, said: str, tmp_path: Path
) -> None:
    done = assets(tmp_path / "data", "setup", *options, given=given)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert said in done.stderr


def test_file_of_units_with_a_wrong_row_adds_none_and_names_the_row(tmp_path: Path) -> None:
    sheet = tmp_path / "units.csv"
    sheet.write_text("code,name,region\nIMT-1,First,UZ-FA\nIMT-2,Second,UZ-ZZ\n")
    done = set_up(tmp_path / "data", "--units", str(sheet))
    assert done.returncode == 1
    assert "row 3, region" in done.stderr
    assert count(tmp_path / "data", "unit") == 0
    sheet.write_text("code,name,region\nIMT-1,First,UZ-FA\n")
    assert set_up(tmp_path / "data", "--units", str(sheet)).returncode == 0
    assert (count(tmp_path / "data", "unit"), count(tmp_path / "data", "region")) == (1, 14)


def test_what_is_left_is_printed_as_words_and_as_json(there: Path) -> None:
    assert "[ ] The first grant" in assets(there, "setup", "--next").stdout
    steps = {step["step"]: step for step in json.loads(assets(there, "setup", "--next", "--json").stdout)}
    assert steps["units"]["done"] is True
    assert steps["backup"]["done"] is False
    assert steps["time_zone"]["done"] is True
