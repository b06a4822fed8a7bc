"""Settings: ``[tool.unstuck]`` of the nearest pyproject.toml, under what the command line says."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from unstuck.errors import UsageError

Checks = Mapping[str, Mapping[str, Any]]

FAIL_ON = ("error", "warning", "note", "never")


@dataclass(frozen=True)
class Settings:
    """What a watched run goes by. ``options`` holds keyword options of single checks."""

    steps: int = 200
    seconds: float = 60.0
    fail_on: str = "warning"
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def read_settings(folder: Path, checks: Checks) -> Settings:
    """The settings of the nearest pyproject.toml at or above the folder.

    Args:
        folder: where to begin to look.
        checks: the checks that exist, each with its options and their defaults.

    Raises:
        UsageError: the table has a key or a value that means nothing.
    """
    for place in (folder, *folder.parents):
        file = place / "pyproject.toml"
        if file.is_file():
            return _of_table(_table(file), file, checks)
    return Settings()


def _table(file: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("unstuck", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, AttributeError) as error:
        raise UsageError(
            f"{file}: {error}", "correct the file, or run from another folder"
        ) from error
    if not isinstance(table, dict):
        raise UsageError(f"{file}: [tool.unstuck] is not a table", "")
    return table


def _of_table(table: dict[str, Any], file: Path, checks: Checks) -> Settings:
    known = {each.name.replace("_", "-") for each in fields(Settings)}
    unknown = sorted(set(table) - known)
    if unknown:
        raise UsageError(
            f"{file}: [tool.unstuck] does not know {unknown[0]!r}",
            f"it knows {', '.join(sorted(known))}",
        )
    values = {key.replace("-", "_"): value for key, value in table.items()}
    for key in ("select", "ignore"):
        if key in values:
            values[key] = tuple(values[key]) if isinstance(values[key], list) else (values[key],)
    try:
        return checked(Settings(**values), checks)
    except UsageError as error:
        raise UsageError(f"{file}: {error.message}", error.hint) from error


def checked(settings: Settings, checks: Checks) -> Settings:
    """The same settings, if they mean something.

    Raises:
        UsageError: naming the first that does not.
    """
    if not _is_number(settings.steps) or settings.steps < 1 or settings.steps % 1 != 0:
        raise UsageError(f"steps must be a whole number above 0, not {settings.steps!r}", "")
    if not _is_number(settings.seconds) or not 0 < settings.seconds < float("inf"):
        raise UsageError(f"seconds must be a number above 0, not {settings.seconds!r}", "")
    if settings.fail_on not in FAIL_ON:
        raise UsageError(f"fail-on must be one of {', '.join(FAIL_ON)}", "")
    if not isinstance(settings.options, dict) or not all(
        isinstance(each, dict) for each in settings.options.values()
    ):
        raise UsageError("options must be a table of tables, one for each check", "")
    for name in (*settings.select, *settings.ignore, *settings.options):
        if not isinstance(name, str) or name not in checks:
            raise UsageError(f"there is no check named {name!r}", "unstuck explain lists them")
    for name, given in settings.options.items():
        _check_options(name, given, checks[name])
    return settings


def _check_options(name: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Each option exists and is a number, as all of them are."""
    for key, value in given.items():
        if key not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise UsageError(f"{name} has no option {key!r}", has)
        if not _is_number(value):
            raise UsageError(f"{name}: {key} must be a number, not {value!r}", "")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
