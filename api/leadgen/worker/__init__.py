"""The delivery worker: drains the outbox to buyers, by signed webhook and by email.

Its road, one module each: `loop` claims deliveries (`queries`, under a lease), `attempt` runs one send under
its deadline and judges it, `webhook` and `mail` do the network call (`egress` says whom a webhook may reach),
`recorder` writes outcomes in batches. Beside it `wakeup` listens for the bell and `sales` tends sales that end
and leads that wait for a buyer; `process` starts and stops it all.

At least once: what was sent but not recorded is sent again, with the same webhook-id or Message-ID.
"""

from leadgen.worker.process import run

__all__ = ["run"]
