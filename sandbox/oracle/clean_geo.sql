-- parts.md part 4, "geo". A row with a missing column belongs to quarantine, not here.
select ind, country, [latitude, longitude] as coordinates, "timestamp"
from geolocation_data
where columns(*) is not null
order by ind
