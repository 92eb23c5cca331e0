"""What workflows and their executions are asked to do, by verb."""
