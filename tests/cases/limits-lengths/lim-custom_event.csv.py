# SPDX-License-Identifier: MIT
wide = "\u00e9"
print("mpid,events.data.timestamp_unixtime_ms,events.data.event_name,events.data.custom_event_type,events.data.custom_attributes.a,user_attributes.u,user_attributes.l[]")
for name, attribute, user, entry in [(256, 4096, 4096, 512), (257, 1, 1, 1), (1, 4097, 1, 1), (1, 1, 4097, 1), (1, 1, 1, 513)]:
    print("1", "1500000000000", wide * name, "other", wide * attribute, wide * user, wide * entry, sep=",")
