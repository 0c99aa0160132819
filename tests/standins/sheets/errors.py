"""What Google answers when it refuses: one exception, one body."""

from typing import Any

STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
}
MESSAGES = {
    403: "The caller does not have permission",
    404: "Requested entity was not found.",
    429: "Resource has been exhausted (e.g. check quota).",
    500: "Internal error encountered.",
    503: "The service is currently unavailable.",
}
NO_LOGIN = (
    "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other "
    "valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
BAD_LOGIN = NO_LOGIN.replace("is missing required authentication credential", "had invalid authentication credentials")


class ApiError(Exception):
    """A refusal with the status, the message and the details of Google's error body."""

    def __init__(self, code: int, message: str = "", details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message or MESSAGES[code]
        self.details = details or []

    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {"code": self.code, "message": self.message, "status": STATUS[self.code]}
        if self.details:
            error["details"] = self.details
        return {"error": error}


def invalid(message: str) -> ApiError:
    return ApiError(400, message)


def bad_request(violations: list[tuple[str, str]]) -> ApiError:
    """The refusal of a request that isn't what the discovery document describes: (field, description) of each."""
    listed = [{"field": field, "description": text} if field else {"description": text} for field, text in violations]
    details = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": listed}
    return ApiError(400, "\n".join(text for _, text in violations), [details])


def error_info(code: int, message: str, reason: str, **metadata: str) -> ApiError:
    """A refusal with a google.rpc.ErrorInfo."""
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {**metadata, "service": "sheets.googleapis.com"},
    }
    return ApiError(code, message, [info])
