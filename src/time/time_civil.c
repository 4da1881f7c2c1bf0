/* SPDX-License-Identifier: MIT */
/* The calendar. */
#include "time_priv.h"

int64_t time_days(int64_t year, int month, int day)
{
	/* Years from March on: the leap day comes last */
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

bool time_civil(const int64_t fields[6], int64_t *seconds)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t y = fields[0], mon = fields[1], d = fields[2], h = fields[3], min = fields[4],
		s = fields[5];
	if (y < 1900 || y > 2200 || mon < 1 || mon > 12 || h > 24 || min > 59 || s > 60 ||
	    (h == 24 && min + s > 0))
		return false;
	bool leap = df_is_leap_year(y);
	if (d < 1 || d > days[mon - 1] + (leap && mon == 2))
		return false;
	*seconds = time_days(y, (int)mon, (int)d) * 86400 + h * 3600 + min * 60 + s;
	return true;
}
