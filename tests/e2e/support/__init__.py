"""What the end-to-end tests call the product with: plain HTTP, generated stubs, a mailbox, people and load."""
