-- Keepers who were paid something else than the ledger spent on them.
select keep3r, keeper, paid, spent from
    (select keep3r, keeper, sum(payment) as paid from works
        where explanation <> 'token_payment' and in_range(block_number) group by keep3r, keeper)
    full join (select keep3r, counterpart as keeper, -sum(amount) as spent from ledger
        where kind = 'spent' and in_range(block_number) group by keep3r, counterpart)
    using (keep3r, keeper)
where coalesce(paid, 0) <> coalesce(spent, 0);
