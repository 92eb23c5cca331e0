"""The few calls of the REST surface that listening needs."""

from collections.abc import Sequence
from typing import Any, Final

import aiohttp

from udb.errors import ToolError

_TIMEOUT: Final = aiohttp.ClientTimeout(total=15)
#: What to do about a refusal, by its reason.
_REMEDIES: Final = {
    "ENDPOINT_URL_FORBIDDEN": (
        "The product does not send webhooks to this machine. For development, start it with"
        " WEBHOOK_ALLOW_HTTP=true WEBHOOK_ALLOWED_NETWORKS={host}/32."
    ),
    "SCOPE_MISSING": "The API key needs the scope webhooks.write. Make one that has it.",
}


class Api:
    """Calls the product at `url`. `host` is where it is to send webhooks to."""

    def __init__(self, session: aiohttp.ClientSession, url: str, *, host: str) -> None:
        self._session, self._url, self._host = session, url, host
        self._headers: dict[str, str] = {}

    async def sign_in(self, *, api_key: str, email: str, password: str) -> None:
        """Use the API key, or else log in. Raises ToolError."""
        if not api_key and not email:
            raise ToolError("Give an API key (--api-key or USERDATA_API_KEY), or --email to sign in.")
        token = api_key
        if not api_key:
            answer = await self._call("POST", "/v1/auth/login", {"email": email, "password": password})
            token = answer.get("accessToken", "")
            if not token:
                raise ToolError("This account has a second factor: use an API key instead.")
        self._headers = {"authorization": f"Bearer {token}"}

    async def create_endpoint(self, workspace: str, *, url: str, secret: str, event_types: Sequence[str]) -> str:
        """The id of a new endpoint. Raises ToolError."""
        endpoint = {
            "url": url,
            "secret": secret,
            "eventTypes": list(event_types),
            "description": "udb webhooks listen",
            # Who listens sees each attempt; nobody waits for hours.
            "retryDelays": ["0s", "5s", "30s"],
        }
        answer = await self._call("POST", f"/v1/workspaces/{workspace}/endpoints", endpoint)
        return str(answer["id"])

    async def delete_endpoint(self, workspace: str, endpoint_id: str) -> None:
        """Delete an endpoint. Raises ToolError."""
        await self._call("DELETE", f"/v1/workspaces/{workspace}/endpoints/{endpoint_id}", None)

    async def _call(self, method: str, path: str, body: Any) -> dict[str, Any]:
        try:
            async with self._session.request(
                method, self._url + path, json=body, headers=self._headers, timeout=_TIMEOUT
            ) as response:
                answer = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ToolError(f"The product does not answer at {self._url}: start it, or name it with --url.") from error
        if response.status >= 400:  # noqa: PLR2004 - where HTTP's errors begin
            raise ToolError(self._told(answer))
        return dict(answer)

    def _told(self, status: Any) -> str:
        """What the product's error says, and where it knows, what to do."""
        details = status.get("details", ()) if isinstance(status, dict) else ()
        reasons = [str(each.get("reason", "")) for each in details]
        remedies = [_REMEDIES[reason].format(host=self._host) for reason in reasons if reason in _REMEDIES]
        violations = [
            f"{each['field']} {each['description']}" for detail in details for each in detail.get("fieldViolations", ())
        ]
        message = str(status.get("message", "")) if isinstance(status, dict) else ""
        return "\n  ".join([remedies[0] if remedies else message or "The product refuses it.", *violations])
