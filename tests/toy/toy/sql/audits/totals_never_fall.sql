-- Events after which the total is less than after the one before.
select block_number, log_index, total from (
    select block_number, log_index, total, lag(total) over (order by block_number, log_index) as before
    from raw."counter.Counted"
)
where total < before;
