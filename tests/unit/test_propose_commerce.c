/* SPDX-License-Identifier: MIT */
/* Orders: what was done, lines, states, amounts. */
#include "propose_world.h"

static void test_actions(void)
{
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"event_type|product_id|user_id\nview|p|u\ncart|p|u\npurchase|p|u"),
			DF_OK);
	CU_ASSERT_TRUE(says(
	    "\"values\": { \"view\": \"view_detail\", \"cart\": \"add_to_cart\", \"purchase\": "
	    "\"purchase\" }, \"otherwise\": \"reject\""));
	LACKS("\"static\"");
	/* words that are not known stay unsaid, and are to be completed */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"event_type|product_id|user_id\nview|p|u\nxyzzy|p|u\nplugh|p|u"),
			DF_OK);
	CU_ASSERT_TRUE(says("complete the values of column 1: 2 words are not listed"));
	LACKS("xyzzy");
	LACKS("\"static\"");
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true,
		    "order id|order status|user_id\n1|Paid|u\n2|Refunded|u\n3|Cancelled|u"),
	    DF_OK);
	/* an order that is refunded was bought, at its own time; a refund's row is another one */
	CU_ASSERT_TRUE(says("\"values\": { \"Paid\": \"purchase\" }"));
	CU_ASSERT_TRUE(says("a word for a refund is not listed"));
	CU_ASSERT_TRUE(says("{ \"source\": \"order status\", \"in\": [\"Cancelled\"] }"));
	CU_ASSERT_EQUAL(propose(&plain, "custom_event", true,
				"user id|event|category\n1|a|search\n1|b|Media\n1|c|xyzzy"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"values\": { \"search\": \"search\", \"Media\": \"Media\" }, "
			    "\"otherwise\": \"reject\""));
	CU_ASSERT_TRUE(says("complete the values of column 3: 1 word is not listed"));
	LACKS("xyzzy");
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|sku|quantity|user_id\n1|p|2|u\n2|p|-1|u"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"values\": { \"-\": \"refund\", \"0\": \"purchase\""));
	CU_ASSERT_TRUE(
	    says("products.quantity\", \"value\": \"{{ value | strip | remove_first: '-' }}\""));
}

static void test_orders(void)
{
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|sku|user id|total|note\n1|a|u|9.5|x\n1|b|u||\n2|a|v|3|y"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"fill_down\": [\"total\", \"note\"]"));
	CU_ASSERT_TRUE(says("\"fill_by\": [\"order id\"]"));
	CU_ASSERT_TRUE(says("//   fold_products = yes\n"));
	/* repeated totals need no filling; a line's own total is the line's */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|sku|user id|total|color\n1|a|u|9.5|red\n1|b|u|4.5|blue"),
			DF_OK);
	CU_ASSERT_TRUE(says("products.total_product_amount\""));
	CU_ASSERT_TRUE(says("products.custom_attributes.color\""));
	CU_ASSERT_TRUE(says("//   fold_products = yes\n"));
	LACKS("fill_down");
	/* the order's number itself on the first line only */
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true, "order id|sku|user id\n1|a|u\n|b|\n2|c|v"),
	    DF_OK);
	CU_ASSERT_TRUE(says("\"fill_down\": [\"order id\", \"user id\"]"));
	LACKS("fill_by");
	CU_ASSERT_TRUE(says("//   fold_products = yes\n"));
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true, "order id|sku|user id\n1|a|u\n2|b|v\n1|c|u"),
	    DF_OK);
	CU_ASSERT_TRUE(says("1 order comes again after others"));
	LACKS("fold_products = yes");
	/* lines without a product that is known */
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true,
		    "order id|user id|line_sku|line_qty|what else\n1|u|a|2|x\n1|u|b|1|y"),
	    DF_OK);
	CU_ASSERT_TRUE(
	    says("\"line_sku\", \"destination\": \"events.data.product_action.products.id\""));
	CU_ASSERT_TRUE(says("//   fold_products = yes\n"));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true, "order id|user id\n1|u\n1|u"),
			DF_OK);
	CU_ASSERT_TRUE(says("each row counts as an order"));
	LACKS("fold_products = yes");
	/* values are not filled up */
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true, "order id|sku|user id|total\n1|a|u|\n1|b|u|9"),
	    DF_OK);
	LACKS("fold_products = yes");
	CU_ASSERT_TRUE(says("column 4 is empty on the first line of 1 order"));
	/* an order of two customers does not fold */
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true, "order id|sku|user id\n1|a|u\n1|b|v"), DF_OK);
	LACKS("fold_products = yes");
	CU_ASSERT_TRUE(says("lines of one order differ in column 3"));
}

static void test_states(void)
{
	/* the type says what was done, the status what came of it */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"id|user id|type|status|Void?\n1|u|sale|ok|no\n2|u|refund|ok|no\n"
				"3|u|sale|declined|no\n4|u|sale|ok|yes"),
			DF_OK);
	CU_ASSERT_TRUE(says("{ \"source\": \"status\", \"in\": [\"declined\"] }"));
	CU_ASSERT_TRUE(says("{ \"source\": \"Void?\", \"in\": [\"yes\"] }"));
	/* a state that nobody knows is not a purchase */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|status\n1|u|xyzzy\n2|u|plugh"),
			DF_OK);
	CU_ASSERT_TRUE(says("complete the values of column 3: 2 words are not listed"));
	LACKS("\"static\"");
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|status\n1|u|paid\n2|u|Partially refunded"),
			DF_OK);
	CU_ASSERT_TRUE(says("a word for a refund of a part is not listed"));
	/* the refund's row is another one than its purchase's */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|status|total\n1|u|paid|5\n1|u|refunded|-5"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"refunded\": \"refund\""));
	CU_ASSERT_TRUE(
	    says("total_amount\", \"value\": \"{{ value | strip | remove_first: '-' }}\""));
}

static void test_amounts(void)
{
	/* the same amount on all lines: the order's, by their sum, or each line's */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|sku|user id|price|qty|total\n1|a|u|5|1|9\n1|b|u|4|1|9"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"events.data.product_action.total_amount\""));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|sku|user id|price|qty|total\n1|a|u|5|1|5\n1|b|u|5|1|5"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"events.data.product_action.products.total_product_amount\""));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|sku|user id|amount\n1|a|u|5\n1|b|u|5"),
			DF_OK);
	CU_ASSERT_TRUE(says("TO BE COMPLETED: the order's total, not a line's"));
	/* lines that do not fold would each bring the total */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|sku|user id|order total\n1|a|u|9\n1|b|v|9"),
			DF_OK);
	CU_ASSERT_TRUE(says("TO BE COMPLETED: the amount of a line"));
	/* lines of an order whose number is not known */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"sku|user id|time|total\na|u|1700000000000|9\nb|u|1700000000000|9"),
			DF_OK);
	CU_ASSERT_TRUE(says("TO BE COMPLETED: the column that states the order"));
	/* a price that grows with the quantity is not one piece's */
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true,
		    "order id|sku|user id|price|qty\n1|a|u|5|1\n2|a|u|10|2\n3|a|u|15|3"),
	    DF_OK);
	CU_ASSERT_TRUE(says("it grows with the quantity"));
	LACKS("products.price\"");
}

static void test_currencies(void)
{
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|total\n1|u|\xe2\x82\xac"
				"9.50\n2|u|\xe2\x82\xac"
				"1,000.00"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"static\", \"value\": \"EUR\", \"destination\": "
			    "\"events.data.currency_code\""));
	/* one currency is not made of two */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|total\n1|u|\xe2\x82\xac"
				"9.50\n2|u|$4.00"),
			DF_OK);
	CU_ASSERT_TRUE(
	    says("\"values\": { \"\xe2\x82\xac\": \"EUR\" }, \"otherwise\": \"reject\""));
	CU_ASSERT_TRUE(says("complete the values of the currency"));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|total|currency\n1|u|9|eur\n2|u|9|usd"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"{{ value | strip | upcase }}\""));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|total|currency\n1|u|9|Euro\n2|u|9|Galleon"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"values\": { \"Euro\": \"EUR\" }, \"otherwise\": \"reject\""));
	CU_ASSERT_TRUE(says("1 currency is not listed"));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|total\n1|u|1 039,90\n2|u|9,5"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"{{ value | remove: ' ' | replace: ',', '.' | strip }}\""));
	CU_ASSERT_TRUE(says("no column names the currency"));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|sku|price\n1|u|s|1 234\n2|u|s|900"),
			DF_OK);
	CU_ASSERT_TRUE(says("numbers with blanks or apostrophes between thousands"));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|sku|price\n1|u|s|$12.34\n2|u|s|$9"),
			DF_OK);
	CU_ASSERT_TRUE(says("numbers with a currency's sign"));
}

static void test_amount_words(void)
{
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true,
		    "order id|user id|Amount Submitted For Settlement|Fee|Gross Currency\n"
		    "1|u|9.50|0.10|EUR"),
	    DF_OK);
	CU_ASSERT_TRUE(says("\"Amount Submitted For Settlement\", \"destination\": "
			    "\"events.data.product_action.total_amount\""));
	CU_ASSERT_TRUE(says("\"Gross Currency\", \"destination\": \"events.data.currency_code\""));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|Amount One|Amount Two\n1|u|9.50|8.50"),
			DF_OK);
	CU_ASSERT_TRUE(says("TO BE COMPLETED: the column with the amount"));
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true,
		    "order id|user id|amount|lines\n1|u|(9.50)|[{\"sku\":\"a\"}]\n2|u|8.50|"),
	    DF_OK);
	CU_ASSERT_TRUE(says("TO BE COMPLETED: the column with the amount"));
	CU_ASSERT_TRUE(says("values in a form that is not read"));
	CU_ASSERT_TRUE(says("column 4 holds lists of objects"));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|amount_cents\n1|u|2900\n2|u|995"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"value\": \"{{ value | divided_by: 100.0 }}\""));
	/* an authorization is not a sale; a capture and its refund are two events */
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true,
		    "order|user id|kind|amount\n1|u|authorization|9.5\n1|u|capture|9.5\n"
		    "1|u|refund|9.5"),
	    DF_OK);
	CU_ASSERT_TRUE(says("\"values\": { \"capture\": \"purchase\", \"refund\": \"refund\" }"));
	CU_ASSERT_TRUE(says("\"in\": [\"authorization\"]"));
	LACKS("whether it is the order's");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"what was done", test_actions},
	    {"lines of one order", test_orders},
	    {"states", test_states},
	    {"amounts", test_amounts},
	    {"currencies", test_currencies},
	    {"amounts by words", test_amount_words},
	    CU_TEST_INFO_NULL,
	};
	int failed = test_main("propose commerce", NULL, NULL, tests);
	df_buf_free(&proposal);
	return failed;
}
