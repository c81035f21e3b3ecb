-- Blanks around a text (space, tab, line end) never matter where it is compared or read.
create macro stripped(text) as regexp_replace(text, '^\s+|\s+$', '', 'g');

-- A placeholder says that the value is missing; any other text stays as it is, blanks included.
create macro unless_placeholder(text, placeholders) as
    case when list_contains(placeholders, stripped(text)) then null else text end;

create macro followers_missing(text) as stripped(text) = 'User Info Error';

create macro unit_zeros(unit) as case lower(unit) when 'k' then 3 when 'm' then 6 when 'b' then 9 else 0 end;

-- Digits moved as text, so that no float and no 128-bit product can round: '1.2M' is '1' || '200000'.
create macro shifted(whole, fraction, zeros) as
    case when length(fraction) <= zeros then try_cast(ltrim(whole || rpad(fraction, zeros, '0'), '0') as bigint) end;

create macro follower_parts(text) as
    regexp_extract(stripped(text), '^([0-9]+)(?:\.([0-9]+))?([kKmMbB]?)$', ['whole', 'fraction', 'unit']);

-- '17' or '1.2M' in any case as a whole number; null where it is no such text, not whole, or beyond 64 bits.
-- A decimal point without a unit is not one of the known forms.
create macro followers(text) as case
    when regexp_full_match(stripped(text), '0+|0+(\.0+)?[kKmMbB]') then 0
    when regexp_full_match(stripped(text), '[0-9]+|[0-9]+(\.[0-9]+)?[kKmMbB]') then shifted(
        follower_parts(text).whole, rtrim(follower_parts(text).fraction, '0'), unit_zeros(follower_parts(text).unit)
    )
end;

create macro followers_readable(text) as followers_missing(text) or followers(text) is not null;
