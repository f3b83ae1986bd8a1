"""Four weeks of a small community in a warehouse, as the daily steps leave them."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import text

from benchmarks.understanding.community import Said, load
from jobs.context import Context, open_context
from jobs.themes import themes
from tests.nlp.weeks import week
from warehouse.engine import connect

SUBJECTS = ["dark mode", "login code", "boss fight"]
MONDAYS = [date(2026, 10, 5) + timedelta(weeks=number) for number in range(4)]


class Community:
    """Four weeks of posts; `about` says what each is about."""

    def __init__(self) -> None:
        self.context: Context = open_context()
        said, about = [], []
        for number, monday in enumerate(MONDAYS):
            posts, subjects = week(number + 1, SUBJECTS if number < 2 else [*SUBJECTS, "battery"])
            said += [Said(monday, str(post.person_id), post.language, post.text) for post in posts]
            about += [subjects[post.post_id] for post in posts]
        with connect(self.context.url).begin() as connection:
            self.about = dict(zip(load(connection, said), about, strict=True))

    def run(self, *weeks: int) -> None:
        for number in weeks:
            themes(self.context, MONDAYS[number])

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with self.context.begin() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def shown(self) -> dict[int, int]:
        """Return the theme under which each post is shown."""
        query = "select post_id, current_theme_id from mart.fct_post join mart.dim_theme using (theme_id)"
        return dict(self.ask(query))  # type: ignore[arg-type]

    def state(self) -> tuple[object, ...]:
        """Return all that people can change."""
        columns = "theme_id, name, name_source, status, merged_into, area, area_source, owner, owner_source"
        return self.ask(f"select {columns} from core.theme order by 1"), sorted(self.shown().items())

    def theme_of(self, subject: str) -> int:
        """Return the theme that holds most posts of a subject."""
        held = [theme for post, theme in self.shown().items() if self.about[post] == subject]
        return max(set(held), key=held.count)

    def posts_of(self, theme: int) -> list[int]:
        return sorted(post for post, shown in self.shown().items() if shown == theme)
