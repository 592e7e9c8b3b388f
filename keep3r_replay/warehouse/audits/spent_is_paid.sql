-- Keepers who were paid something else than the ledger spent on them.
select keeper, paid, spent from
    (select keeper, sum(payment) as paid from works where explanation <> 'token_payment' group by keeper)
    full join (select counterpart as keeper, -sum(amount) as spent from ledger where kind = 'spent' group by counterpart)
    using (keeper)
where coalesce(paid, 0) <> coalesce(spent, 0);
