-- Median followers per joining year and age group, per person; a cell without any known followers has no row.
select
    age_group(age) as age_group, year(date_joined) as join_year, median(follower_count) as median_follower_count
from person
where age_group(age) is not null and year(date_joined) between 2015 and 2020 and follower_count is not null
group by age_group(age), year(date_joined)
order by age_group, join_year
