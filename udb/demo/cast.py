"""Who is in the demo: people from all over the world, and the three workspaces that they share."""

from dataclasses import dataclass, field
from typing import Final

from server.workspaces.roles import Role

#: Reserved for examples (RFC 2606): mail to it reaches nobody.
DOMAIN: Final = "demo.example"


@dataclass(frozen=True)
class Person:
    """An account; the part of the e-mail before the @ also names the person among the others."""

    key: str
    name: str
    locale: str
    time_zone: str

    @property
    def email(self) -> str:
        """The e-mail of the account."""
        return f"{self.key}@{DOMAIN}"


@dataclass(frozen=True)
class Team:
    """A workspace; people stand here by their keys. Who is invited need not have an account.

    `extra` are permissions beyond the role; `keys` are the workspace's API keys and their scopes.
    """

    name: str
    slug: str
    labels: dict[str, str]
    owner: str
    admins: tuple[str, ...]
    members: tuple[str, ...]
    viewers: tuple[str, ...]
    invited: dict[str, Role]
    declined: tuple[str, ...]
    revoked: tuple[str, ...]
    keys: dict[str, tuple[str, ...]]
    extra: dict[str, tuple[str, ...]] = field(default_factory=dict)
    offered_to: str | None = None

    @property
    def joining(self) -> dict[str, Role]:
        """Everybody but the owner, with their roles."""
        return {
            **dict.fromkeys(self.admins, Role.ADMIN),
            **dict.fromkeys(self.members, Role.MEMBER),
            **dict.fromkeys(self.viewers, Role.VIEWER),
        }

    def role_of(self, key: str) -> Role | None:
        """The part that a person takes, if any."""
        return Role.OWNER if key == self.owner else self.joining.get(key)


#: An administrator of the installation.
ADMINISTRATOR: Final = "ada"

PEOPLE: Final = (
    Person("ada", "Adaeze Okonkwo", "ig", "Africa/Lagos"),
    Person("bjork", "Björk Sigurðardóttir", "is", "Atlantic/Reykjavik"),
    Person("chihiro", "佐藤 千尋", "ja", "Asia/Tokyo"),
    Person("dmitri", "Дмитро Шевченко", "uk", "Europe/Kyiv"),
    Person("eleni", "Ελένη Παπαδοπούλου", "el", "Europe/Athens"),
    Person("fatima", "فاطمة الزهراء بنعلي", "ar", "Africa/Casablanca"),
    Person("giorgi", "გიორგი ბერიძე", "ka", "Asia/Tbilisi"),
    Person("hana", "하은 김", "ko", "Asia/Seoul"),
    Person("inigo", "Íñigo Etxeberria", "eu", "Europe/Madrid"),
    Person("jia", "李佳", "zh-Hans", "Asia/Shanghai"),
    Person("kavya", "ಕಾವ್ಯ ರಾವ್", "kn", "Asia/Kolkata"),
    Person("lukasz", "Łukasz Wójcik", "pl", "Europe/Warsaw"),
    Person("miriam", "מרים לוי", "he", "Asia/Jerusalem"),
    Person("nguyen", "Nguyễn Thị Phương", "vi", "Asia/Ho_Chi_Minh"),
    Person("oyelaran", "Ọ̀yẹ́lárán Adébáyọ̀", "yo", "Africa/Lagos"),
    Person("priya", "प्रिया शर्मा", "hi", "Asia/Kolkata"),
    Person("quilla", "Quilla Mamani Quispe", "qu", "America/Lima"),
    Person("rojin", "Rojîn Demîr", "ku", "Europe/Istanbul"),
    Person("somchai", "สมชาย วงศ์สวัสดิ์", "th", "Asia/Bangkok"),
    Person("tala", "Tala Mateo-Reyes", "fil", "Asia/Manila"),
    Person("umar", "عمر فاروق خان", "ur", "Asia/Karachi"),
    Person("vardan", "Վարդան Հակոբյան", "hy", "Asia/Yerevan"),
    Person("wanjiru", "Wanjirũ Kamau", "ki", "Africa/Nairobi"),
    Person("ximena", "Ximena Núñez de la Peña", "es-MX", "America/Mexico_City"),
    Person("yetnebersh", "የትነበርሽ ንጉሤ", "am", "Africa/Addis_Ababa"),
    Person("zsofia", "Nagy Zsófia", "hu", "Europe/Budapest"),
    Person("anjali", "অঞ্জলি চট্টোপাধ্যায়", "bn", "Asia/Dhaka"),
    Person("bopha", "បុប្ផា ឈឹម", "km", "Asia/Phnom_Penh"),
    Person("ceren", "Ceren Işık", "tr", "Europe/Istanbul"),  # noqa: RUF001 - a Turkish letter
    Person("davit", "Dávvet Máhtte Sara", "se", "Europe/Oslo"),
    Person("esther", "எஸ்தர் முருகன்", "ta", "Asia/Colombo"),
    Person("finn", "Finn O’Dálaigh", "ga", "Europe/Dublin"),
    Person("gulnara", "Гүлнара Әбдірахманова", "kk", "Asia/Almaty"),
    Person("htet", "ထက်ထက်မိုး", "my", "Asia/Yangon"),
    Person("isabela", "Isabela Gonçalves", "pt-BR", "America/Sao_Paulo"),
    Person("janis", "Jānis Bērziņš", "lv", "Europe/Riga"),
    Person("kahealani", "Kaʻahealani Kealoha", "haw", "Pacific/Honolulu"),  # noqa: RUF001 - a Hawaiian letter
    Person("lin", "林怡君", "zh-Hant", "Asia/Taipei"),
    Person("mahsa", "مهسا رضایی", "fa", "Asia/Tehran"),
    Person("nima", "ཉི་མ་ཚེ་རིང་", "dz", "Asia/Thimphu"),
)

TEAMS: Final = (
    Team(
        name="Halcyon Observatory",
        slug="halcyon-observatory",
        labels={"sector": "research", "region": "eu"},
        owner="ada",
        admins=("bjork", "chihiro"),
        members=(*("dmitri", "eleni", "fatima", "giorgi", "hana", "inigo", "jia", "kavya"), "lukasz", "miriam"),
        viewers=("nguyen", "oyelaran", "priya"),
        invited={"mahsa": Role.MEMBER, "tycho": Role.VIEWER},
        declined=("nima",),
        revoked=("hypatia",),
        keys={
            "Telescope control": ("workspaces.read", "events.publish", "events.read"),
            "Member sync": ("workspaces.read", "members.read"),
        },
        extra={"dmitri": ("invitations.write",)},
    ),
    Team(
        name="Kumo Robotics 雲",
        slug="kumo-robotics",
        labels={"sector": "industry", "region": "apac"},
        owner="chihiro",
        admins=("somchai",),
        members=(*("quilla", "rojin", "tala", "umar", "vardan", "wanjiru", "ximena", "yetnebersh"), "hana", "jia"),
        viewers=("zsofia", "anjali", "ada"),
        invited={"lin": Role.ADMIN, "karel": Role.MEMBER},
        declined=(),
        revoked=(),
        keys={"Assembly line": ("workspaces.read", "members.read", "invitations.read", "webhooks.read")},
        offered_to="somchai",
    ),
    Team(
        name="Casa Verde",
        slug="casa-verde",
        labels={"sector": "hospitality", "region": "latam"},
        owner="isabela",
        admins=("ximena",),
        members=("bopha", "ceren", "davit", "esther", "finn", "gulnara", "htet"),
        viewers=("janis", "kahealani", "eleni"),
        invited={"quilla": Role.MEMBER},
        declined=("lin",),
        revoked=(),
        keys={"Booking site": ("workspaces.read",)},
    ),
)

#: Personal API keys: whose they are, what they are called and what they may do.
PERSONAL_KEYS: Final = (
    ("ada", "Laptop", ("account.read", "workspaces.list", "workspaces.read", "members.read")),
    ("jia", "Nightly report", ("workspaces.list", "workspaces.read")),
    ("isabela", "Phone", ("account.read",)),
)
