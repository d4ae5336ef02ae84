create or replace function leadgen.parse_reply(p_reply text)
returns jsonb
language plpgsql
immutable
as $$
-- A receiver writes what it likes, and what it wrote may be cut: what is no JSON is text. Some begin with a byte order mark,
-- and jsonb has no NUL. The block writes nothing, so it takes no transaction id.
begin
  return replace(ltrim(p_reply, U&'\FEFF'), '\u0000', '')::jsonb;
exception
  when others then
    return null;
end;
$$;
comment on function leadgen.parse_reply(text) is 'The JSON that a receiver answered; null: it is none.';
