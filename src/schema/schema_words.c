/* SPDX-License-Identifier: MIT */
/* What columns are called elsewhere: in shops' exports, warehouses, analytics. $FirstName and
 * the like are mParticle's reserved user attributes. */
#include "dropfeed/schema.h"

#include <stdlib.h>

#define USER      "user_attributes."
#define IDENTITY  "user_identities."
#define DEVICE    "device_info."
#define APP       "application_info."
#define DATA      "events.data."
#define ACTION    "events.data.product_action."
#define PRODUCT   "events.data.product_action.products."
#define ANY       SCHEMA_IN_ANY
#define EVENTS    SCHEMA_IN_EVENTS
#define EVENTLESS SCHEMA_IN_EVENTLESS
#define CUSTOM    SCHEMA_IN_CUSTOM
#define COMMERCE  SCHEMA_IN_COMMERCE
#define SCREEN    SCHEMA_IN_SCREEN
#define ORDER_TIMES                                                                                \
	"ordertime orderdate orderedat orderdatetime ordertimestamp purchasedate purchasetime "    \
	"purchasedat "                                                                             \
	"invoicedate "                                                                             \
	"invoicetime belegdatum bestelldatum rechnungsdatum auftragsdatum bookingdate bookedon "   \
	"bookedat createdutc "                                                                     \
	"transactiondate transactiontime transactiontimestamp saledate saletime"

const struct schema_word schema_words[] = {
    /* never sent by a guess */
    {"password passwd pwd passwordhash hashedpassword ssn socialsecuritynumber creditcard "
     "creditcardnumber cardnumber "
     "ccnumber cvv cvc iban bankaccount bankaccountnumber apikey apisecret accesstoken "
     "refreshtoken",
     ANY, NULL},

    /* who */
    {"mpid", ANY, "mpid"},
    {"customerid userid custid uid customernumber customerno customerkey userkey usernumber "
     "memberid "
     "contactid subscriberkey subscriberid externalid externalcustomerid kundennummer kundennr "
     "kundenid kundenummer "
     "kdnr "
     "custvisid loyaltyno loyaltynumber loyaltyid memberno membernumber membershipno "
     "membershipnumber ffnumber "
     "frequentflyernumber frequentflyerno requesterid guestid passengerid shopperid recordid "
     "contactrecordid "
     "employeeid loginid userlogin "
     "numeroclient idcliente",
     ANY, IDENTITY "customer_id"},
    {"id", EVENTLESS, IDENTITY "customer_id"},
    {"accountid accountcode accountnumber accountno", ANY, IDENTITY "customer_id"},
    {"email emailaddress mail mailaddress useremail customeremail primaryemail contactemail "
     "emailid "
     "emailaddr requesteremail kundeemail guestemail paxemail passengeremail billingemail "
     "billingemailaddress",
     ANY, IDENTITY "email"},
    {"userpseudoid anonymousid visitorid clientid gaclientid cookieid distinctid profileid "
     "guestprofile "
     "mcvisid",
     ANY, IDENTITY "other"},

    /* with what */
    {"idfa iosidfa iosadvertisingid", ANY, DEVICE "ios_advertising_id"},
    {"idfv iosidfv", ANY, DEVICE "ios_idfv"},
    {"gaid aaid androidadvertisingid googleadvertisingid googleadid", ANY,
     DEVICE "android_advertising_id"},
    {"androidid androiduuid", ANY, DEVICE "android_uuid"},
    {"fireadvertisingid amazonadvertisingid", ANY, DEVICE "fire_advertising_id"},
    {"rida rokuadvertisingid", ANY, DEVICE "roku_advertising_id"},
    {"ip contextip ipaddress ipaddr clientip userip remoteaddr remoteip", ANY, "ip"},
    {"useragent contextuseragent httpuseragent browseruseragent ua", ANY,
     DEVICE "http_header_user_agent"},
    {"platform deviceplatform", ANY, DEVICE "platform"},
    {"osversion operatingsystemversion deviceoperatingsystemversion deviceosversion", ANY,
     DEVICE "os_version"},
    {"devicemodel model", ANY & ~COMMERCE, DEVICE "device_model"},
    {"devicebrand", ANY, DEVICE "brand"},
    {"devicemanufacturer", ANY, DEVICE "device_manufacturer"},
    {"locale devicelanguage devicelocale", ANY, DEVICE "locale_language"},
    {"carrier networkcarrier", ANY & ~COMMERCE, DEVICE "network_carrier"},
    {"appname applicationname", ANY, APP "application_name"},
    {"appversion applicationversion", ANY, APP "application_version"},
    {"appbuild buildnumber applicationbuildnumber", ANY, APP "application_build_number"},
    {"bundleid packagename", ANY, APP "package"},

    /* when */
    {ORDER_TIMES, COMMERCE, DATA "timestamp_unixtime_ms"},
    {"timestampunixtimems eventtimestamp originaltimestamp eventtime eventdatetime eventts "
     "occurredat timestamp "
     "timestampms ts unixtime "
     "hittimestamp hittime hittimegmt loggedat createdat created creationtime datecreated datetime "
     "receivedat sentat "
     "time "
     "eventdate date day datum zeitpunkt zeitstempel fecha lastmodifieddate modifieddate "
     "lastmodified updatedat",
     EVENTS, DATA "timestamp_unixtime_ms"},
    {ORDER_TIMES, EVENTS & ~COMMERCE, DATA "timestamp_unixtime_ms"},

    /* what */
    {"eventname event eventaction action activity activityname", CUSTOM, DATA "event_name"},
    {"customeventtype eventtype eventcategory category type", CUSTOM, DATA "custom_event_type"},
    {"eventtype eventtext type", CUSTOM, DATA "event_name"},
    {"screenname screen pagename pagetitle page screentitle viewname view screenclass pagepath "
     "path pagelocation "
     "pageurl url",
     SCREEN, DATA "screen_name"},
    {"sessionuuid sessionid gasessionid", EVENTS, DATA "session_uuid"},
    {"sessionid gasessionid", EVENTS, DATA "session_id"},
    {"messageid sourcemessageid", EVENTS, DATA "source_message_id"},

    /* orders and their lines */
    {"productaction action eventaction event eventname eventtype transactiontype type", COMMERCE,
     ACTION "action"},
    {"transactionid orderid orderno ordernumber ordernum order invoiceno invoiceid invoicenumber "
     "invoice receiptid "
     "receiptno receiptnumber purchaseid salesorderid ordername bestellnummer auftragsnummer "
     "rechnungsnummer "
     "belegnummer bonnummer "
     "confirmationno confirmationnumber bookingreference bookingref bookingid reservationid "
     "reservationno pnr "
     "recordlocator",
     COMMERCE, ACTION "transaction_id"},
    {"ordertotal grandtotal totalamount totalprice total ordervalue orderamount transactionrevenue "
     "revenue amount "
     "grandtotalpurchased grandtotalbase gesamt gesamtbetrag bruttobetrag",
     COMMERCE, ACTION "total_amount"},
    {"taxamount totaltax tax taxes vat ordertax mwst", COMMERCE, ACTION "tax_amount"},
    {"shippingamount shippingcost shippingprice shippingfee totalshipping shipping freight "
     "deliveryfee "
     "ordershipping shippingandhandling versandkosten",
     COMMERCE, ACTION "shipping_amount"},
    {"couponcode coupon discountcode promocode vouchercode voucher promotioncode", COMMERCE,
     ACTION "coupon_code"},
    {"affiliation storename store", COMMERCE, ACTION "affiliation"},
    {"currency currencycode ordercurrency currencyisocode w\xc3\xa4hrung waehrung devise moneda",
     COMMERCE, DATA "currency_code"},
    {"sku productsku itemsku variantsku lineitemsku productid itemid lineitemproductid stockcode "
     "productcode articleno "
     "articlenumber articleid upc ean asin artikelnummer artikelnr materialnummer plancode planid "
     "flight flightno "
     "flightnumber",
     COMMERCE, PRODUCT "id"},
    {"productname itemname producttitle itemtitle lineitemname lineitemtitle product item title "
     "productdescription "
     "itemdescription description bezeichnung artikelbezeichnung artikel planname roomtype",
     COMMERCE, PRODUCT "name"},
    {"productbrand itembrand brand vendor", COMMERCE, PRODUCT "brand"},
    {"productcategory itemcategory category productcategoryname producttype department", COMMERCE,
     PRODUCT "category"},
    {"productvariant itemvariant variant varianttitle", COMMERCE, PRODUCT "variant"},
    {"unitprice itemprice productprice lineitemprice price sellingprice saleprice "
     "itemcost unitamount einzelpreis preis fare",
     COMMERCE, PRODUCT "price"},
    {"quantity qty itemquantity productquantity lineitemquantity orderquantity orderqty units "
     "menge anzahl",
     COMMERCE, PRODUCT "quantity"},
    {"id", COMMERCE, ACTION "transaction_id"},
    {"linetotal lineamount itemtotal extendedprice", COMMERCE, PRODUCT "total_product_amount"},

    /* where */
    {"latitude lat geolatitude", EVENTS, DATA "location.latitude"},
    {"longitude lon lng long geolongitude", EVENTS, DATA "location.longitude"},
    {"latitude lat geolatitude", EVENTLESS, "context.location.latitude"},
    {"longitude lon lng long geolongitude", EVENTLESS, "context.location.longitude"},

    /* of the person */
    {"firstname givenname forename fname vorname prenom nombre", ANY, USER "$FirstName"},
    {"lastname surname familyname lname nachname familienname nom apellido", ANY, USER "$LastName"},
    {"mobile mobilephone mobilenumber mobileno msisdn cellphone cell phone phonenumber phoneno "
     "telephone tel "
     "billingphone telefon telefonnummer handy mobil",
     ANY, USER "$Mobile"},
    {"gender sex", ANY, USER "$Gender"},
    {"age", ANY, USER "$Age"},
    {"address streetaddress street address1 addressline1 mailingaddress billingaddress "
     "billingaddress1 billingstreet "
     "mailingstreet stra\xc3\x9f"
     "e strasse adresse",
     ANY, USER "$Address"},
    {"city town geocity billingcity mailingcity ort stadt wohnort ville ciudad", ANY, USER "$City"},
    {"state province stateprovince region georegion billingstate billingprovince", ANY,
     USER "$State"},
    {"zip zipcode postalcode postcode postal plz billingzip billingpostcode billingpostalcode "
     "mailingpostalcode postleitzahl",
     ANY, USER "$Zip"},
    {"country countryname countrycode geocountry billingcountry mailingcountry "
     "land mpcountrycode pays",
     ANY, USER "$Country"},
};
const size_t schema_n_words = sizeof(schema_words) / sizeof(schema_words[0]);

unsigned schema_where(const struct schema_event *event)
{
	if (event->data == NULL)
		return EVENTLESS;
	return strcmp(event->name, "custom_event") == 0     ? CUSTOM
	       : strcmp(event->name, "commerce_event") == 0 ? COMMERCE
	       : strcmp(event->name, "screen_view") == 0    ? SCREEN
							    : SCHEMA_IN_OTHER;
}

char *schema_normalize(const char *name, size_t len)
{
	char *out = df_alloc(len + 1);
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];
		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c + 32);
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80)
			out[n++] = (char)c;
	}
	return out;
}

bool schema_word_is(const char *names, const char *name, size_t len)
{
	for (const char *at = names; len > 0 && (at = strstr(at, name)) != NULL; at++)
		if ((at == names || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

const struct schema_word *schema_word_find(const struct schema_event *event, const char *name,
					   size_t len)
{
	char *normal = schema_normalize(name, len);
	size_t n = strlen(normal);
	unsigned where = schema_where(event);
	const struct schema_word *found = NULL;
	for (size_t i = 0; i < schema_n_words && found == NULL; i++)
		if ((schema_words[i].where & where) != 0 &&
		    schema_word_is(schema_words[i].names, normal, n))
			found = &schema_words[i];
	free(normal);
	return found;
}
