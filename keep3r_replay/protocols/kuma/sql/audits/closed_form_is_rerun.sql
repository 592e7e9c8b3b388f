-- Clean cases whose closed form is not the price of the rerun.
select category, bond_id, realized_strict, closed_form_strict, realized_grace, closed_form_grace
from res.late_expiries
where bought_at is not null and bought_at <= range_end()
    and bought_at >= (select coalesce(min(timestamp), 0) from raw.blocks where in_range(number))
    and ((clean_strict and realized_strict <> closed_form_strict) or (clean_grace and realized_grace <> closed_form_grace));
