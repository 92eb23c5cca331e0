"""The code that docs/webhooks.md tells receivers to use takes what the product signs, and nothing else."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from standardwebhooks import WebhookVerificationError

from server.core import clock
from server.webhooks.sending import signing
from server.webhooks.sending.signing import HMAC_SHA256

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "webhooks.md").read_text("utf-8")
BODY = b'{"type":"order.paid","data":{"amount":120}}'
KEY = bytes(range(32))
SECRET = signing.format_secret(HMAC_SHA256, KEY)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def signed(body=BODY):
    timestamp = int(clock.now().timestamp())
    signature = signing.sign([signing.signer(HMAC_SHA256, KEY)], "evt_1", timestamp, body)
    return {"webhook-id": "evt_1", "webhook-timestamp": str(timestamp), "webhook-signature": signature}


def test_the_code_in_python_verifies():
    (code,) = blocks("python")
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - the guide is ours
    receive = names["receive"]
    assert callable(receive)
    assert receive(BODY, signed(), SECRET) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        receive(BODY + b" ", signed(), SECRET)


def test_the_code_in_javascript_verifies(tmp_path):
    (code,) = blocks("javascript")
    # Node looks for modules from where the script lies.
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    (tmp_path / "receive.mjs").write_text(code)
    (tmp_path / "try.mjs").write_text(
        "import { receive } from './receive.mjs';\n"
        "const [body, headers, secret] = JSON.parse(process.argv[2]);\n"
        "console.log(JSON.stringify(receive(body, headers, secret)));\n"
        "try { receive(body + ' ', headers, secret); } catch { console.log('refused'); }\n"
    )
    said = json.dumps([BODY.decode(), signed(), SECRET])
    node = Path(sys.executable).with_name("node")
    answer = subprocess.run([node, tmp_path / "try.mjs", said], capture_output=True, text=True, check=True)
    event, refused = answer.stdout.splitlines()
    assert json.loads(event) == json.loads(BODY)
    assert refused == "refused"
