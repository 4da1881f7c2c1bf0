# what is a trailer at the end is a row elsewhere
print("user_identities.customerid,user_attributes.Town")
print("TRL,Ulm")
for n in range(900):
    print("1,Bonn")
