"""`[hub]` of config.toml: every limit of a hub, its range and default."""

from typing import Annotated

from msgspec import Meta, Struct


class HubSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`[hub]` of config.toml."""

    interval: Annotated[float, Meta(ge=0.2, le=60)] = 1.0
    heartbeat: Annotated[float, Meta(ge=1, le=60)] = 5.0
    max_viewers: Annotated[int, Meta(ge=1, le=19_000)] = 5000
    readings_per_second: Annotated[float, Meta(ge=1, le=1_000_000)] = 4000.0
    joins_per_second: Annotated[float, Meta(gt=0, le=100_000)] = 50.0
    join_burst: Annotated[int, Meta(ge=1, le=100_000)] = 200
    connections_per_address: Annotated[int, Meta(ge=1, le=19_000)] = 2000
    join_timeout: Annotated[float, Meta(ge=1, le=60)] = 10.0
    behind_proxy: bool = False
    link_days: Annotated[int, Meta(ge=1, le=3650)] = 90
    nats: Annotated[str, Meta(max_length=2000)] = ""
    nats_login: str = ""
