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
	"ordertime orderdate orderedat orderdatetime ordertimestamp purchasedate "                 \
	"purchasetime purchasedat invoicedate invoicetime belegdatum bestelldatum "                \
	"rechnungsdatum auftragsdatum bookingdate bookedon bookedat createdutc "                   \
	"transactiondate transactiontime transactiontimestamp saledate saletime "                  \
	"createddate creationdate datecreated placed placedat orderplaced postingdate "            \
	"posteddate invoiceposteddate buchungsdatum transactiondatetime dataordine "               \
	"datadellordine dataordem datapedido datadopedido fechapedido fechadepedido "              \
	"fechadelpedido datecommande datedecommande datedelacommande orderdatum "                  \
	"besteldatum verkaufsdatum kaufdatum kassendatum 注文日時 注文日 "                  \
	"受注日時 受注日 購入日時 購入日 売上日"

const struct schema_word schema_words[] = {
    /* never sent by a guess */
    {"password passwd pwd passwordhash hashedpassword ssn socialsecuritynumber "
     "creditcard creditcardnumber cardnumber ccnumber cvv cvc iban bankaccount "
     "bankaccountnumber apikey apisecret accesstoken refreshtoken cpf codicefiscale "
     "personnummer nationalid passportnumber passportno taxpayerid "
     "sozialversicherungsnummer cardpan pan pin",
     ANY, NULL},

    /* who */
    {"mpid", ANY, "mpid"},
    {"customerid userid custid uid customernumber customerno customerkey userkey "
     "usernumber memberid contactid subscriberkey subscriberid externalid "
     "externalcustomerid kundennummer kundennr kundenid kundenummer kdnr custvisid "
     "loyaltyno loyaltynumber loyaltyid memberno membernumber membershipno "
     "membershipnumber ffnumber frequentflyernumber frequentflyerno requesterid "
     "guestid passengerid shopperid recordid contactrecordid employeeid loginid "
     "userlogin numeroclient idcliente identity leadid personid custnumber custno "
     "clientnumber clientno partyid inviteeid attendeeid participantid "
     "customeruserid playerid studentid crmid shopperno shopperreference customercode customerref "
     "customerreference clientcode kundencode kundenkarte debitor debitornr "
     "debitorennummer debitorennr verkandebnr klantnummer klantnr klantid "
     "codigocliente codigodecliente codigodocliente iddocliente numerocliente "
     "numerodecliente numerodocliente codicecliente idclient codeclient numclient "
     "refclient 会員id 会員番号 顧客id 顧客番号 お客様番号 "
     "ユーザーid",
     ANY, IDENTITY "customer_id"},
    {"id", EVENTLESS, IDENTITY "customer_id"},
    {"accountid accountcode accountnumber accountno", ANY, IDENTITY "customer_id"},
    {"email emailaddress mail mailaddress useremail customeremail primaryemail "
     "contactemail emailid emailaddr requesteremail kundeemail guestemail paxemail "
     "passengeremail billingemail billingemailaddress buyeremail inviteeemail "
     "attendeeemail revieweremail subscriberemail personemail memberemail "
     "clientemail leademail playeremail purchaseremail workemail personalemail "
     "homeemail emailprimary emailaddress1 correo correoelectronico correocliente "
     "indirizzoemail emailcliente emaildocliente adresseemail adressemail courriel "
     "emailadres emailadresse mailadresse epost epostadress epostadresse "
     "メールアドレス eメール メール 電子メール",
     ANY, IDENTITY "email"},
    {"recipient recipientemail recipientaddress", CUSTOM, IDENTITY "email"},
    {"userpseudoid anonymousid visitorid clientid gaclientid cookieid distinctid "
     "profileid guestprofile mcvisid domainuserid fullvisitorid appsflyerid",
     ANY, IDENTITY "other"},

    /* with what */
    {"idfa iosidfa iosadvertisingid", ANY, DEVICE "ios_advertising_id"},
    {"idfv iosidfv", ANY, DEVICE "ios_idfv"},
    {"gaid aaid androidadvertisingid googleadvertisingid googleadid gpsadid "
     "gpsadvertisingid",
     ANY, DEVICE "android_advertising_id"},
    {"androidid androiduuid", ANY, DEVICE "android_uuid"},
    {"fireadvertisingid amazonadvertisingid", ANY, DEVICE "fire_advertising_id"},
    {"rida rokuadvertisingid", ANY, DEVICE "roku_advertising_id"},
    {"ip contextip ipaddress ipaddr clientip userip remoteaddr remoteip "
     "useripaddress visitip clientipaddress customerip requestip",
     ANY, "ip"},
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
    {"timestampunixtimems eventtimestamp timestamp originaltimestamp eventtime "
     "eventdatetime eventts occurredat timestampms ts unixtime hittimestamp hittime "
     "hittimegmt loggedat createdat created creationtime datecreated datetime "
     "receivedat sentat time eventdate date day datum zeitpunkt zeitstempel fecha "
     "lastmodifieddate modifieddate lastmodified updatedat createddate creationdate "
     "createdon createdtime submittedat submitdate submissiondate submittime "
     "sentdate datesent activitydate reviewcreationdate reviewdate actiontimestamp "
     "actiontime derivedtstamp derivedtimestamp collectortstamp collectortimestamp "
     "membercreateddate dealcreated eventcreateddatetime eventtstamp tstamp "
     "fechahora fechayhora dataeora dateheure 日時 日付 発生日時",
     EVENTS, DATA "timestamp_unixtime_ms"},
    {ORDER_TIMES, EVENTS & ~COMMERCE, DATA "timestamp_unixtime_ms"},

    /* what */
    {"eventname event eventaction action activity activityname", CUSTOM, DATA "event_name"},
    {"customeventtype eventtype eventcategory category type", CUSTOM, DATA "custom_event_type"},
    {"eventtype eventtext type transactiontype activitytype activitytypename actiontype "
     "interactiontype metric eventtablename activitykind",
     CUSTOM, DATA "event_name"},
    {"screenname screen pagename pagetitle page screentitle viewname view "
     "screenclass pagepath path pagelocation pageurl url",
     SCREEN, DATA "screen_name"},
    {"sessionuuid sessionid gasessionid", EVENTS, DATA "session_uuid"},
    {"sessionid gasessionid domainsessionid idvisit visitid", EVENTS, DATA "session_id"},
    {"messageid sourcemessageid", EVENTS, DATA "source_message_id"},

    /* orders and their lines */
    {"productaction action eventaction event eventname eventtype transactiontype "
     "type transactiontypecode",
     COMMERCE, ACTION "action"},
    {"transactionid orderid orderno ordernumber ordernum order invoiceno invoiceid "
     "invoicenumber invoice receiptid receiptno receiptnumber purchaseid "
     "salesorderid ordername bestellnummer auftragsnummer rechnungsnummer "
     "belegnummer bonnummer confirmationno confirmationnumber bookingreference "
     "bookingref bookingid reservationid reservationno pnr recordlocator "
     "amazonorderid incrementid orderreference orderref ordercode salesorder salesordernumber "
     "saleid salesid saleno ticketno documentnumber documentno booknumber "
     "bookingnumber reservationnumber belegnr belegno auftragsnr bestellnr "
     "rechnungsnr numeroordine numerodordine numerodellordine numeropedido "
     "numerodopedido numerodepedido numerodelpedido pedido numerocommande "
     "numerodecommande referencecommande commande ordernummer bestelnummer "
     "factuurnummer factura numerofactura numfacture facture 注文番号 注文id "
     "受注番号 取引id 伝票番号",
     COMMERCE, ACTION "transaction_id"},
    {"ordertotal grandtotal totalamount totalprice total ordervalue orderamount "
     "transactionrevenue revenue amount grandtotalpurchased grandtotalbase gesamt "
     "gesamtbetrag bruttobetrag totalordine totaleordine totalpaye totalpaid "
     "amountpaid totalpedido totaldelpedido valortotal valordopedido montanttotal "
     "montanttotalttc totalttc montant importetotal importe gesamtsumme "
     "rechnungsbetrag auftragswert transactionamount invoiceamount invoicetotal "
     "salestotal saletotal ordergrandtotal paymentamount gross grossamount "
     "orderrevenue purchaserevenue totale totaal totaalbedrag 合計 合計金額 "
     "総合計 注文合計 お支払い合計 購入金額",
     COMMERCE, ACTION "total_amount"},
    {"taxamount totaltax tax taxes vat ordertax mwst taxtotal salestax ordersalestax "
     "totaltaxes mwstbetrag iva tva 消費税",
     COMMERCE, ACTION "tax_amount"},
    {"shippingamount shippingcost shippingprice shippingfee totalshipping shipping "
     "freight deliveryfee ordershipping shippingandhandling versandkosten "
     "shippingcosttotal deliverycost postage fraisdeport fraisdelivraison "
     "gastosdeenvio spesedispedizione frete verzendkosten 送料 配送料",
     COMMERCE, ACTION "shipping_amount"},
    {"couponcode coupon discountcode promocode vouchercode voucher promotioncode "
     "vouchercodes discountcoupon gutscheincode codepromo codigopromocional "
     "クーポンコード",
     COMMERCE, ACTION "coupon_code"},
    {"affiliation storename store", COMMERCE, ACTION "affiliation"},
    {"currency currencycode ordercurrency currencyisocode wahrung waehrung devise "
     "moneda ccy currencyiso transactioncurrency paymentcurrency invoicecurrency "
     "accountcurrency pricecurrency ordercurrencycode valuta divisa moeda "
     "wahrungscode waehrungscode 通貨",
     COMMERCE, DATA "currency_code"},
    {"sku productsku itemsku variantsku lineitemsku productid itemid "
     "lineitemproductid stockcode productcode articleno articlenumber articleid upc "
     "ean asin artikelnummer artikelnr materialnummer plancode planid flight "
     "flightno flightnumber skunumber skuid skunbr skucode itemcode itemnumber "
     "itemno lineitemid internalreference defaultcode productnumber productno "
     "productreference materialnumber codicearticolo codiceprodotto codigoarticulo "
     "codigodelarticulo codigoproducto codigoproduto codigodoproduto codearticle "
     "referencearticle referenceproduit artikelcode artikelno 商品コード "
     "商品番号 商品id jancode",
     COMMERCE, PRODUCT "id"},
    {"productname itemname producttitle itemtitle lineitemname lineitemtitle product "
     "item title productdescription itemdescription description bezeichnung "
     "artikelbezeichnung artikel planname roomtype menuitem descrizione descripcion "
     "descricao designation libelle produit produto producto prodotto articolo "
     "articulo omschrijving artikelomschrijving beschreibung artikelname 商品名",
     COMMERCE, PRODUCT "name"},
    {"productbrand itembrand brand vendor", COMMERCE, PRODUCT "brand"},
    {"productcategory itemcategory category productcategoryname producttype "
     "department",
     COMMERCE, PRODUCT "category"},
    {"productvariant itemvariant variant varianttitle", COMMERCE, PRODUCT "variant"},
    {"unitprice itemprice productprice lineitemprice price sellingprice saleprice "
     "itemcost unitamount einzelpreis preis fare soldfor priceperunit priceeach grossprice "
     "netprice "
     "itemrate "
     "retailprice listprice vkpreis stuckpreis prezzo prezzounitario precio "
     "preciounitario precounitario preco prix prixunitaire prijs stukprijs 単価 "
     "価格 販売価格",
     COMMERCE, PRODUCT "price"},
    {"quantity qty itemquantity productquantity lineitemquantity orderquantity "
     "orderqty units menge anzahl quantityordered qtyordered quantita quantite "
     "cantidad quantidade qtde aantal stuckzahl stk 数量 個数",
     COMMERCE, PRODUCT "quantity"},
    {"id", COMMERCE, ACTION "transaction_id"},
    {"nr no number", COMMERCE, ACTION "transaction_id"},
    {"linetotal lineamount itemtotal extendedprice totaleriga totalligne totallinea "
     "zeilenbetrag positionsbetrag linenetamount netsales grosssales linetotalamount itemamount "
     "itemsubtotal linesubtotal orderlinessubtotal lineitemsubtotal lineitemtotal "
     "orderlinestotal itemchargeamount invoiceitemchargeamount",
     COMMERCE, PRODUCT "total_product_amount"},

    /* where */
    {"latitude lat geolatitude", EVENTS, DATA "location.latitude"},
    {"longitude lon lng long geolongitude", EVENTS, DATA "location.longitude"},
    {"latitude lat geolatitude", EVENTLESS, "context.location.latitude"},
    {"longitude lon lng long geolongitude", EVENTLESS, "context.location.longitude"},

    /* of the person */
    {"firstname givenname forename fname vorname prenom nombre nome voornaam "
     "お名前名 名",
     ANY, USER "$FirstName"},
    {"lastname surname familyname lname nachname familienname nom apellido cognome "
     "sobrenome apellidos achternaam nomdefamille お名前姓 姓",
     ANY, USER "$LastName"},
    {"mobile mobilephone mobilenumber mobileno msisdn cellphone cell phone "
     "phonenumber phoneno telephone tel billingphone telefon telefonnummer handy "
     "mobil cellulare movil celular telefoonnummer telefono mobiltelefon mobiel "
     "電話番号 携帯電話",
     ANY, USER "$Mobile"},
    {"gender sex geschlecht geslacht sexe sexo sesso 性別", ANY, USER "$Gender"},
    {"age", ANY, USER "$Age"},
    {"address streetaddress street address1 addressline1 mailingaddress "
     "billingaddress billingaddress1 billingstreet mailingstreet strasse adresse "
     "address1street indirizzo direccion endereco straat 住所",
     ANY, USER "$Address"},
    {"city town geocity billingcity mailingcity ort stadt wohnort ville ciudad "
     "address1city citta localidad poblacion cidade woonplaats plaats 市区町村",
     ANY, USER "$City"},
    {"state province stateprovince region georegion billingstate billingprovince "
     "provincia bundesland departement 都道府県",
     ANY, USER "$State"},
    {"zip zipcode postalcode postcode postal plz billingzip billingpostcode "
     "billingpostalcode mailingpostalcode postleitzahl address1zippostalcode "
     "zippostalcode codigopostal codepostal cep 郵便番号",
     ANY, USER "$Zip"},
    {"country countryname countrycode geocountry billingcountry mailingcountry land "
     "mpcountrycode pays address1countryregion countryregion addresscountrycode "
     "paese pais 国",
     ANY, USER "$Country"},
};
const size_t schema_n_words = sizeof(schema_words) / sizeof(schema_words[0]);

unsigned schema_where(const struct schema_event *event)
{
	if (event->root != NULL) /* not of the vendor's schema */
		return 0;
	if (event->data == NULL)
		return EVENTLESS;
	return strcmp(event->name, "custom_event") == 0     ? CUSTOM
	       : strcmp(event->name, "commerce_event") == 0 ? COMMERCE
	       : strcmp(event->name, "screen_view") == 0    ? SCREEN
							    : SCHEMA_IN_OTHER;
}

/* U+00C0 to U+00FF without their accents; two letters at most, as in the two bytes of each. */
static const char *const plain_letters[64] = {
    "a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i",  "i",
    "d", "n", "o", "o", "o", "o", "o",  "",  "o", "u", "u", "u", "u", "y", "th", "ss",
    "a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i",  "i",
    "d", "n", "o", "o", "o", "o", "o",  "",  "o", "u", "u", "u", "u", "y", "th", "y"};

char *schema_normalize(const char *name, size_t len)
{
	char *out = df_alloc(len + 1);
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];
		if (c == 0xc3 && i + 1 < len) {
			const char *plain = plain_letters[(unsigned char)name[++i] & 0x3f];
			memcpy(out + n, plain, strlen(plain));
			n += strlen(plain);
			continue;
		}
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
