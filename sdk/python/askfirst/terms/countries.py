"""Codes of countries (ISO 3166-1 alpha-2, as of 2024), and what people write instead of some."""

from __future__ import annotations

COUNTRIES = frozenset(
    """AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC
    EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK
    HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB
    LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ
    NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU
    RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN
    TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW""".split()  # noqa: SIM905
)
# Nobody has said yet: the shipped host policy, and a first policy before its owner is asked.
UNSAID = "ZZ"
UNION = "EU"  # the law of a union, and no country
_MEANT = {"UK": "GB", "EL": "GR", "EN": "GB", "SP": "ES", "JA": "JP", "SU": "RU", "YU": "RS"}


def country_problem(code: str) -> str | None:
    """What to write instead of a code; None where a country has it, or nobody has said."""
    if code in COUNTRIES or code == UNSAID:
        return None
    if code in _MEANT:
        return f"no country has this code: did you mean {_MEANT[code]}?"
    return "no country has this code: write one of ISO 3166-1, such as 'DE'"


def law_problem(code: str) -> str | None:
    """As of a country, for whose law holds: 'EU', and a part such as 'US-CA', are right too."""
    country, dash, part = code.partition("-")
    if code == UNION or (problem := country_problem(country)) is None:
        return None
    if country in _MEANT:
        return f"no law has this code: did you mean {_MEANT[country]}{dash}{part}?"
    return problem.replace("'DE'", "'DE', or 'EU'")
