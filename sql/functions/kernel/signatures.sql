-- HMAC-SHA-256 from the built-in sha256(), so that no extension is needed.

create or replace function kernel.compute_hmac(p_key bytea, p_message bytea)
returns bytea
language plpgsql
immutable strict parallel safe
as $$
-- RFC 2104. The built-in sha256() is all that it needs; pgcrypto is not to be had everywhere.
declare
  c_block constant integer := 64;
  v_key bytea := case when length(p_key) > c_block then sha256(p_key) else p_key end;
  v_inner bytea := decode(repeat('36', c_block), 'hex');
  v_outer bytea := decode(repeat('5c', c_block), 'hex');
begin
  for v_index in 0 .. length(v_key) - 1 loop
    v_inner := set_byte(v_inner, v_index, get_byte(v_inner, v_index) # get_byte(v_key, v_index));
    v_outer := set_byte(v_outer, v_index, get_byte(v_outer, v_index) # get_byte(v_key, v_index));
  end loop;
  return sha256(v_outer || sha256(v_inner || p_message));
end;
$$;
comment on function kernel.compute_hmac(bytea, bytea) is 'HMAC-SHA-256 of a message.';
