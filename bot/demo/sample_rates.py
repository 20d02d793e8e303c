"""The figures behind the sample HMO: how often whom misses what, and who works there.

No-show rates and the age mix are real (see `SOURCE`). Volumes, ages per department, waiting times,
names and all people are made up; the HMO is somewhat younger than the source's hospitals.
"""

from dataclasses import dataclass
from typing import Final

SOURCE: Final = (
    "NHS England, Provisional Monthly Hospital Episode Statistics, outpatients, July 2026, "
    "Open Government Licence v3.0"
)


@dataclass(frozen=True)
class Specialty:
    """A department of the sample.

    Attributes:
        name: What people see.
        no_show_rate: Missed ÷ (missed + attended), from `SOURCE`.
        share: Its part of all appointments.
        minutes: How long a visit takes.
        clinicians: How many people see patients there.
        wait: Mean lead time in days of a visit that was booked ahead.
        same_day: Share of visits booked on the day itself.
        ages: Youngest and oldest patient, whole years.
        typical_age: Where its patients' ages gather.
        women_only: Whether all patients are women.
    """

    name: str
    no_show_rate: float
    share: float
    minutes: int
    clinicians: int
    wait: int
    same_day: float
    ages: tuple[int, int]
    typical_age: int
    women_only: bool = False


SPECIALTIES: Final = (
    Specialty("Cardiology", 0.0694, 0.09, 20, 6, 45, 0.03, (18, 95), 64),
    Specialty("Dermatology", 0.0594, 0.12, 15, 6, 42, 0.06, (0, 95), 36),
    Specialty("Orthopaedics", 0.0593, 0.13, 20, 8, 36, 0.07, (0, 95), 48),
    Specialty("Ophthalmology", 0.0674, 0.12, 15, 7, 45, 0.05, (0, 95), 62),
    Specialty("Ear, Nose and Throat", 0.0819, 0.07, 20, 5, 34, 0.06, (0, 95), 34),
    Specialty("Gynaecology", 0.0599, 0.13, 20, 7, 30, 0.08, (15, 95), 32, women_only=True),
    Specialty("Paediatrics", 0.0965, 0.10, 20, 6, 18, 0.14, (0, 17), 6),
    Specialty("Diabetes Clinic", 0.1178, 0.04, 30, 4, 50, 0.01, (12, 95), 50),
    Specialty("Physiotherapy", 0.0851, 0.09, 30, 8, 20, 0.03, (8, 95), 42),
    Specialty("Respiratory Medicine", 0.0974, 0.04, 20, 4, 40, 0.05, (16, 95), 58),
    Specialty("Adult Mental Health", 0.0841, 0.04, 45, 5, 30, 0.02, (20, 95), 32),
    Specialty("Neurology", 0.0870, 0.03, 30, 4, 55, 0.02, (16, 95), 44),
)


@dataclass(frozen=True)
class AgeBand:
    """People of one age range, both figures from `SOURCE`.

    Attributes:
        youngest: Whole years; the band ends where the next one begins.
        share: Its part of all attended or missed appointments of a known age.
        no_show_rate: Missed ÷ (missed + attended).
    """

    youngest: int
    share: float
    no_show_rate: float


AGE_BANDS: Final = (
    AgeBand(0, 0.0287, 0.0870),
    AgeBand(5, 0.0237, 0.0967),
    AgeBand(10, 0.0284, 0.0892),
    AgeBand(15, 0.0321, 0.1092),
    AgeBand(20, 0.0327, 0.1157),
    AgeBand(25, 0.0509, 0.0959),
    AgeBand(30, 0.0670, 0.0831),
    AgeBand(35, 0.0632, 0.0854),
    AgeBand(40, 0.0513, 0.0886),
    AgeBand(45, 0.0495, 0.0810),
    AgeBand(50, 0.0567, 0.0706),
    AgeBand(55, 0.0716, 0.0611),
    AgeBand(60, 0.0820, 0.0517),
    AgeBand(65, 0.0818, 0.0432),
    AgeBand(70, 0.0776, 0.0373),
    AgeBand(75, 0.0852, 0.0351),
    AgeBand(80, 0.0636, 0.0384),
    AgeBand(85, 0.0363, 0.0474),
    AgeBand(90, 0.0176, 0.0537),
)
OLDEST: Final = 95
"""The oldest patient, whole years."""

LANGUAGES: Final = {"he": 0.62, "ar": 0.18, "ru": 0.13, "en": 0.04, "am": 0.015, "fr": 0.015}
"""Patients' languages (ISO 639-1) and their shares."""

SURNAMES: Final = (  # noqa: SIM905 (as a list of literals it would fill a screen)
    "Vaknin Tadesse Zamir Barhum Golan Qasem Tamir Rahal Sapir Belay Shaham Asfour Dayan Doron "
    "Salameh Carmi Dagan Chen Edri Gordon Bloch Eilat Mansour Adler Yadin Malka Amsalem Galili "
    "Fischer Jabarin Atias Nagar Ghanem Nasser Harari Gabay Azoulay Sokolov Biton Halabi "
    "Mekonnen Ivanova Orlov Kaplan Abadi Peretz Lavi Dubinsky Mizrahi Haddad Assaf Alon Levin "
    "Romano Avni Darwish Kogan Melnik Ayalon Ben-Ami Desta Raz Kessler Abramov Wexler Badran "
    "Klein Tal Ofer Khoury Barak Boulos Arad Elbaz Nevo Agbaria Saban Karam Farah Zuabi"
).split()
"""Clinicians' names, one for each."""
