-- Road: somebody reads the feed: who it is, and what of it is theirs.

create or replace function roads.show_feed(p_key_hash text, p_after bigint, p_limit integer, p_kinds text[])
returns text
language plpgsql
volatile
as $$
begin
  if identity.find_feed_reader(p_key_hash) <> 'operator' then
    perform kernel.refuse('LG403', 'Only operators read the whole feed', 'scopes', 'a buyer''s', 'an operator''s');
  end if;
  return outbox.read_feed(p_after, p_limit, p_kinds);
end;
$$;
comment on function roads.show_feed(text, bigint, integer, text[]) is 'The work of leadgen.show_feed.';

create or replace function roads.show_own_feed(p_key_hash text, p_after bigint, p_limit integer, p_kinds text[])
returns text
language plpgsql
volatile
as $$
-- Runs as leadgen_reader: row-level security leaves the items of the buyer that the transaction acts for.
declare
  v_buyer_id constant bigint := identity.act_as_reader(p_key_hash);
begin
  return outbox.read_own_feed(v_buyer_id, p_after, p_limit, p_kinds);
end;
$$;
comment on function roads.show_own_feed(text, bigint, integer, text[]) is 'The work of leadgen.show_own_feed.';
