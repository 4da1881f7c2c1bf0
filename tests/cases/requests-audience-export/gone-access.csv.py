print("mpid,scanned_timestamp_ms,identity_value,identity_type,request.submitted_time")
for mpid, value, kind in [(17, "17", "mpid"), (-9223372036854775808, "x", "mpid"), (9007199254740993, "ann@example.com", "email"),
                          (17, "C-17", "customer_id")]:
    print(f"{mpid},1768206600000,{value},{kind},2026-01-12")
