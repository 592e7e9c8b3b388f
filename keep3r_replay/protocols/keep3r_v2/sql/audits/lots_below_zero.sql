-- Lots from which more was taken than they held by the end of the range.
select keep3r, job, lot, sum(amount) as amount from ledger where block_number <= range_last()
group by keep3r, job, lot having sum(amount) < 0 and max(block_number) >= range_first();
