"""Who asks for what, and where: the words the generator draws from. Postal and area codes are real."""

from dataclasses import dataclass

FIRST_NAMES = (
    "Maria", "James", "Linda", "Robert", "Patricia", "Michael", "Jennifer", "David", "Elizabeth", "José",
    "Susan", "Thomas", "Jessica", "Daniel", "Karen", "Carlos", "Nancy", "Kevin", "Priya", "Brian", "Aisha",
    "George", "Emily", "Anh", "Olivia", "Raymond", "Grace", "Dmitri", "Hannah", "Terrence", "Sofía", "Walter",
)  # fmt: skip
LAST_NAMES = (
    "Garcia", "Smith", "Johnson", "Nguyen", "Williams", "Martinez", "Brown", "O'Neill", "Davis", "Patel",
    "Miller", "Hernández", "Wilson", "Okafor", "Anderson", "Thompson", "Lee", "Walker", "Kowalski", "Young",
    "Ramirez", "Clark", "Baker", "Rivera", "Campbell", "Schmidt", "Torres", "Hughes", "Foster", "Yamamoto",
)  # fmt: skip
MAIL_DOMAINS = ("example.com", "example.net", "example.org", "mail.example.com")
DISPOSABLE_DOMAINS = ("mailinator.com", "guerrillamail.com", "yopmail.com", "10minutemail.com")

Place = tuple[str, str]  # postal code, city


@dataclass(frozen=True)
class Market:
    """A city of the catalogue: ISO 3166-2 region, area codes, where its leads live."""

    region_code: str
    area_codes: tuple[str, ...]
    places: tuple[Place, ...]


def _in(city: str, codes: str) -> tuple[Place, ...]:
    return tuple((code, city) for code in codes.split())


MARKETS = {
    "austin": Market(
        "US-TX",
        ("512", "737"),
        _in(
            "Austin",
            "78701 78702 78703 78705 78722 78723 78727 78731 78735 78741 78745 78746 78748 78751 78757 78759",
        ),
    ),
    "tampa": Market(
        "US-FL",
        ("813", "656"),
        _in("Tampa", "33602 33603 33604 33605 33606 33609 33610 33611 33614 33616 33617 33624 33629 33647"),
    ),
    "denver": Market(
        "US-CO",
        ("303", "720"),
        _in("Denver", "80202 80203 80204 80205 80206 80209 80210 80211 80212 80218 80220 80222 80223 80237"),
    ),
}
FAR_AWAY = (("90210", "Beverly Hills"), ("10001", "New York"), ("60614", "Chicago"), ("98101", "Seattle"))
OTHER_AREA_CODE = "208"  # Idaho: no market of the catalogue
NO_PHONES = ("512-555-01", "000-000-0000", "call me at work", "+1 999")

# trade: what people ask for, as (job_type, message)
JOBS = {
    "plumbing": (
        ("leak", "The kitchen faucet leaks under the sink and the cabinet floor is wet."),
        ("leak", "Water stain on the ceiling below the upstairs bathroom, getting bigger."),
        ("drain", "Shower drain backs up every morning; we tried a snake, no luck."),
        ("drain", "Main line clogged, toilets gurgle when the washer runs."),
        ("water_heater", "No hot water since last night, 12 year old gas water heater."),
        ("burst_pipe", "Pipe burst in the garage, water is shut off at the street."),
    ),
    "roofing": (
        ("storm_damage", "Lost a row of shingles in the storm, tarp is on for now."),
        ("hail_damage", "Hail last week, neighbors all get new roofs. Please inspect ours."),
        ("leak", "Drip in the attic around the chimney whenever it rains hard."),
        ("replacement", "Roof is at the end of its life, we want quotes for a full replacement."),
    ),
    "hvac": (
        ("no_cooling", "AC runs all day but the house stays at 82."),
        ("no_heat", "Furnace lights, then shuts off after a minute."),
        ("tune_up", "Looking for a yearly service before the season starts."),
        ("new_system", "Two bids so far for a heat pump, would like a third."),
    ),
}
