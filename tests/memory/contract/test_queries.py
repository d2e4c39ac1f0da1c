"""What SQL finds is what a look at every fact finds, on either database."""

from omnilive.memory.query import FactQuery
from omnilive.memory.store import Store
from tests.memory.test_query import WANTED, fill, naive


def test_sql_finds_what_a_look_at_every_fact_finds(store: Store) -> None:
    fill(store)
    for wanted in WANTED:
        assert store.find_facts(wanted) == naive(store, wanted), wanted


def test_nothing_wanted_is_nothing_found(store: Store) -> None:
    fill(store)
    assert store.facts_of([]) == [] and store.moment_spans([]) == {}
    assert store.find_facts(FactQuery(data={"label": ()})) == []
