import pytest

from unstuck.checks import diagnose
from unstuck.checks.data_copied_to_memory import data_copied_to_memory

from .sample import facts, file, held, memory, place


def found(files, arrays, **changes):
    return data_copied_to_memory(facts(memory=memory(files, arrays, **changes)))


def test_fires():
    [finding] = found([file()], [held()])
    assert finding.severity == "warning"
    assert finding.message == (
        "data is a copy in memory, 200 MB, of the mapped file train.npy (200 MB)"
    )
    assert str(finding.location) == "train.py:4"


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_fires_on_numbers_made_wider(width):
    wider = held(size=200_000_000 // width * 4, entries=200_000_000 // width)
    assert len(found([file()], [wider])) == 1


def test_an_archive_that_was_to_be_mapped_is_a_note():
    [finding] = found([file("train.npz", mapped=False)], [])
    assert finding.severity == "note"
    assert finding.message.endswith("although mmap_mode was given: archives cannot be mapped")


def test_a_large_file_read_whole_is_a_note():
    large = file(mapped=False, wanted_mapped=False, size=4_000_000_000)
    assert [f.severity for f in found([large], [])] == ["note"]
    assert found([large], [], total=64_000_000_000) == []


@pytest.mark.parametrize(
    "changes", [{"mapped": True}, {"size": 90_000_000, "entries": 22_500_000}, {"entries": 7}]
)
def test_stays_quiet(changes):
    assert found([file()], [held(**changes)]) == []


def test_a_file_that_fits_easily_may_be_read_whole():
    assert found([file(mapped=False, wanted_mapped=False)], [held()]) == []


def test_a_comment_says_that_the_copy_is_meant():
    here = place(code="data = np.array(mapped)  # unstuck: ignore[data-copied-to-memory]")
    given = facts(memory=memory([file()], [held(place=here)]))
    assert (diagnose(given).findings, len(diagnose(given).ignored)) == ((), 1)
