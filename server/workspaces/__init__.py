"""The room of workspaces: what people share, who is in it, and what each may do there."""
