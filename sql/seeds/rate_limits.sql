-- Rate limits that no honest sender meets. They are added where they lack; what an installation made of them stays.
-- One address can use up a third of what a source may get without a key, so that one visitor does not stop the others.
insert into leadgen.rate_limits (name, amount, per_seconds)
values
  ('address', 120, 120),
  ('source', 600, 300),
  ('key', 6000, 60),
  ('quarantine_address', 5000000, 86400),
  ('quarantine_source', 50000000, 86400),
  ('quarantine', 500000000, 86400)
on conflict (name, subject) do nothing;
