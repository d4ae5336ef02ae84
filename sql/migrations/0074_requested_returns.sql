-- Returns that wait for an operator are read as a queue.
-- squawk-ignore require-concurrent-index-creation
create index idx_sale_returns_requested on leadgen.sale_returns (id) where status = 'requested';
