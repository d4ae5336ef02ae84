create or replace function leadgen.make_webhook_secret()
returns text
language sql
volatile
as $$
-- gen_random_uuid draws 122 bits from the system's strong source; two of them, hashed, make 32 bytes.
  select 'whsec_' || encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'base64');
$$;
comment on function leadgen.make_webhook_secret() is 'A new Standard Webhooks secret: whsec_ and 32 random bytes in base64.';
