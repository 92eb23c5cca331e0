"""People: accounts, sign-in, sessions, two-step login and personal API keys."""
