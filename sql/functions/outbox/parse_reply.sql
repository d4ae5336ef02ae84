create or replace function leadgen.parse_reply(p_reply text)
returns jsonb
language plpgsql
immutable
as $$
-- A receiver writes what it likes, and what it wrote may be cut: what is no JSON is text. The block writes nothing, so it
-- takes no transaction id.
begin
  return p_reply::jsonb;
exception
  when others then
    return null;
end;
$$;
comment on function leadgen.parse_reply(text) is 'The JSON that a receiver answered; null: it is none.';
