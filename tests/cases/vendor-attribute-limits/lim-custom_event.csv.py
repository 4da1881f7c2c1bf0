#!/usr/bin/env python3
n256, n257, v4096, v4097 = "n" * 256, "m" * 257, "v" * 4096, "w" * 4097
print("mpid,events.data.event_name,events.data.custom_event_type,events.data.custom_attributes.a,user_attributes.b")
print(f"1,{n256},other,{v4096},{v4096}")
print(f"2,{n257},other,x,x")
print(f"3,a,other,{v4097},x")
print(f"4,a,other,x,{v4097}")
