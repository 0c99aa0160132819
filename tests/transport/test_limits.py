import pytest

from transport.limits import Addresses, Rate, Visitors, network_of, paced_interval


def test_a_rate_lets_a_burst_through_and_then_one_each_interval() -> None:
    rate = Rate(1.0, burst=3)
    assert [rate.allow(10.0) for _ in range(4)] == [True, True, True, False]
    assert not rate.allow(10.9)
    assert rate.allow(11.0)
    assert not rate.allow(11.5)


def test_a_refused_event_costs_nothing() -> None:
    rate = Rate(1.0)
    assert rate.allow(0.0)
    for moment in range(9):
        assert not rate.allow(0.1 * moment)
    assert rate.allow(1.0)


def test_one_address_may_not_flood_and_others_are_not_held_up_by_it() -> None:
    addresses = Addresses(joins_per_second=10, join_burst=5, connections=100)
    answers = [addresses.enter("203.0.113.1", 0.001 * number) for number in range(1000)]
    assert sum(answer is None for answer in answers) <= 5 + 10
    assert "too many joins" in str(answers[-1])
    assert addresses.enter("203.0.113.2", 1.0) is None


def test_connections_of_one_address_are_counted_in_and_out() -> None:
    addresses = Addresses(joins_per_second=1000, join_burst=1000, connections=2)
    assert addresses.enter("a", 0) is None
    assert addresses.enter("a", 0) is None
    assert "too many connections" in str(addresses.enter("a", 0))
    addresses.exit("a")
    assert addresses.enter("a", 0) is None


def test_memory_stays_bounded_under_many_addresses() -> None:
    addresses = Addresses(joins_per_second=1, join_burst=1, connections=1, remembered=100)
    for number in range(10_000):
        assert addresses.enter(str(number), 0.0) is None
        addresses.exit(str(number))
    assert len(addresses._joins._rates) <= 100
    assert not addresses._open


def test_the_pace_keeps_the_whole_crowd_under_the_capacity() -> None:
    assert paced_interval(0, 4000, 1.0) == 1.0
    assert paced_interval(1, 4000, 0.2) == 0.2
    assert paced_interval(4000, 4000, 1.0) == 1.0
    assert paced_interval(4001, 4000, 1.0) == 1.5
    for viewers in range(0, 100_000, 997):
        assert viewers / paced_interval(viewers, 4000, 1.0) <= 4000


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_an_address_of_version_6_is_its_whole_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_each_address_has_a_rate_of_its_own_and_few_are_remembered() -> None:
    visitors = Visitors(per_second=1, burst=3, remembered=10)
    assert [visitors.allow("a", 0.0) for _ in range(5)] == [True, True, True, False, False]
    assert visitors.allow("b", 0.0) and visitors.allow("a", 1.0)
    for number in range(1000):
        visitors.allow(str(number), 2.0)
    assert len(visitors._rates) == 10
