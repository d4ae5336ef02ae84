-- The state machines, drawn in ARCHITECTURE.md. Declared: a row that is not here is removed.
with declared (entity, from_state, to_state) as (
  values
    ('leads', 'received', 'validated'),
    ('leads', 'received', 'rejected'),
    ('leads', 'validated', 'delivered'),
    ('leads', 'validated', 'accepted'),
    ('leads', 'validated', 'rejected'),
    ('leads', 'delivered', 'accepted'),
    ('leads', 'delivered', 'validated'),
    ('leads', 'delivered', 'rejected'),
    ('leads', 'accepted', 'validated'),
    ('leads', 'accepted', 'rejected'),
    ('lead_assignments', 'pending', 'delivered'),
    ('lead_assignments', 'pending', 'accepted'),
    ('lead_assignments', 'pending', 'failed'),
    ('lead_assignments', 'pending', 'unknown'),
    ('lead_assignments', 'pending', 'returned'),
    ('lead_assignments', 'unknown', 'delivered'),
    ('lead_assignments', 'unknown', 'accepted'),
    ('lead_assignments', 'unknown', 'failed'),
    ('lead_assignments', 'unknown', 'returned'),
    ('lead_assignments', 'failed', 'delivered'),
    ('lead_assignments', 'failed', 'accepted'),
    ('lead_assignments', 'failed', 'unknown'),
    ('lead_assignments', 'delivered', 'accepted'),
    ('lead_assignments', 'delivered', 'returned'),
    ('lead_assignments', 'accepted', 'returned'),
    ('deliveries', 'pending', 'sending'),
    ('deliveries', 'pending', 'cancelled'),
    ('deliveries', 'sending', 'pending'),
    ('deliveries', 'sending', 'delivered'),
    ('deliveries', 'sending', 'unknown'),
    ('deliveries', 'sending', 'dead'),
    ('deliveries', 'sending', 'cancelled'),
    ('deliveries', 'unknown', 'pending'),
    ('deliveries', 'dead', 'pending'),
    ('invoices', 'draft', 'sent'),
    ('invoices', 'draft', 'cancelled'),
    ('invoices', 'sent', 'paid'),
    ('invoices', 'sent', 'overdue'),
    ('invoices', 'sent', 'disputed'),
    ('invoices', 'sent', 'cancelled'),
    ('invoices', 'overdue', 'paid'),
    ('invoices', 'overdue', 'disputed'),
    ('invoices', 'overdue', 'cancelled'),
    ('invoices', 'disputed', 'sent'),
    ('invoices', 'disputed', 'paid'),
    ('invoices', 'disputed', 'cancelled')
),
removed as (
  delete from leadgen.state_transitions t
  where not exists (select from declared d where (d.entity, d.from_state, d.to_state) = (t.entity, t.from_state, t.to_state))
)
insert into leadgen.state_transitions (entity, from_state, to_state)
select d.entity, d.from_state, d.to_state from declared d
on conflict do nothing;
