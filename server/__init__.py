"""The product's server: one room per domain over a core of mechanisms, put together in `server.app`."""
