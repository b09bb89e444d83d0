"""A leader who knows no partitions of a topic assigns nothing: static members would keep nothing for ever."""

import pytest

from transport import faust_app
from transport.faust_app import KnowingAssignor
from transport.log import LogError


class Cluster:
    """What the broker has told of its topics."""

    def __init__(self, **partitions):
        self.partitions = partitions

    def partitions_for_topic(self, name):
        return self.partitions.get(name)


class Ended(Exception):
    pass


def ended(who, error, code=None):
    assert isinstance(error, LogError)  # ended to be started again, not as a bug
    raise Ended(str(error))


SUBSCRIBED = {"heuristic": ["a", "b"]}


def test_with_all_topics_known_it_is_fausts_own():
    cluster = Cluster(a={0}, b={0})
    found = KnowingAssignor._get_copartitioned_groups({"a", "b"}, cluster, SUBSCRIBED)
    assert {number: [sorted(each) for each in groups] for number, groups in found.items()} == {
        1: [["a", "b"]]
    }


@pytest.mark.parametrize("cluster", [Cluster(), Cluster(a={0}), Cluster(a={0}, b=set())])
def test_a_topic_that_is_not_known_yet_ends_the_process(monkeypatch, cluster):
    monkeypatch.setattr(faust_app, "end", ended)
    with pytest.raises(Ended, match=r"no partitions of (a, )?b yet"):
        KnowingAssignor._get_copartitioned_groups({"a", "b"}, cluster, SUBSCRIBED)
