-- parts.md part 4, "user"; one blank joins the names. A row with a missing column belongs to quarantine, not here.
select ind, first_name || ' ' || last_name as user_name, age, date_joined
from user_data
where columns(*) is not null
order by ind
