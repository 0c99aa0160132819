"""The published quotas: 60 reads and 60 writes a minute for a user of a project, 300 for the project."""

from collections import Counter, defaultdict, deque

from tests.standins.sheets.errors import ApiError, error_info

MINUTE = 60.0  # seconds
FOR_USER, FOR_PROJECT = 60, 300


class Quota:
    """Counts what was let through in the last minute, reads and writes apart. Time comes in with every call."""

    def __init__(self, for_user: int = FOR_USER, for_project: int = FOR_PROJECT) -> None:
        self.for_user, self.for_project = for_user, for_project
        self.refused: Counter[str] = Counter()
        self._taken: defaultdict[tuple[str, ...], deque[float]] = defaultdict(deque)

    def take(self, project: str, user: str, is_read: bool, now: float) -> None:
        """Let a request through, or raise Google's 429. A refused request counts for nothing."""
        kind = "Read" if is_read else "Write"
        limits = (("per user", (kind, project, user), self.for_user), ("", (kind, project), self.for_project))
        for words, key, limit in limits:
            taken = self._taken[key]
            while taken and taken[0] <= now - MINUTE:
                taken.popleft()
            if len(taken) >= limit:
                self.refused[user] += 1
                raise exceeded(kind, words, project)
        for _, key, _ in limits:
            self._taken[key].append(now)


def exceeded(kind: str, words: str, project: str) -> ApiError:
    """Google's answer: the quota's name tells whether the user or the project is at its end."""
    limit = f"{kind} requests per minute" + (f" {words}" if words else "")
    name = f"{kind}RequestsPerMinutePer" + ("User" if words else "Project")
    consumer = f"project_number:{project}"
    message = (
        f"Quota exceeded for quota metric '{kind} requests' and limit '{limit}' of service 'sheets.googleapis.com' "
        f"for consumer '{consumer}'."
    )
    metric = f"sheets.googleapis.com/{kind.lower()}_requests"
    return error_info(
        429, message, "RATE_LIMIT_EXCEEDED", quota_limit=name, quota_metric=metric, consumer=consumer,
        quota_location="global",
    )  # fmt: skip
