-- Blocks at which the sidechain's virtualReserves were read at or below 0: the escrow holds no more than the bonds.
-- The contract goes on rewarding keepers then, with KP3R that nobody can withdraw. keep3r extract readings=[BLOCK,...] reads.
-- not of what-ifs
select block_number, contract as keep3r, value::DECIMAL(38, 0) as virtual_reserves
from raw.readings where view = 'virtualReserves' and value is not null and value not like '%e%'
    and value::HUGEINT <= 0 and in_range(block_number)
order by block_number, keep3r;
