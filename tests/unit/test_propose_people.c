/* SPDX-License-Identifier: MIT */
/* Columns about people. */
#include "propose_world.h"

static void test_people(void)
{
	CU_ASSERT_EQUAL(
	    propose(&plain, "eventless", true,
		    "Id|AccountId|Email\n1|A|a@x.de\n2|A|b@x.de\n3|B|c@x.de\n4|C|d@x.de"),
	    DF_OK);
	CU_ASSERT_TRUE(
	    says("\"Id\", \"action\": \"keep\", \"field\": \"user_identities.customer_id\""));
	CU_ASSERT_TRUE(says(
	    "\"field\": \"user_attributes.AccountId\" }, // not an identity: 1 of its values"));
	/* a household's address is not one customer's */
	CU_ASSERT_EQUAL(
	    propose(&plain, "eventless", true, "customer id|email\n1|a@x.de\n2|a@x.de\n3|c@x.de"),
	    DF_OK);
	CU_ASSERT_TRUE(says("\"user_identities.customer_id\""));
	CU_ASSERT_TRUE(says("\"user_attributes.email\" } // not an identity"));
	/* a customer has several devices, and what identifies nobody is shared by many */
	CU_ASSERT_EQUAL(
	    propose(&named, "custom_event", true,
		    "user id|visitor id|email\nu|v1|a@x.de\nu|v2|a@x.de\n0|v3|b@x.de\n0|v4|c@x.de"),
	    DF_OK);
	CU_ASSERT_TRUE(says("\"user_identities.customer_id\""));
	CU_ASSERT_TRUE(says("\"user_identities.other\""));
	CU_ASSERT_TRUE(
	    says("//   - 2 of the values of column 1 identify nobody, and count as empty"));
	CU_ASSERT_EQUAL(
	    propose(&plain, "eventless", true, "owner email|town\na@x.de|Bonn\na@x.de|Ulm"), DF_OK);
	CU_ASSERT_TRUE(says("no column identifies the user"));
}

static void test_names(void)
{
	static const struct {
		const char *event, *name, *value, *path;
	} table[] = {
	    {"commerce_event", "Order Total (inc tax)", "2", "product_action.total_amount"},
	    {"commerce_event", "Invoice Item: Unit Price", "2", "product_action.products.price"},
	    {"commerce_event", "Order Lines/Quantity", "2", "product_action.products.quantity"},
	    {"commerce_event", "TXN_AMT", "2", "product_action.total_amount"},
	    {"commerce_event", "Quantit\xc3\xa0", "2", "product_action.products.quantity"},
	    {"commerce_event", "注文番号", "2", "product_action.transaction_id"},
	    {"commerce_event", "N\xc3\xbamero do pedido", "2", "product_action.transaction_id"},
	    {"eventless", "CUST_NBR", "x", IDS "customer_id"},
	    {"eventless", "Person - ID", "x", IDS "customer_id"},
	    {"eventless", "Correo electr\xc3\xb3nico", "a@b.de", IDS "email"},
	    {"eventless", "Address 1: City", "Bonn", "user_attributes.$City"},
	    {"eventless", "FIRST_NM", "Ann", "user_attributes.$FirstName"},
	    {"eventless", "Order Lines/Name", "x", "user_attributes.Order Lines/Name"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *text = df_format("%s\n%s", table[i].name, table[i].value);
		CU_ASSERT_EQUAL(propose(&plain, table[i].event, true, text), DF_OK);
		CU_ASSERT_TRUE(says(table[i].path));
		free(text);
	}
}

static void test_addresses(void)
{
	/* two hosts meet many invitees; each invitee meets two hosts at most */
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true,
				"User Email|Invitee Email\nh@x.de|a@x.de\nh@x.de|b@x.de\n"
				"i@x.de|a@x.de\nh@x.de|c@x.de\ni@x.de|d@x.de"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"Invitee Email\", \"action\": \"keep\", \"field\": "
			    "\"user_identities.email\""));
	CU_ASSERT_TRUE(
	    says("\"field\": \"events.data.custom_attributes.User Email\" }, // not an"));
	/* nobody is merged by an address that rows with different names have */
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true,
				"email|first name\na@x.de|Ann\na@x.de|Bo\nc@x.de|Cy"),
			DF_OK);
	LACKS("user_identities.email\" }");
	CU_ASSERT_TRUE(says("no column identifies the user"));
	CU_ASSERT_TRUE(says("1 of the values of column 1 is in rows with different names"));
}

/* A number that several people have is not one of them, whatever it is called. */
static void test_numbers_of_people(void)
{
	CU_ASSERT_EQUAL(
	    propose(&plain, "eventless", true, "customer no|first name\n1|Ann\n1|Bo\n2|Cy\n3|Di"),
	    DF_OK);
	LACKS("user_identities.customer_id\"");
	CU_ASSERT_TRUE(says("no column identifies the user"));
	/* a customer who has married is one customer still */
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true,
				"customer no|first name\n1|Ann\n1|Anna\n2|B\n3|C\n4|D\n5|E\n6|F\n"
				"7|G\n8|H\n9|I\n10|J"),
			DF_OK);
	CU_ASSERT_TRUE(says("user_identities.customer_id\""));
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true,
				"email|first name\na@x.de|Ann\na@x.de|ANN M.\nc@x.de|Cy"),
			DF_OK);
	CU_ASSERT_TRUE(says("user_identities.email\""));
	/* 100001.0 is the customer 100001 */
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true,
				"customer no|points\n100001.0|3.0\n|1.0\n100002.0|2.5"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"value\": \"{{ value | remove_last: '.0' }}\""));
}

static void test_guests(void)
{
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true,
				"customer code|email|time\nWALK-IN||1700000000000\n"
				"c1|a@x.de|1700000000000\nwalk-in||1700000000000"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"values\": { \"WALK-IN\": \"\", \"walk-in\": \"\" }, \"otherwise\": "
			    "\"keep\""));
	CU_ASSERT_TRUE(says("2 of the values of column 1 are words for somebody who is not known"));
	/* a word that is not known, in many rows */
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true,
				"customer id|time\n9|1700000000000\n9|1700000000000\n"
				"9|1700000000000\n9|1700000000000\n9|1700000000000\n"
				"9|1700000000000\n9|1700000000000\n9|1700000000000\n"
				"9|1700000000000\n9|1700000000000\n1|1700000000000\n"
				"2|1700000000000\n3|1700000000000"),
			DF_OK);
	CU_ASSERT_TRUE(says("one value of column 1 is in 10 of 13 rows"));
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"who is one user", test_people}, {"names", test_names},
	    {"addresses", test_addresses},    {"numbers of people", test_numbers_of_people},
	    {"guests", test_guests},          CU_TEST_INFO_NULL,
	};
	int failed = test_main("propose people", NULL, NULL, tests);
	df_buf_free(&proposal);
	return failed;
}
