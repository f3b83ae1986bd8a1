"""`suara demo`: the whole job on a generated community, with a grade at the end."""

from __future__ import annotations

from typing import Annotated

import typer

from suara.demo import POSTS, SEED, WEEKS


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(demo)


def demo(
    *,
    seed: Annotated[int, typer.Option(help="Which community: another seed, another product, people and story.")] = SEED,
    weeks: Annotated[int, typer.Option(min=1, max=52, help="Weeks that are told.")] = WEEKS,
    posts: Annotated[int, typer.Option(min=300, help="Posts that are written in them.")] = POSTS,
    keep: Annotated[bool, typer.Option("--keep", help="Leave Kafka, PostgreSQL and the sink running.")] = False,
) -> None:
    """Take a generated community from Kafka to its weekly reports, and grade the result.

    Everything is real but the people: Apache Kafka, PostgreSQL and the Airflow DAGs run on this machine, in a home of
    their own under SUARA_HOME/demo, and stop at the end. What was planted is known, so the result is graded: n of N for
    each thing, also in grade.json. Running it again adds nothing and gives the same grade.
    """
    from suara.demo.run import run_demo

    run_demo(seed=seed, weeks=weeks, posts=posts, keep=keep, say=typer.echo)
