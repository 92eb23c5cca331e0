"""Calls of the REST surface by commands that work with a running product, here or elsewhere."""

from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from udb.errors import ToolError

_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)


class Rest:
    """Calls the product at `url`. `remedies` say what to do about a refusal, by its reason."""

    def __init__(self, session: aiohttp.ClientSession, url: str, *, remedies: Mapping[str, str]) -> None:
        self._session, self._url, self._remedies = session, url, remedies
        self._headers: dict[str, str] = {}

    @property
    def headers(self) -> Mapping[str, str]:
        """What tells the product who calls."""
        return self._headers

    async def sign_in(self, *, api_key: str, email: str, password: str) -> None:
        """Use the API key, or else log in. Raises ToolError."""
        if not api_key and not email:
            raise ToolError("Give an API key (--api-key or USERDATA_API_KEY), or --email to sign in.")
        token = api_key
        if not api_key:
            answer = await self.call("POST", "/v1/auth/login", {"email": email, "password": password})
            token = answer.get("accessToken", "")
            if not token:
                raise ToolError("This account has a second factor: use an API key instead.")
        self._headers = {"authorization": f"Bearer {token}"}

    async def call(
        self, method: str, path: str, body: Any = None, *, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The answer's JSON. Raises ToolError."""
        try:
            async with self._session.request(
                method, self._url + path, json=body, params=query, headers=self._headers, timeout=_TIMEOUT
            ) as response:
                answer = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ToolError(f"The product does not answer at {self._url}: start it, or name it with --url.") from error
        if response.status >= 400:  # noqa: PLR2004 - where HTTP's errors begin
            raise ToolError(self.told(answer))
        return dict(answer)

    def told(self, status: Any) -> str:
        """What the product's error says, and where it is known, what to do."""
        details = status.get("details", ()) if isinstance(status, dict) else ()
        reasons = [str(each.get("reason", "")) for each in details]
        remedies = [self._remedies[reason] for reason in reasons if reason in self._remedies]
        violations = [
            f"{each['field']} {each['description']}" for detail in details for each in detail.get("fieldViolations", ())
        ]
        message = str(status.get("message", "")) if isinstance(status, dict) else ""
        return "\n  ".join([remedies[0] if remedies else message or "The product refuses it.", *violations])
