"""A file's own names and words."""

from pathlib import Path

import pytest

from storage.feeds.kinds.appointments import APPOINTMENTS
from storage.feeds.mapping import Mapping, kind_called, presets, read_mapping
from storage.feeds.report import ImportRefused, KindWord

NAMES = ["appointment_id", "patient_id", "department", "start", "status"]


def test_without_a_mapping_fields_have_their_own_names_whatever_the_capitals() -> None:
    layout = Mapping().fit(
        ["Status", " START ", "department", "patient_id", "appointment_id"], APPOINTMENTS
    )
    assert layout.positions[:5] == (4, 3, 2, 1, 0)
    assert set(layout.positions[5:]) == {-1}
    assert layout.extras == ()


def test_other_columns_are_extras_but_what_a_rejects_file_adds_is_not() -> None:
    layout = Mapping().fit(
        [*NAMES, "ward", "rejected_line", "rejected_because", "bed"], APPOINTMENTS
    )
    assert layout.extras == (("ward", 5), ("bed", 8))


def test_a_text_names_a_column_and_its_words() -> None:
    mapping = read_mapping(["department=Neighbourhood", "status=No-show:Yes=noshow,No=fulfilled"])
    assert mapping.columns == {"department": "Neighbourhood", "status": "No-show"}
    assert mapping.words == {"status": {"Yes": "noshow", "No": "fulfilled"}}


def test_a_column_may_have_a_colon_in_its_name() -> None:
    assert read_mapping(["start=Date: start"]).columns == {"start": "Date: start"}


def test_a_toml_file_says_the_same_and_what_comes_later_goes_before(tmp_path: Path) -> None:
    toml = tmp_path / "ours.toml"
    toml.write_text('[columns]\nstart = "Von"\nage = "Alter"\n[words.sex]\nW = "female"\n')
    mapping = read_mapping(["start=Begin", str(toml), "age=Years"])
    assert mapping == Mapping({"start": "Von", "age": "Years"}, {"sex": {"W": "female"}})


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("Waiting_ID,patient_id,department,urgency,since", KindWord.WAITLIST),
        ("clinician,department,start,end", KindWord.SESSIONS),
        (",".join([*NAMES, "clinician", "end"]), KindWord.APPOINTMENTS),
        ("waiting_id,patient_id,department,urgency", KindWord.WAITLIST),
        ("clinician,department,start", KindWord.SESSIONS),
        ("a,b", KindWord.APPOINTMENTS),
    ],
)
def test_a_header_tells_the_kind_of_a_file_or_the_nearest(header: str, kind: KindWord) -> None:
    assert Mapping().kind_of(header.split(",")).word is kind
    assert kind_called(kind).word is kind


def test_a_mapped_column_tells_the_kind_too() -> None:
    mapping = read_mapping(["waiting_id=Place", "since=From"])
    header = ["Place", "patient_id", "department", "urgency", "From"]
    assert mapping.kind_of(header).word is KindWord.WAITLIST


def test_every_preset_can_be_read() -> None:
    assert "vitoria-2016" in presets()
    for name in presets():
        assert read_mapping([name]).columns


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("department", "write it like"),
        ("department=", "write it like"),
        ("=Clinic", "write it like"),
        ("ward=Clinic", "no field ward; there is: waiting_id"),
        ("status=No-show:Yes=noshow,No", "every word needs its meaning"),
        ("nowhere.toml", "cannot be read"),
    ],
)
def test_a_malformed_text_is_refused(given: str, said: str) -> None:
    with pytest.raises(ImportRefused, match=said):
        read_mapping([given])


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[columns", "is not TOML"),
        ('[columns]\nward = "x"', "no field ward"),
        ("[columns]\nage = 3", "texts only"),
        ('columns = "x"', "needs tables"),
        ('[words]\nstatus = "x"', "needs tables"),
        ('[colums]\nage = "x"', "has colums"),
    ],
)
def test_a_malformed_toml_file_is_refused(toml: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(toml)
    with pytest.raises(ImportRefused, match=said):
        read_mapping([str(path)])


def test_missing_columns_are_named_with_what_was_found() -> None:
    with pytest.raises(ImportRefused) as refusal:
        read_mapping(["department=Clinic"]).fit(
            ["PatientId", "start", "status", "patient_id"], APPOINTMENTS
        )
    assert str(refusal.value) == (
        "missing columns of an appointments file: appointment_id, Clinic (for department);"
        " found: PatientId, start, status, patient_id"
    )
    assert refusal.value.on_server == (
        "Name them by --map, such as --map department=Clinic,"
        " or say what it holds by --kind appointments|waitlist|sessions"
    )


def test_an_optional_column_that_was_named_must_be_there() -> None:
    with pytest.raises(
        ImportRefused, match=r"missing column of an appointments file: Years \(for age\)"
    ):
        read_mapping(["age=Years"]).fit(NAMES, APPOINTMENTS)


def test_a_name_that_appears_twice_is_refused() -> None:
    with pytest.raises(ImportRefused, match="ward appears twice"):
        Mapping().fit([*NAMES, "Ward", "ward"], APPOINTMENTS)


def test_needed_fields_come_first() -> None:
    assert list(APPOINTMENTS.fields.needed) == NAMES
