-- What the numbers of the views mean. Declared: a row that is not here is removed.
create temp table declared_measures (like leadgen.measures including defaults) on commit drop;

insert into declared_measures (name, position, bases, unit, definition, source)
values
  ('received', 10, '{came}', 'leads', 'Leads that a source was found for, rejected ones included.', 'a row of report.leads'),
  ('valid', 20, '{came}', 'leads', 'Leads that passed every rule of their validation policy.', 'report.leads.is_valid'),
  ('sold', 30, '{came}', 'leads', 'Leads of which a sale stands. A lead that three buyers have counts once.', 'report.leads.is_sold'),
  ('held', 40, '{came}', 'leads', 'Leads that have no buyer and are offered again.', 'report.leads.is_held'),
  ('sales', 50, '{came,sold,booked}', 'sales',
    'Sales, whatever became of them: a lead that three buyers got has three. booked: those whose revenue is booked.',
    'a row of report.sales'),
  ('standing', 60, '{sold}', 'sales', 'Sales that have not ended.', 'report.sales.stands'),
  ('delivered', 70, '{came,sold}', 'leads', 'came: leads that reached a buyer. sold: sales that reached theirs.',
    'report.leads.is_delivered; report.sales.delivered_at'),
  ('accepted', 80, '{came,sold}', 'leads', 'came: leads of which a sale stands that its buyer accepted. sold: such sales.',
    'report.leads.is_accepted; report.sales.is_accepted'),
  ('returned', 90, '{came,sold,returned}', 'leads',
    'came: leads of which a sale was returned. sold: such sales, on the day of the sale. returned: such sales, when the return '
    'was asked for.',
    'report.leads.is_returned; report.sales.days_to_return; a row of report.returns'),
  ('revenue', 100, '{came,sold,booked}', 'money',
    'The prices of all sales, as they were sold. booked: the ledger''s account revenue; a sale that must be accepted first '
    'counts when it is.',
    'report.sale_money.revenue; ledger account revenue'),
  ('refunds', 110, '{came,sold,booked}', 'money',
    'What was given back of revenue: the price of each sale that ended (returned, lapsed, failed, erased), and parts that operators '
    'refunded. booked: the ledger''s account returns but for credits.',
    'report.sale_money.refunds; ledger account returns'),
  ('credits', 120, '{booked}', 'money', 'What operators credited buyers, less what they debited them.', 'ledger kinds credit, debit'),
  ('net', 130, '{came,sold,booked}', 'money', 'revenue - refunds; booked: revenue - refunds - credits.', 'revenue, refunds'),
  ('cost', 140, '{came,sold}', 'money', 'What sources are owed for it now, after what was taken back.', 'report.sale_money.cost'),
  ('margin', 150, '{came,sold}', 'money', 'net - cost.', 'net, cost'),
  ('margin_percent', 160, '{sold}', 'percent', 'margin of net.', 'margin, net'),
  ('rpl', 170, '{came}', 'money', 'Revenue per lead: net of each lead received.', 'net, received'),
  ('cpl', 180, '{came}', 'money', 'Cost per lead: cost of each lead received.', 'cost, received'),
  ('fill_percent', 190, '{came,sold}', 'percent', 'came: sold of valid. sold: standing sales of the daily cap.', 'sold, valid, standing'),
  ('budget_percent', 195, '{sold}', 'percent', 'net of the daily budget.', 'net'),
  ('response_seconds', 200, '{came,sold}', 'seconds',
    'came: from the lead to its delivery, the mean of delivered leads. sold: from the sale to its delivery.',
    'report.leads.response_seconds; report.sales.time_to_delivery'),
  ('money_lost', 210, '{came}', 'money',
    'What the buyers that came nearest would have paid for places that nobody took. Leads that are held have lost none.',
    'report.lost_places.price'),
  ('worth', 220, '{came}', 'money',
    'What rejected leads would have brought if they had been as good as the valid ones: net of each valid lead of their offer on '
    'that day. An estimate.',
    'net, valid');

delete from leadgen.measures m where not exists (select from declared_measures d where d.name = m.name);
insert into leadgen.measures as m (name, position, bases, unit, definition, source)
select d.name, d.position, d.bases, d.unit, d.definition, d.source from declared_measures d
on conflict (name) do update set
  position = excluded.position,
  bases = excluded.bases,
  unit = excluded.unit,
  definition = excluded.definition,
  source = excluded.source;
