"""Where buyers live: generic names, streets and cities of each country the shops send to.

The lists are plain and common on purpose: no address or person here is meant to be anybody's.
"""

from random import Random
from typing import Final

import msgspec


class City(msgspec.Struct, frozen=True):
    """A city with its region and the fixed beginning of its postcodes (`#` stands for a digit, `@` for a letter)."""

    name: str
    region: str
    region_code: str
    postcode: str


class Country(msgspec.Struct, frozen=True, kw_only=True):
    """What an address of a country is made of, and who lives there."""

    code: str
    name: str
    languages: dict[str, int]
    phone: str
    street: str
    streets: tuple[str, ...]
    given: tuple[str, ...]
    family: tuple[str, ...]
    family_first: bool = False
    cities: tuple[City, ...]
    hours_from_utc: int


class Address(msgspec.Struct, kw_only=True):
    """A delivery address; a part that is missing is an empty text."""

    given: str
    family: str
    recipient: str
    street: str
    city: str
    region: str
    region_code: str
    postcode: str
    country: str
    country_name: str
    phone: str


COUNTRIES: Final[dict[str, Country]] = {
    country.code: country
    for country in (
        Country(
            code="US",
            name="United States",
            languages={"en": 84, "es": 11, "zh-Hans": 5},
            phone="+130355501##",
            street="{number} {street}",
            streets=(
                "Maple Street",
                "Oak Avenue",
                "Cedar Lane",
                "Elm Street",
                "Birch Road",
                "Willow Drive",
                "Hillside Avenue",
                "Lakeview Road",
                "Orchard Street",
                "Prairie Lane",
                "Juniper Court",
                "Meadow Drive",
            ),
            given=(
                "Anna",
                "Brian",
                "Carla",
                "Derek",
                "Emily",
                "Frank",
                "Grace",
                "Henry",
                "Isabel",
                "Jason",
                "Karen",
                "Luis",
                "Megan",
                "Nathan",
                "Olivia",
                "Paul",
                "Rachel",
                "Samuel",
                "Tina",
                "Victor",
            ),
            family=(
                "Adams",
                "Baker",
                "Carter",
                "Diaz",
                "Evans",
                "Foster",
                "Garcia",
                "Hill",
                "Ingram",
                "Jones",
                "Kelly",
                "Lopez",
                "Miller",
                "Nelson",
                "Owens",
                "Parker",
                "Reed",
                "Scott",
                "Turner",
                "Walker",
            ),
            cities=(
                City("Denver", "Colorado", "CO", "802##"),
                City("Columbus", "Ohio", "OH", "432##"),
                City("Portland", "Oregon", "OR", "972##"),
                City("Austin", "Texas", "TX", "787##"),
                City("Raleigh", "North Carolina", "NC", "276##"),
                City("Phoenix", "Arizona", "AZ", "850##"),
                City("Minneapolis", "Minnesota", "MN", "554##"),
            ),
            hours_from_utc=-6,
        ),
        Country(
            code="GB",
            name="United Kingdom",
            languages={"en": 100},
            phone="+4420794600##",
            street="{number} {street}",
            streets=(
                "Mill Lane",
                "Church Road",
                "Station Road",
                "Green Lane",
                "Orchard Close",
                "Victoria Road",
                "Park Avenue",
                "Queens Road",
                "Chapel Street",
                "Meadow Way",
            ),
            given=(
                "Alice",
                "Ben",
                "Chloe",
                "Daniel",
                "Ellie",
                "George",
                "Harriet",
                "Jack",
                "Lucy",
                "Oliver",
                "Poppy",
                "Thomas",
            ),
            family=(
                "Barnes",
                "Clarke",
                "Davies",
                "Edwards",
                "Fletcher",
                "Harris",
                "Hughes",
                "Jackson",
                "Moore",
                "Palmer",
                "Shaw",
                "Wright",
            ),
            cities=(
                City("Leeds", "West Yorkshire", "ENG", "LS# #@@"),
                City("Bristol", "Bristol", "ENG", "BS# #@@"),
                City("Nottingham", "Nottinghamshire", "ENG", "NG# #@@"),
                City("Cardiff", "Cardiff", "WLS", "CF# #@@"),
            ),
            hours_from_utc=0,
        ),
        Country(
            code="MX",
            name="Mexico",
            languages={"es": 100},
            phone="+525555####00",
            street="Calle {street} {number}",
            streets=("Hidalgo", "Morelos", "Juárez", "Madero", "Reforma", "Allende", "Zaragoza", "Victoria"),
            given=(
                "Alejandra",
                "Carlos",
                "Daniela",
                "Eduardo",
                "Fernanda",
                "Jorge",
                "Lucía",
                "Mariana",
                "Pablo",
                "Sofía",
            ),
            family=(
                "Aguilar",
                "Castro",
                "Flores",
                "Gómez",
                "Hernández",
                "Mendoza",
                "Ramírez",
                "Ríos",
                "Torres",
                "Vargas",
            ),
            cities=(
                City("Guadalajara", "Jalisco", "JAL", "44###"),
                City("Monterrey", "Nuevo León", "NL", "64###"),
                City("Puebla", "Puebla", "PUE", "72###"),
            ),
            hours_from_utc=-6,
        ),
        Country(
            code="BR",
            name="Brazil",
            languages={"pt-BR": 100},
            phone="+55119####00##",
            street="Rua {street}, {number}",
            streets=(
                "das Flores",
                "do Comércio",
                "São José",
                "Santos Dumont",
                "Tiradentes",
                "XV de Novembro",
                "Sete de Setembro",
                "das Palmeiras",
                "Dom Pedro",
                "Bela Vista",
            ),
            given=(
                "Ana",
                "Bruno",
                "Camila",
                "Diego",
                "Eduarda",
                "Felipe",
                "Gabriela",
                "Juliana",
                "Larissa",
                "Marcos",
                "Patrícia",
                "Rafael",
                "Thiago",
                "Vanessa",
            ),
            family=(
                "Almeida",
                "Barbosa",
                "Cardoso",
                "Costa",
                "Ferreira",
                "Gomes",
                "Lima",
                "Martins",
                "Oliveira",
                "Pereira",
                "Ribeiro",
                "Rocha",
                "Santos",
                "Souza",
            ),
            cities=(
                City("São Paulo", "São Paulo", "SP", "01###-###"),
                City("Campinas", "São Paulo", "SP", "130##-###"),
                City("Curitiba", "Paraná", "PR", "80###-###"),
                City("Belo Horizonte", "Minas Gerais", "MG", "30###-###"),
                City("Recife", "Pernambuco", "PE", "50###-###"),
            ),
            hours_from_utc=-3,
        ),
        Country(
            code="DE",
            name="Germany",
            languages={"de": 96, "en": 4},
            phone="+493023125###",
            street="{street} {number}",
            streets=(
                "Gartenstraße",
                "Schulstraße",
                "Bahnhofstraße",
                "Lindenweg",
                "Bergstraße",
                "Wiesenweg",
                "Birkenweg",
                "Kirchgasse",
                "Mühlenweg",
                "Feldstraße",
            ),
            given=(
                "Andreas",
                "Birgit",
                "Christian",
                "Daniela",
                "Eva",
                "Florian",
                "Hannah",
                "Jonas",
                "Katrin",
                "Lukas",
                "Miriam",
                "Stefan",
            ),
            family=(
                "Bauer",
                "Becker",
                "Fischer",
                "Hoffmann",
                "Keller",
                "Koch",
                "Krüger",
                "Lang",
                "Schäfer",
                "Vogel",
                "Weber",
                "Wolf",
            ),
            cities=(
                City("Leipzig", "Sachsen", "SN", "041##"),
                City("Hannover", "Niedersachsen", "NI", "301##"),
                City("Nürnberg", "Bayern", "BY", "904##"),
                City("Dortmund", "Nordrhein-Westfalen", "NW", "441##"),
            ),
            hours_from_utc=1,
        ),
        Country(
            code="ES",
            name="Spain",
            languages={"es": 100},
            phone="+349100000##",
            street="Calle {street}, {number}",
            streets=("del Sol", "de la Fuente", "del Olmo", "San Miguel", "de la Rosa", "Nueva", "del Prado", "Real"),
            given=("Álvaro", "Beatriz", "Carmen", "David", "Elena", "Javier", "Laura", "Marta", "Raúl", "Silvia"),
            family=(
                "Alonso",
                "Blanco",
                "Domínguez",
                "Gil",
                "Iglesias",
                "Molina",
                "Navarro",
                "Ortega",
                "Serrano",
                "Vega",
            ),
            cities=(
                City("Valencia", "Valencia", "V", "460##"),
                City("Zaragoza", "Zaragoza", "Z", "500##"),
                City("Málaga", "Málaga", "MA", "290##"),
            ),
            hours_from_utc=1,
        ),
        Country(
            code="JP",
            name="Japan",
            languages={"ja": 95, "zh-Hans": 5},
            phone="+8135550####",
            street="{street}{number}-{unit}",
            streets=("桜台", "緑町", "本町", "栄町", "旭町", "若葉", "富士見", "青葉"),
            given=("翔太", "健太", "大輔", "美咲", "陽子", "直樹", "由美", "彩", "涼", "真理"),
            family=("佐藤", "鈴木", "高橋", "田中", "渡辺", "伊藤", "中村", "小林", "加藤", "山田"),
            family_first=True,
            cities=(
                City("横浜市", "神奈川県", "JP-14", "220-00##"),
                City("名古屋市", "愛知県", "JP-23", "450-00##"),
                City("札幌市", "北海道", "JP-01", "060-00##"),
                City("福岡市", "福岡県", "JP-40", "810-00##"),
            ),
            hours_from_utc=9,
        ),
    )
}


RECIPIENT_ID_COUNTRIES: Final = ("BR",)
"""Where customs asks every private recipient for a tax number (in Brazil: CPF)."""


def draw_address(rng: Random, code: str) -> Address:
    """Somebody's address in the country; two draws are hardly ever the same."""
    country = COUNTRIES[code]
    city = rng.choice(country.cities)
    given, family = rng.choice(country.given), rng.choice(country.family)
    return Address(
        given=given,
        family=family,
        recipient=f"{family} {given}" if country.family_first else f"{given} {family}",
        street=country.street.format(
            street=rng.choice(country.streets), number=rng.randint(1, 2400), unit=rng.randint(1, 240)
        ),
        city=city.name,
        region=city.region,
        region_code=city.region_code,
        postcode=_filled(rng, city.postcode),
        country=code,
        country_name=country.name,
        phone=_filled(rng, country.phone),
    )


def own_phone(code: str, number: int) -> str:
    """The telephone number of somebody in the country, another for each number from 0 on.

    All lie in blocks that are given to nobody: kept for fiction, or closed in the country's numbering plan.
    """
    return _OWN_PHONES[code].format(number)


def draw_language(rng: Random, code: str) -> str:
    """A buyer's language, by how many speak it among the country's buyers (BCP 47)."""
    languages = COUNTRIES[code].languages
    if len(languages) == 1:
        return next(iter(languages))
    return rng.choices(list(languages), list(languages.values()))[0]


def draw_cpf(rng: Random) -> str:
    """A Brazilian tax number with right check digits (source: Receita Federal, modulo 11)."""
    digits = [rng.randint(0, 9) for _ in range(9)]
    for length in (10, 11):
        rest = sum(digit * weight for digit, weight in zip(digits, range(length, 1, -1), strict=True)) * 10 % 11
        digits.append(rest % 10)
    text = "".join(map(str, digits))
    return f"{text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}"


_OWN_PHONES: Final = {
    "US": "+1390{:07d}",
    "GB": "+4410{:08d}",
    "MX": "+52001{:07d}",
    "BR": "+55110{:07d}",
    "DE": "+493023125{:06d}",
    "ES": "+34100{:06d}",
    "JP": "+81100{:06d}",
}
_POSTAL_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


def _filled(rng: Random, pattern: str) -> str:
    out = []
    for mark in pattern:
        if mark == "#":
            out.append(str(rng.randint(0, 9)))
        elif mark == "@":
            out.append(rng.choice(_POSTAL_LETTERS))
        else:
            out.append(mark)
    return "".join(out)
