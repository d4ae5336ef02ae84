-- The demo posts from this machine what many visitors would.
insert into leadgen.rate_limits (name, subject, amount, per_seconds, is_active)
values ('address', '127.0.0.1', 100000, 60, true)
on conflict (name, subject) do nothing;
