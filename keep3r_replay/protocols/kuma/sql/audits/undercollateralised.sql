-- Moments at which a reserve that nobody left for stablecoin was worth less than the supply by more than 100 wei.
select t.block_number, t.category, t.undercollateralisation
from res.tokens t
join res.categories c using (risk_category)
where in_range(t.block_number) and t.undercollateralisation > 100 and not c.deprecated
    and not exists (select 1 from res.self_transfers s where s.risk_category = t.risk_category);
