"""The runner process: claims executions of workflows, makes their steps, records what came of them."""
