# SPDX-License-Identifier: MIT
wide = "\u00e9"
print("mpid,events.data.timestamp_unixtime_ms,events.data.event_name,events.data.custom_event_type,events.data.custom_attributes.a,user_attributes.u,user_attributes.l[]")
print("1", "1500000000000", wide * 257, "other", wide * 4097, wide * 4097, wide * 513, sep=",")
