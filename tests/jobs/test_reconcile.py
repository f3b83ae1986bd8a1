"""The nightly count on a real community: what it remembers, what it leaves out the second time, and how it fails."""

import pytest
from sqlalchemy import text

from jobs.context import open_context
from jobs.reconcile import reconcile
from kernel.errors import WarehouseError
from warehouse.engine import connect

RESULTS = """
    select count(*), sum(evaluated), sum(unexpected), count(*) filter (where outcome = 'passed')
    from ops.quality_result
    where suite = 'reconciliation' and expectation like :step
      and checked_at = (select max(checked_at) from ops.quality_result where suite = 'reconciliation')
"""


def ask(query, role="pipeline", **parameters):
    with connect(open_context().url, role=role).begin() as connection:
        return connection.execute(text(query), parameters)


def results(step):
    return tuple(ask(RESULTS, step=f"{step} %").one())


@pytest.fixture(autouse=True)
def first(community):
    ask("delete from ops.quality_result where suite = 'reconciliation'")


def test_each_count_is_remembered_and_the_next_night_counts_only_what_is_new():
    reconcile()
    events = ask("select count(*) from raw.event").scalar_one()
    lines, evaluated, unexpected, passed = results("log")
    assert (evaluated, unexpected, passed) == (events, 0, lines)
    assert results("core")[1] > 0
    reconcile()
    assert results("log")[1:3] == (0, 0)
    assert results("core")[0] == 0


def test_a_lost_record_fails_the_night_and_is_counted_again_until_it_is_back():
    where = "where (topic, kafka_partition, kafka_offset) in (select topic, kafka_partition, min(kafka_offset) "
    where += "from raw.event group by 1, 2 order by 1, 2 limit 1)"
    ask(f"create table ops.kept as select * from raw.event {where}", "owner")
    ask(f"delete from raw.event {where}", "privacy")
    try:
        for _ in range(2):
            with pytest.raises(WarehouseError, match=r"log community\.posts\.v1/\d+: 1.*\n.*suara reconcile"):
                reconcile()
            assert results("log")[2] == 1
    finally:
        ask("insert into raw.event select * from ops.kept", "owner")
        ask("drop table ops.kept", "owner")
    reconcile()
    assert results("log")[2] == 0
