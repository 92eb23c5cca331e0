-- An installation as it may be after a year: some of everything in every state, one person and one workspace with
-- very much. Numbers are spread by multiplying with primes, so that nothing depends on chance.

CREATE FUNCTION pg_temp.id(kind integer, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT format('%s-0000-7000-8000-%s', lpad(to_hex(kind), 8, '0'), lpad(to_hex(number), 12, '0'))::uuid $$;
CREATE FUNCTION pg_temp.hash(kind text, number bigint) RETURNS bytea LANGUAGE sql IMMUTABLE AS
    $$ SELECT sha256(convert_to(kind || number, 'UTF8')) $$;

INSERT INTO user_account
SELECT pg_temp.id(1, n), mail, mail, n % 10 <> 0, 'hash', 'Person ' || n, '', 'en', 'UTC', '{}', n % 5000 = 0,
    0, CASE WHEN n % 10 = 0 THEN now() + interval '1 day' END, 0, NULL, 1,
    now() - n * interval '20 minutes', now(),
    CASE WHEN n % 100 = 7 THEN now() END,
    CASE WHEN n % 40 = 9 THEN now() - n * interval '3 minutes' END,
    CASE WHEN n % 40 = 9 THEN now() - n * interval '3 minutes' + interval '30 days' END
FROM generate_series(1, 20000) AS n, LATERAL (SELECT CASE WHEN n % 80 <> 9 THEN 'p' || n || '@example.com' END AS mail);

INSERT INTO session
SELECT pg_temp.id(2, n), pg_temp.id(1, CASE WHEN n <= 500 THEN 1 ELSE n % 20000 + 1 END), 3, '{pwd}', now(), 'agent',
    '192.0.2.1', now() - n * interval '1 minute', now(), now() - n * interval '1 minute' + interval '31 days',
    CASE WHEN n % 3 = 0 THEN now() END, CASE WHEN n % 3 = 0 THEN 'LOGOUT' END
FROM generate_series(1, 60000) AS n;

INSERT INTO signing_key SELECT 'key' || n, '', '', now() - n * interval '30 days', now() FROM generate_series(1, 3) AS n;

INSERT INTO login_failure
SELECT pg_temp.hash('account', n / 3), pg_temp.hash('address', n), ARRAY[now()], now() + (n - 300) * interval '1 second'
FROM generate_series(1, 6000) AS n;

INSERT INTO login_challenge
SELECT pg_temp.id(3, n), pg_temp.id(1, n), 0, now() + (n - 100) * interval '1 second' FROM generate_series(1, 3000) AS n;

INSERT INTO mail_throttle
SELECT pg_temp.hash('mailbox', n), now() - n * interval '1 second' FROM generate_series(1, 10000) AS n;

INSERT INTO totp
SELECT pg_temp.id(1, n), 'sealed', CASE WHEN n % 8 <> 0 THEN now() END,
    CASE WHEN n % 8 = 0 THEN now() + (n - 400) * interval '1 second' END, 0
FROM generate_series(1, 5000) AS n;

INSERT INTO recovery_code
SELECT pg_temp.id(1, n), pg_temp.hash('code' || n, m) FROM generate_series(1, 5000) AS n, generate_series(1, 10) AS m;

INSERT INTO api_key
SELECT pg_temp.id(4, n), pg_temp.id(1, CASE WHEN n <= 100 THEN 1 ELSE n % 9000 + 1 END), 'Key', '{account.read}',
    'udk_1234', pg_temp.hash('key', n), CASE WHEN n % 2 = 0 THEN now() + interval '90 days' END, now(), 1,
    now() - n * interval '1 minute', now(), CASE WHEN n % 4 = 0 THEN now() END
FROM generate_series(1, 20000) AS n;

INSERT INTO workspace
SELECT pg_temp.id(5, n), 'Workspace ' || n, 'workspace-' || n, pg_temp.id(1, n), 'free', '{}', '{}', 1, now(), now(),
    CASE WHEN n % 30 = 3 THEN now() - n * interval '8 minutes' END,
    CASE WHEN n % 30 = 3 THEN now() - n * interval '8 minutes' + interval '30 days' END
FROM generate_series(1, 8000) AS n;

INSERT INTO member
SELECT DISTINCT ON (w, u) pg_temp.id(5, w), pg_temp.id(1, u), (ARRAY['OWNER', 'ADMIN', 'MEMBER', 'VIEWER'])[m % 4 + 1],
    '{}', 1, now() - (m * 7919 % 10007) * interval '1 minute', now()
FROM (
    SELECT w, w AS u, 0 AS m FROM generate_series(1, 8000) AS w
    UNION ALL SELECT w, 1, w / 2000 * 2 FROM generate_series(2, 8000) AS w
    UNION ALL SELECT w, w * m * 7 % 20000 + 1, m + 1 FROM generate_series(2, 8000) AS w, generate_series(1, 7) AS m
    UNION ALL SELECT 1, m * 3, m + 1 FROM generate_series(1, 5000) AS m
) AS parts ORDER BY w, u, m;

INSERT INTO invitation
SELECT pg_temp.id(6, n), pg_temp.id(5, w), 'i' || n || '@example.com', 'i' || n || '@example.com', 'MEMBER',
    (ARRAY['PENDING', 'ACCEPTED', 'ACCEPTED', 'DECLINED', 'REVOKED', 'EXPIRED'])[n % 6 + 1], pg_temp.id(1, w), 1, now(),
    now() + (n % 10 - 3) * interval '1 day', 1, now(), now()
FROM generate_series(1, 40000) AS n, LATERAL (SELECT CASE WHEN n % 10 = 0 THEN 1 ELSE n % 7999 + 1 END AS w);

INSERT INTO ownership_transfer
SELECT pg_temp.id(7, n), pg_temp.id(5, w), pg_temp.id(1, w), pg_temp.id(1, w),
    CASE WHEN n <= 2000 THEN 'PENDING' ELSE (ARRAY['ACCEPTED', 'DECLINED', 'CANCELLED', 'EXPIRED'])[n % 4 + 1] END,
    now() + (n % 10 - 3) * interval '1 day', 1, now(), now()
FROM generate_series(1, 12000) AS n, LATERAL (SELECT CASE WHEN n > 9000 THEN 1 ELSE n % 7999 + 1 END AS w);

INSERT INTO workspace_api_key
SELECT pg_temp.id(8, n), pg_temp.id(5, w), pg_temp.id(1, w), 'Key', '{workspaces.read}', 'udw_1234',
    pg_temp.hash('workspace key', n), NULL, now(), 1, now(), now(), CASE WHEN n % 3 = 0 THEN now() END
FROM generate_series(1, 16000) AS n, LATERAL (SELECT CASE WHEN n <= 600 THEN 1 ELSE n % 7999 + 1 END AS w);

INSERT INTO event
SELECT pg_temp.id(9, n), pg_temp.id(5, n % 8000 + 1), 'workspace.updated', 'ws', '{}', 'usr', 'request', '', now()
FROM generate_series(1, 20000) AS n;

INSERT INTO job
SELECT pg_temp.id(10, n), 'type', 'payload',
    CASE WHEN n <= 12000 THEN 'READY' WHEN n <= 12300 THEN 'SENT' WHEN n <= 12320 THEN 'RUNNING' ELSE 'DEAD' END, 1,
    now() + (n - 600) * interval '1 minute',
    CASE WHEN n BETWEEN 12001 AND 12320 THEN now() + (n - 12050) * interval '1 second' END, '', '',
    now() - (n % 60) * interval '1 day'
FROM generate_series(1, 20000) AS n;

INSERT INTO idempotency_key
SELECT 'usr_' || n % 5000, 'key' || n, '', '', now() + (n - 1000) * interval '3 seconds'
FROM generate_series(1, 30000) AS n;

INSERT INTO periodic_task SELECT 'task' || n, now() FROM generate_series(1, 5) AS n;

-- The catalogue: workspace 1 has 900 event types with three versions each, every other one has one.
INSERT INTO event_type (id, workspace_id, name, description, version, labels, revision, create_time, update_time,
    archive_time)
SELECT pg_temp.id(14, n), pg_temp.id(5, w), 'type.n' || n, '', 3, '{}', 1, now(), now(),
    CASE WHEN n % 10 = 0 THEN now() END
FROM generate_series(1, 8900) AS n, LATERAL (SELECT CASE WHEN n <= 900 THEN 1 ELSE n - 900 END AS w);

INSERT INTO event_type_version
SELECT pg_temp.id(14, n), version, pg_temp.id(5, w), '{}', '[]', now()
FROM generate_series(1, 8900) AS n, LATERAL (SELECT CASE WHEN n <= 900 THEN 1 ELSE n - 900 END AS w),
    generate_series(1, 3) AS version;

INSERT INTO event_sequence
SELECT pg_temp.id(5, CASE WHEN n % 2 = 0 THEN 1 ELSE n % 7999 + 1 END), 'order_' || n, 1
FROM generate_series(1, 20000) AS n;

INSERT INTO event_dedupe
SELECT pg_temp.id(5, CASE WHEN n % 2 = 0 THEN 1 ELSE n % 7999 + 1 END), 'payment_' || n, pg_temp.id(9, n),
    now() - n * interval '40 seconds', ''
FROM generate_series(1, 20000) AS n;

INSERT INTO event_pending (event_id, event_time, workspace_id)
SELECT pg_temp.id(9, n), now(), pg_temp.id(5, n % 8000 + 1) FROM generate_series(1, 20000) AS n;

-- Webhooks: workspace 1 has sixty endpoints and half of all events of the last nine days, each delivered to ten of them.
CREATE FUNCTION pg_temp.event_time(number bigint) RETURNS timestamptz LANGUAGE sql STABLE AS
    $$ SELECT date_trunc('day', now(), 'UTC') - number * interval '40 seconds' $$;
CREATE FUNCTION pg_temp.event_id(number bigint) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM pg_temp.event_time(number)) * 1000)::bigint), 12, '0') || '70008000'
        || lpad(to_hex(number), 12, '0'))::uuid
$$;
SELECT prepare_days(parent, CURRENT_DATE - 10, CURRENT_DATE - 1)
FROM unnest(ARRAY['event', 'event_feed', 'webhook_delivery', 'webhook_attempt', 'webhook_skip', 'webhook_receipt'])
    AS parent;

INSERT INTO webhook_endpoint (id, workspace_id, url, url_key, description, event_types, filter, channels, headers,
    signature, retry_delays, timeout_seconds, ordering, format, transformation, auth_kind, auth, state, state_reason,
    labels, revision, create_time, update_time, delete_time)
SELECT pg_temp.id(11, n), pg_temp.id(5, CASE WHEN n <= 60 THEN 1 ELSE n END), 'https://' || n || '.example.com',
    'https://' || n || '.example.com', '', '{}', '', '{}', '', 'HMAC_SHA256', '{0,5}', 15, 'NONE', 'PLAIN', '', 'NONE',
    '', CASE WHEN n % 50 = 3 THEN 'PAUSED' ELSE 'ACTIVE' END, '', '{}', 3, now() - interval '20 days', now(),
    CASE WHEN n % 30 = 9 THEN now() END
FROM generate_series(1, 8000) AS n;

INSERT INTO webhook_endpoint_version
SELECT pg_temp.id(11, n), m, pg_temp.id(5, CASE WHEN n <= 60 THEN 1 ELSE n END), 'https://' || n || '.example.com',
    '{}', '', '{}', '', 'HMAC_SHA256', 15, 'PLAIN', '', 'NONE', '', 'ACTIVE',
    now() - (20 - 5 * m) * interval '1 day', CASE WHEN m < 3 THEN now() - (15 - 5 * m) * interval '1 day' END
FROM generate_series(1, 8000) AS n, generate_series(1, 3) AS m;

INSERT INTO webhook_lane
SELECT pg_temp.id(11, n), pg_temp.id(5, CASE WHEN n <= 60 THEN 1 ELSE n END),
    CASE WHEN n % 40 = 7 THEN now() + n * interval '1 second' ELSE 'infinity' END, now(), now(), 'CLOSED', 0, now(), 0, 0
FROM generate_series(1, 8000) AS n;

INSERT INTO event (id, workspace_id, type, subject, data, actor, request_id, trace_parent, create_time)
SELECT pg_temp.event_id(n), pg_temp.id(5, w), CASE WHEN n % 3 = 0 THEN 'order.paid' ELSE 'order.sent' END,
    'order_' || n % 500, '{}', 'usr', 'request', '', pg_temp.event_time(n)
FROM generate_series(1, 20000) AS n, LATERAL (SELECT CASE WHEN n % 2 = 0 THEN 1 ELSE n % 7999 + 1 END AS w);

INSERT INTO event_feed
SELECT create_time, row_number() OVER (ORDER BY id), workspace_id, id, create_time, type, 1
FROM event WHERE subject LIKE 'order%';

INSERT INTO webhook_delivery
SELECT pg_temp.id(11, e), pg_temp.event_id(n), pg_temp.event_time(n), pg_temp.id(5, CASE WHEN e <= 60 THEN 1 ELSE e END),
    CASE WHEN n % 3 = 0 THEN 'order.paid' ELSE 'order.sent' END, n, NULL,
    COALESCE((ARRAY['FAILED', 'CANCELLED'])[(n / 2 + e) % 20], 'SUCCEEDED'), 'AUTOMATIC', 1, NULL, NULL,
    pg_temp.event_time(n), now()
FROM (
    SELECT n, e FROM generate_series(2, 20000, 2) AS n, generate_series(1, 6) AS e
    UNION ALL SELECT n, n FROM generate_series(61, 7999, 2) AS n
) AS pairs;

INSERT INTO webhook_open_delivery (endpoint_id, event_id, event_time, workspace_id, type, position, ordering_key,
    due_time, state, trigger, attempts, tries, create_time, update_time)
SELECT pg_temp.id(11, e), pg_temp.event_id(n), pg_temp.event_time(n), pg_temp.id(5, 1), 'order.sent', n,
    CASE WHEN e = 7 THEN 'key' || n % 50 END, CASE WHEN e = 7 AND n > 100 THEN 'infinity' ELSE now() END,
    'RETRYING', 'AUTOMATIC', 1, 1, pg_temp.event_time(n), now()
FROM generate_series(2, 4000, 2) AS n, generate_series(7, 10) AS e;

INSERT INTO webhook_attempt
SELECT endpoint_id, event_id, event_time, 1, workspace_id, 'AUTOMATIC', event_time, 1, 1, 1, 1, 1, 200, '', '{}', '', '',
    '', false
FROM webhook_delivery;

INSERT INTO webhook_skip
SELECT pg_temp.event_id(n), pg_temp.id(11, e), pg_temp.event_time(n), pg_temp.id(5, 1), 'FILTERED'
FROM generate_series(2, 20000, 2) AS n, generate_series(11, 13) AS e;

INSERT INTO webhook_replay
SELECT pg_temp.id(12, n), pg_temp.id(5, CASE WHEN n <= 3000 THEN 1 ELSE n END), NULL, '{"start_time":
    "2026-11-01T00:00:00+00:00", "end_time": "2026-11-02T00:00:00+00:00", "event_types": [], "states": ["FAILED"]}',
    'NOW', NULL, CASE WHEN n % 500 = 50 THEN 'RUNNING' ELSE 'SUCCEEDED' END, NULL, 1, false, 1, now(), now()
FROM generate_series(1, 8000) AS n;

INSERT INTO webhook_secret
SELECT pg_temp.id(14, n), pg_temp.id(11, n), pg_temp.id(5, CASE WHEN n <= 60 THEN 1 ELSE n END), '', now(), NULL
FROM generate_series(1, 8000) AS n;

INSERT INTO webhook_endpoint_hour
SELECT pg_temp.id(11, e), date_trunc('hour', now()) - n * interval '1 hour',
    pg_temp.id(5, CASE WHEN e <= 60 THEN 1 ELSE e END), 1, 0, '{}'
FROM generate_series(1, 8000) AS e, generate_series(1, 5) AS n;

INSERT INTO webhook_portal_session
SELECT pg_temp.id(13, n), pg_temp.id(5, CASE WHEN n <= 3000 THEN 1 ELSE n END), 'usr_1', '{}',
    pg_temp.hash('code', n), now(), pg_temp.hash('token', n), now(), NULL, now()
FROM generate_series(1, 8000) AS n;

INSERT INTO webhook_source
SELECT pg_temp.id(31, n), pg_temp.id(5, CASE WHEN n <= 100 THEN 1 ELSE n END), 'Source', '', 'GITHUB', '',
    pg_temp.hash('source', n), 'order.paid', 'ACTIVE', '{}', 1, now(), now(), CASE WHEN n % 3 = 0 THEN now() END
FROM generate_series(1, 8000) AS n;

INSERT INTO webhook_receipt
SELECT pg_temp.event_id(n), pg_temp.id(5, CASE WHEN n % 2 = 0 THEN 1 ELSE n END),
    pg_temp.id(31, CASE WHEN n % 2 = 0 THEN 1 ELSE n END), pg_temp.event_time(n), '{}', 'body',
    CASE WHEN n % 5 = 0 THEN 'REFUSED' ELSE 'ACCEPTED' END, '', NULL
FROM generate_series(1, 18000) AS n;

-- Today has its share too, or its partition would be so small that it is best read whole.
INSERT INTO webhook_receipt
SELECT gen_random_uuid(), pg_temp.id(5, n), pg_temp.id(31, n), pg_temp.event_time(-n), '{}', 'body', 'ACCEPTED', '', NULL
FROM generate_series(1, 2000) AS n;

INSERT INTO workflow
SELECT pg_temp.id(41, n), pg_temp.id(5, CASE WHEN n <= 1000 THEN 1 ELSE n END), 'workflow-' || n, 'Workflow', '',
    (ARRAY['DRAFT', 'ACTIVE', 'PAUSED', 'ARCHIVED'])[n % 4 + 1], 3, '{}', '{}', 1, now(), now(),
    CASE WHEN n % 5 = 0 THEN now() END
FROM generate_series(1, 8000) AS n;

INSERT INTO workflow_version
SELECT pg_temp.id(41, w), n, pg_temp.id(5, CASE WHEN w <= 1000 THEN 1 ELSE w END), '{"steps": []}', 'usr_1', now()
FROM generate_series(1, 8000) AS w, generate_series(1, 3) AS n;

INSERT INTO workflow_trigger
SELECT pg_temp.id(41, w), 'trigger' || n, pg_temp.id(5, CASE WHEN w <= 1000 THEN 1 ELSE w END),
    (ARRAY['EVENT', 'SCHEDULE', 'WEBHOOK', 'WORKFLOW'])[n], 3,
    (ARRAY['order.paid', NULL, NULL, 'workflow.executed'])[n], CASE WHEN n = 3 THEN 'src_' || w END, '{}', false,
    CASE WHEN n = 2 THEN now() + w * interval '1 minute' END, NULL, NULL
FROM generate_series(1, 8000, 4) AS w, generate_series(1, 4) AS n;

INSERT INTO workflow_secret
SELECT pg_temp.id(5, CASE WHEN n <= 500 THEN 1 ELSE n END), 'SECRET_' || n, 'sealed', now(), now()
FROM generate_series(1, 8000) AS n;

INSERT INTO workflow_day
SELECT pg_temp.id(41, w), CURRENT_DATE - n, pg_temp.id(5, CASE WHEN w <= 1000 THEN 1 ELSE w END), 1, 0, 0, 0, '{}'
FROM generate_series(1, 8000) AS w, generate_series(1, 5) AS n;

-- Finished executions of eight days and of today, and open ones, half of them of one workspace.
SELECT prepare_days(parent, CURRENT_DATE - 10, CURRENT_DATE - 1)
FROM unnest(ARRAY['workflow_execution', 'workflow_label', 'workflow_step', 'workflow_log']) AS parent;

CREATE FUNCTION pg_temp.workflow_of(number bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
    $$ SELECT CASE WHEN number % 2 = 0 THEN abs(number) % 1000 + 1 ELSE 1001 + abs(number) % 6999 END $$;

CREATE TEMPORARY TABLE execution AS
SELECT n, pg_temp.event_id(n) AS id, pg_temp.event_time(n) AS create_time, pg_temp.workflow_of(n) AS w,
    pg_temp.id(41, pg_temp.workflow_of(n)) AS workflow_id,
    pg_temp.id(5, CASE WHEN n % 2 = 0 THEN 1 ELSE pg_temp.workflow_of(n) END) AS workspace_id
FROM generate_series(1, 18000) AS n
UNION ALL
SELECT -n, pg_temp.event_id(-n), pg_temp.event_time(-n), pg_temp.workflow_of(n), pg_temp.id(41, pg_temp.workflow_of(n)),
    pg_temp.id(5, CASE WHEN n % 2 = 0 THEN 1 ELSE pg_temp.workflow_of(n) END)
FROM generate_series(1, 2000) AS n;

INSERT INTO workflow_execution
SELECT id, create_time, workspace_id, workflow_id, 3,
    (ARRAY['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMED_OUT'])[abs(n) / 2 % 6 + 1], 3, 'MANUAL', '{}', '{}',
    CASE WHEN n % 7 = 0 THEN '{"customer": "7"}' ELSE '{}' END::jsonb, NULL, NULL, NULL, 0, NULL, 1, 'usr', '',
    create_time, create_time, '{}', NULL, '', create_time + interval '30 days', 1
FROM execution WHERE abs(n) % 10 <> 3;

INSERT INTO workflow_label
SELECT workspace_id, 'customer', '7', id, create_time FROM execution WHERE n % 7 = 0
UNION ALL SELECT workspace_id, 'region', 'eu', id, create_time FROM execution WHERE n % 2 = 0;

INSERT INTO workflow_open_execution
SELECT id, create_time, workspace_id, workflow_id, 3,
    (ARRAY['WAITING', 'WAITING', 'WAITING', 'WAITING', 'READY', 'RUNNING', 'QUEUED', 'PAUSED'])[abs(n) / 10 % 8 + 1],
    3, 'MANUAL', '{}', '{}', '{}', CASE WHEN n % 3 = 0 THEN 'key' || n % 50 END,
    CASE WHEN n % 4 = 0 THEN pg_temp.event_id(n - 1) END, CASE WHEN n % 4 = 0 THEN 'child' END, 0, NULL, 1, 'usr', '',
    create_time, create_time + interval '9 days', create_time + interval '1 year', create_time, create_time,
    CASE WHEN abs(n) / 10 % 8 = 5 THEN pg_temp.id(42, abs(n) % 3) END,
    CASE WHEN abs(n) / 10 % 8 = 5 THEN pg_temp.id(43, abs(n)) END,
    abs(n) / 10 % 8 = 5 AND n % 7 = 0, abs(n) / 10 % 8 = 7, NULL, '', 1
FROM execution WHERE abs(n) % 10 = 3;

INSERT INTO workflow_open_execution
SELECT pg_temp.id(44, n), now(), pg_temp.id(5, CASE WHEN n <= 3000 THEN 1 ELSE n END), pg_temp.id(41, n), 3,
    (ARRAY['WAITING', 'WAITING', 'READY', 'RUNNING', 'QUEUED', 'PAUSED'])[n % 6 + 1], n % 5 + 1, 'MANUAL', '{}', '{}', '{}',
    CASE WHEN n % 3 = 0 THEN 'key' || n % 50 END, CASE WHEN n % 4 = 0 THEN pg_temp.id(44, n - 1) END,
    CASE WHEN n % 4 = 0 THEN 'child' END, 0, NULL, 1, 'usr', '', now(), now() + n * interval '1 minute',
    now() + interval '1 year', now(), now(), CASE WHEN n % 6 = 3 THEN pg_temp.id(42, n % 3) END,
    CASE WHEN n % 6 = 3 THEN pg_temp.id(43, n) END, n % 6 = 3 AND n % 7 = 0, n % 6 = 5, NULL, '', 1
FROM generate_series(1, 8000) AS n;

INSERT INTO workflow_step
SELECT id, create_time, 'step' || step, 1, 1, workspace_id, 'transform',
    CASE WHEN step = 3 THEN 'FAILED' ELSE 'SUCCEEDED' END, '{}', NULL, NULL, create_time, create_time
FROM execution, generate_series(1, 3) AS step;

INSERT INTO workflow_log
SELECT pg_temp.id(45, (n + 3000) * 2 + line), id, create_time, workspace_id, '', 1, 'INFO', 'message', '{}', create_time
FROM execution, generate_series(0, 1) AS line;

INSERT INTO workflow_wait
SELECT pg_temp.id(44, n), 'ask', pg_temp.id(5, CASE WHEN n <= 3000 THEN 1 ELSE n END),
    (ARRAY['EVENT', 'SIGNAL', 'APPROVAL', 'EXECUTION'])[n % 4 + 1], 'order.paid', '', '{}',
    CASE WHEN n % 50 = 0 THEN '{}'::jsonb END, now()
FROM generate_series(1, 8000) AS n;

INSERT INTO workflow_signal
SELECT pg_temp.id(46, n), pg_temp.id(44, n % 800), pg_temp.id(5, CASE WHEN n % 800 <= 3000 THEN 1 ELSE n END), 'go', '{}', now()
FROM generate_series(1, 8000) AS n;

INSERT INTO workflow_approval
SELECT pg_temp.id(47, n), pg_temp.id(5, CASE WHEN n <= 3000 THEN 1 ELSE n END), pg_temp.id(41, n), pg_temp.id(44, n), 'ask',
    'Title', '', '{}', '{}', (ARRAY['PENDING', 'APPROVED', 'APPROVED', 'REJECTED'])[n % 4 + 1], '{}', '', '', NULL, now(),
    now()
FROM generate_series(1, 8000) AS n;

INSERT INTO workflow_slot
SELECT pg_temp.id(41, n), 'key' || n % 50, pg_temp.id(5, CASE WHEN n <= 1000 THEN 1 ELSE n END),
    now() - n * interval '1 minute', 5
FROM generate_series(1, 8000) AS n;

INSERT INTO workflow_start_key
SELECT pg_temp.id(41, n), 'key' || n, pg_temp.id(5, CASE WHEN n <= 1000 THEN 1 ELSE n END), pg_temp.id(44, n),
    now() - n * interval '1 minute'
FROM generate_series(1, 8000) AS n;

INSERT INTO workflow_cache
SELECT pg_temp.id(5, CASE WHEN n <= 1000 THEN 1 ELSE n END), pg_temp.hash('cache', n), '{}', now() + (n - 100) * interval '1 minute'
FROM generate_series(1, 8000) AS n;

INSERT INTO workflow_runner SELECT pg_temp.id(42, n), now() + interval '1 day' FROM generate_series(0, 2) AS n;
