create or replace function leadgen.list_special_networks()
returns cidr[]
language sql
immutable parallel safe
as $$
-- The IANA special-purpose registries. api/leadgen/worker/egress.py has the same list: change both (tests/db/test_egress_lists.py).
  select array[
    '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24',
    '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4',
    '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'
  ]::cidr[];
$$;
comment on function leadgen.list_special_networks() is 'Networks that are not the public internet; of IPv6 only those inside 2000::/3.';
