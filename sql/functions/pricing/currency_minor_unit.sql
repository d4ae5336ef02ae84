create or replace function leadgen.currency_minor_unit(p_currency text)
returns integer
language plpgsql
immutable strict parallel safe
as $$
begin
  return case
    when p_currency in ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF')
      then 0
    else 2
  end;
end;
$$;
comment on function leadgen.currency_minor_unit(text) is
  'Decimals of a currency (ISO 4217). Those with three are refused where a market is written.';
