-- What all holders of a category had more, since bonds were expired late: the supply just before each purchase.
select category, bond_id, supply_excess_strict, supply_excess_grace, excess_strict, excess_grace
from late_expiries
where status in ('late, bought', 'never expired, bought late')
order by supply_excess_grace desc, category, bond_id;
