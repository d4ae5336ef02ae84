create or replace function leadgen.is_public_address(p_address inet)
returns boolean
language plpgsql
immutable strict parallel safe
as $$
-- Of IPv6 only 2000::/3 is handed out; what wraps IPv4 lies outside of it (mapped, NAT64) or is on the list (6to4, Teredo).
begin
  return (family(p_address) = 4 or p_address <<= inet '2000::/3')
    and not p_address <<= any (leadgen.list_special_networks());
end;
$$;
comment on function leadgen.is_public_address(inet) is 'Whether an address belongs to the public internet.';
