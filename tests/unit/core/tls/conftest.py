"""An office's data directory, and certificates as others make them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assets.settings import Settings
from tests.support.certificates import given_files

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def office(tmp_path: Path) -> Settings:
    """Nothing there yet."""
    return Settings(data_dir=tmp_path, tls="yes", tls_names=("idora.local", "192.168.7.20"))


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """(certificate, key) as files, for assets.example.uz and 90 days unless told otherwise."""

    def made(
        name: str = "assets.example.uz", begins: datetime = NOW - timedelta(days=1), days: int = 90
    ) -> tuple[str, str]:
        folder = tmp_path / f"given-{name}-{days}"
        return given_files(folder, name, begins, begins + timedelta(days=days))

    return made
