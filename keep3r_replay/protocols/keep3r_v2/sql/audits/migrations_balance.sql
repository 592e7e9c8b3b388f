-- Transactions that take more or less from one job than another gets.
select block_number, log_index, sum(amount) as difference from ledger
where kind in ('migrated_out', 'migrated_in') group by block_number, log_index having sum(amount) <> 0;
