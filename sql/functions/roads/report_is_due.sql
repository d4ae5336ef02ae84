-- Road: a scheduled report is due.

create or replace function roads.queue_due_report()
returns bigint
language plpgsql
volatile
as $$
begin
  return reporting.queue_due_report();
end;
$$;
comment on function roads.queue_due_report() is
  'Chore: queues a scheduled report whose period is over, each period once. Null: none is due.';
