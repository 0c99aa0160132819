"""Requests that go wrong on purpose."""

from dataclasses import dataclass, field

DROP = 0
"""The status of a fault that cuts the connection instead of answering."""


@dataclass
class Fault:
    """What happens to the next `times` requests whose path ends with `path`. With `after`, the request is done first
    and only its answer is lost."""

    path: str
    status: int
    times: int = 1
    after: bool = False
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Faults:
    waiting: list[Fault] = field(default_factory=list)

    def next(self, path: str) -> Fault | None:
        for fault in self.waiting:
            if path.rstrip("/").endswith(fault.path.rstrip("/")):
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
                return fault
        return None
