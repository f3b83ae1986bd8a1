"""Which posts stand behind a number: for each kind of fact a condition on the frozen rows that its query counted.

A condition speaks of `p`, a frozen post, and `t`, the frozen thread that it opens, if any. Posts that it holds for are
those that `n` of the fact counts: as posts, as people who wrote them, or as threads that they open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from kernel.model import Fact

_WEEK = "p.week = cast(:week as date)"
_COUNTED = f"{_WEEK} and p.is_counted"
_LEFT_OUT = f"{_WEEK} and not p.is_counted"
_SPOKEN = f"{_COUNTED} and coalesce(:area, '') in ('', p.area)"
_THEME = f"{_SPOKEN} and p.theme_id = :theme_id"
_AREA = f"{_COUNTED} and p.area = :area_key"
_THREAD = "t.is_counted and coalesce(:area, '') in ('', t.area)"
_ANSWERED = (
    f"{_THREAD} and t.observed_hours >= :hours and t.observed_hours < :hours + 168 and t.response_hours <= :hours"
)
_WAITING = f"{_THREAD} and t.response_hours is null and t.is_open"
_LATE = f"{_WAITING} and t.observed_hours >= :sla_hours"
_EARLIER = "p.is_counted and p.week < cast(:week as date) and p.week >= cast(:week as date) - 91"
_PEOPLE = "select p.person_id from mart.report_post p where p.report_id = :input_id and "
_KNOWN = _PEOPLE + _EARLIER
_HERE = _PEOPLE + _COUNTED

_CONDITIONS = {
    r"trust\.(posts|sources)": _WEEK,
    r"trust\.(people|counted)|pulse\.(active|posts)": _COUNTED,
    r"trust\.bots": f"{_LEFT_OUT} and p.role = 'bot'",
    r"trust\.staff": f"{_LEFT_OUT} and p.role <> 'bot' and not p.is_spam",
    r"trust\.spam": f"{_LEFT_OUT} and p.role <> 'bot' and p.is_spam",
    r"trust\.duplicates": f"{_COUNTED} and p.is_duplicate",
    r"trust\.too_short": f"{_COUNTED} and p.language = 'und'",
    r"trust\.other_languages": f"{_COUNTED} and p.language <> 'und' and p.language <> all(:languages)",
    r"trust\.in_no_theme": f"{_COUNTED} and p.language = any(:languages) and p.theme_id is null",
    r"voice\.negative": f"{_SPOKEN} and p.sentiment = 'negative'",
    r"voice\..+": _SPOKEN,
    r"theme\.\d+\.negative": f"{_THEME} and p.sentiment = 'negative'",
    r"theme\.\d+\.kind": f"{_THEME} and p.feedback_type is not null and :note in ('mixed', p.feedback_type)",
    r"theme\.\d+\..+": _THEME,
    r"area\..+\.negative": f"{_AREA} and p.sentiment = 'negative'",
    r"area\..+": _AREA,
    r"pulse\.new": f"{_COUNTED} and p.person_first_week = p.week",
    r"pulse\.top_share": f"{_COUNTED} and p.person_id in ({_HERE} group by 1 order by count(*) desc, 1 limit 10)",
    r"pulse\.returning": f"{_COUNTED} and p.person_first_week < p.week and p.person_id in ({_KNOWN})",
    r"pulse\.(reactivated|neither)": f"{_COUNTED} and p.person_first_week < p.week and p.person_id not in ({_KNOWN})",
    r"pulse\.lost_regulars": (
        f"{_EARLIER} and p.person_id in ({_KNOWN} group by 1 having count(*) >= 4) and p.person_id not in ({_HERE})"
    ),
    r"pulse\.source\..+": f"{_COUNTED} and p.source = :source",
    r"pulse\.language\..+": f"{_COUNTED} and p.language = :language",
    r"response\.threads": f"{_THREAD} and t.week = cast(:week as date)",
    r"response\.answered_within_(?P<hours>\d+)h|response\.area\..+": _ANSWERED,
    r"response\.source\..+": f"{_ANSWERED} and t.source = :source",
    r"response\.(median_hours|p90_hours|still_waiting.*)": f"{_THREAD} and t.response_hours is not null",
    r"response\.waiting": _WAITING,
    r"response\.waiting_late": _LATE,
    r"response\.waiting_asking": f"{_LATE} and coalesce(p.feedback_type, '') not in ('praise', 'other')",
    r"thread\.\d+\..+": "t.thread_id = :thread_id",
}


def posts_behind(fact: Fact, *, sla_hours: int, languages: Sequence[str]) -> tuple[str, dict[str, Any]] | None:
    """Return the condition of a fact and its parameters; None where no single posts are counted, or it is unknown."""
    for pattern, condition in _CONDITIONS.items():
        if found := re.fullmatch(pattern, fact.id):
            hours = int(found.groupdict().get("hours") or sla_hours)
            settings = {"note": fact.note, "hours": hours, "sla_hours": sla_hours, "languages": list(languages)}
            is_unknown = fact.unit != "text" and fact.value is None and fact.n is None
            return None if is_unknown else (condition, settings | fact.params)
    return None
