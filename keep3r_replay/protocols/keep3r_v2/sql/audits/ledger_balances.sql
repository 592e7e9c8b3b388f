-- Entries whose balance is not the one before plus the amount.
select * from (
    select keep3r, job, block_number, log_index, kind, amount, balance,
        lag(balance) over (partition by keep3r, job order by entry) as former
    from (select *, row_number() over () as entry from res.ledger))
where former is not null and former + amount <> balance and in_range(block_number);
