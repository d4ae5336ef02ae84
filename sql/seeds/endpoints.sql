-- Every buyer's endpoints, and by which of them each enrollment is told: put right where a superuser, a restore or a race
-- left them wrong, and for buyers from before there were any. Triggers keep them from then on.
select outbox.connect_buyers(outbox.find_disconnected_buyers());
