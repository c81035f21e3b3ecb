-- Median followers per age group, per person; a group without any known followers has no row.
select age_group(age) as age_group, median(follower_count) as median_follower_count
from person
where age_group(age) is not null and follower_count is not null
group by age_group(age)
order by age_group
