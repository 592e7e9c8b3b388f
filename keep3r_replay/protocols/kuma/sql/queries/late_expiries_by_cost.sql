-- Late expiries, the dearest first: what the buyer burned too much against the last second of grace and against maturity.
select category, bond_id, status, seconds_late, excess_grace, excess_strict, clone_actual, clone_strict, clone_grace,
    clean_strict, clean_grace
from late_expiries
order by excess_grace desc nulls last, category, bond_id;
