"""The delivery worker: drains the outbox to buyers, by signed webhook, email and text message.

Its road, one module each: `loop` claims deliveries (`queries`, under a lease) as far as each channel's `lane` has
room, `attempt` runs one send under its deadline, `webhook`, `mail` and `sms` do the network call (`exchange` is
what HTTP needs, `words` what people read, `egress` says whom we may reach), `recorder` writes outcomes in batches
and `report` tells of them. Beside it `wakeup` listens for the bell, and `tender` does the chores: sales that end,
leads that wait for a buyer, disabled endpoints, resend runs, `checks` of new endpoints. `process` starts and stops it
all.

At least once: what was sent but not recorded is sent again, with the same webhook-id or Message-ID; text messages
alone are never sent again blindly.
"""

from leadgen.worker.process import run

__all__ = ["run"]
