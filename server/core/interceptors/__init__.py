"""The way of every call, built once per method at start from what the contract declares.

    edge             bytes in, bytes out: status, logs, metrics, trace
    └ authentication     who calls, and is the credential of the kind the method takes
      └ scope            one transaction for a call that writes, one-statement reads for one that does not
        └ authorisation      may they, here (before validation: AIP-211)
          └ validation           the field rules
            └ idempotency            the first answer again for a repeated Idempotency-Key
              └ servicer

Each is a function that takes the method and the next handler and gives a handler; one that a method does not need
gives the next handler itself and so costs nothing.
"""
