-- A restore may leave the secrets out (docs/runbooks/restore.md): every buyer then gets a new one.
insert into leadgen.webhook_secrets (buyer_id, secret)
select b.id, catalog.make_webhook_secret() as secret
from leadgen.buyers b
where not exists (select from leadgen.webhook_secrets s where s.buyer_id = b.id)
on conflict (buyer_id) do nothing;
