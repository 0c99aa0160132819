"""What Prometheus reads of a hub: true, growing, and nothing that a stranger chose."""

import re

from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import ROOT
from tests.transport.test_desk import Listener, join_frame, post_frame
from transport.desk import Desk, HubSettings
from transport.hub import Hub
from transport.metrics import CAUSES, HubMetrics, Metrics
from transport.tokens import ID_BYTES, Door, DoorTerms, TokenMaker


def numbers(metrics: Metrics) -> dict[str, float]:
    """Each sample as Prometheus takes it in, by name and labels."""
    return {
        sample.name + "".join(f" {label}={value}" for label, value in sample.labels.items()): sample.value
        for family in text_string_to_metric_families(metrics.text())
        for sample in family.samples
    }


def desk_for(channel: str) -> Desk:
    return Desk(HubSettings(), channel, Door(DoorTerms(channel, maker(channel).public_key)), Listener())


def maker(channel: str) -> TokenMaker:
    return TokenMaker(channel, bytes(32))


def knock(desk: Desk, number: int) -> None:
    """One viewer joins and sends five readings at once, two more than may be early."""
    token = maker(desk.channel).make("00" * ID_BYTES, 0.0, 1e6)
    guest = desk.join(join_frame(channel=desk.channel, token=token, viewer=f"{number:022}"), 0.0)[0]
    for sequence in range(1, 6):
        desk.take(guest, post_frame(sequence), 0.0)


def node() -> tuple[dict[str, Desk], Metrics]:
    """A hub of two channels, each with a viewer who has sent five readings at once."""
    desks = {channel: desk_for(channel) for channel in ("one", "two")}
    knock(desks["one"], 1)
    knock(desks["two"], 2)
    return desks, Metrics(HubMetrics(Hub(desks, lambda: 0.0, HubSettings(max_viewers=4))))


def test_a_hubs_numbers_are_those_of_all_its_desks() -> None:
    _, metrics = node()
    told = numbers(metrics)
    assert told["lera_channels"] == 2 and told["lera_viewers"] == 2 and told["lera_seats"] == 4
    assert told["lera_joins_total"] == 2 and told["lera_readings_total"] == 6
    assert told["lera_drops_total cause=too fast"] == 4


def test_what_has_been_counted_stays_when_a_channel_goes() -> None:
    desks, metrics = node()
    before = numbers(metrics)
    del desks["one"]
    after = numbers(metrics)
    assert after["lera_viewers"] == 1
    for name in (name for name in before if name.startswith("lera_") and "_total" in name):
        assert after[name] == before[name], name


def test_causes_that_nobody_has_named_here_are_one() -> None:
    desk = desk_for("one")
    desk.counts.update({f"refused: <script>{number}": 1 for number in range(1000)})
    told = numbers(Metrics(HubMetrics(Hub(desk, lambda: 0.0))))
    assert told["lera_refusals_total cause=other"] == 1000
    assert not any("script" in name for name in told)


def test_what_came_to_no_desk_counts_too() -> None:
    desks, _ = node()
    hub = Hub(desks, lambda: 0.0)
    hub.counts["refused: channel"] = 3
    assert numbers(Metrics(HubMetrics(hub)))["lera_refusals_total cause=channel"] == 3


def test_overload_is_told() -> None:
    hub = Hub(desk_for("one"), lambda: 0.0)
    metrics = Metrics(HubMetrics(hub))
    assert numbers(metrics)["lera_overload_level"] == 0 == numbers(metrics)["lera_shed_part"]
    for step in range(40):
        hub.load.note(0.5, step / 10)
    told = numbers(metrics)
    assert told["lera_overload_level"] >= 1 and told["lera_event_loop_lag_seconds"] == 0.5 <= told["lera_shed_part"]


def test_every_cause_that_the_code_knows_has_its_name_here() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "transport").glob("*.py"))
    found = re.findall(r'(?:Refusal\(|_turn_away\(\d+, |_drop\(guest, frame, )\s*"([a-z ]+)"', source)
    found += re.findall(r'"(?:refused|dropped): ([a-z ]+)"', source)
    assert len(set(found)) > 10
    assert set(found) <= CAUSES, "bot and hub count it: name it in transport/metrics.py"


def test_this_process_is_told_of_by_the_names_that_prometheus_knows() -> None:
    told = numbers(Metrics())
    assert told["process_cpu_seconds_total"] > 0 and told["process_resident_memory_bytes"] > 1e6
    assert told["process_open_fds"] > 0 and told["process_start_time_seconds"] > 1e9
