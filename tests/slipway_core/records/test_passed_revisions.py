"""Which revisions of a release passed an evaluation."""

from dataclasses import replace

from slipway_core.records import Revision


def test_only_revisions_that_passed_are_found_with_their_newest_time(records, judged):
    """A failed one, another stage and another release are not."""
    first, again = (replace(judged(number), release=Revision("carts", 3)) for number in (0, 2))
    for one in (
        first,
        again,
        replace(judged(1, value=500.0), release=Revision("carts", 4)),
        replace(judged(3, stage="dev"), release=Revision("carts", 5)),
        replace(judged(4), release=Revision("shop-qa-carts", 6)),
        judged(5),
    ):
        stored = records.evaluations.store(one)
        assert one.release == stored.release
    assert {3: again.finished} == records.evaluations.passed_revisions("shop", "qa", "carts", "carts")


def test_an_invalidated_evaluation_vouches_for_nothing(records, judged):
    """The test behind it was broken."""
    stored = records.evaluations.store(replace(judged(), release=Revision("carts", 3)))
    records.evaluations.invalidate(stored.id, "no network", "ann")
    assert {} == records.evaluations.passed_revisions("shop", "qa", "carts", "carts")
