/* SPDX-License-Identifier: MIT */
/* Commerce: a purchase of each product, or one of all; of other actions events. */
#include "braze_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

struct commerce {
	const struct braze_data *data;
	struct json_text action, currency, products;
	struct json_walk details; /* the action's members */
};

/* ---- properties ---- */

static void put_totals(struct braze_writer *w, const struct commerce *c)
{
	braze_put(w, "Total Amount", json_find(c->details, "total_amount"));
	braze_put(w, "Shipping Amount", json_find(c->details, "shipping_amount"));
	braze_put(w, "Tax Amount", json_find(c->details, "tax_amount"));
}

/* What events have of a product beside its own attributes. */
static void put_ids(struct braze_writer *w, struct json_walk product)
{
	braze_put(w, "Id", json_find(product, "id"));
	braze_put(w, "Price", json_find(product, "price"));
	braze_put(w, "Quantity", json_find(product, "quantity"));
}

static void put_product(struct braze_writer *w, struct json_walk product)
{
	braze_put(w, "Name", json_find(product, "name"));
	braze_put(w, "Category", json_find(product, "category"));
	braze_put(w, "Brand", json_find(product, "brand"));
	braze_put(w, "Total Product Amount", json_find(product, "total_product_amount"));
	braze_put_properties(w, json_find(product, "custom_attributes"));
}

/* What every object of the event has. */
static void put_common(struct braze_writer *w, const struct commerce *c)
{
	braze_put(w, "Transaction Id", json_find(c->details, "transaction_id"));
	braze_put_properties(w, c->data->custom_attributes);
}

static void put_promotion(struct braze_writer *w, struct json_walk promotion)
{
	braze_put(w, "Id", json_find(promotion, "id"));
	braze_put(w, "Name", json_find(promotion, "name"));
	braze_put(w, "Creative", json_find(promotion, "creative"));
	braze_put(w, "Position", json_find(promotion, "position"));
}

/* ---- purchases ---- */

/* A whole number from 1 to 100; 2.0 is one. */
static void put_quantity(struct braze_writer *w, struct json_text quantity)
{
	char *end = NULL, text[32];
	if (quantity.len == 0)
		return; /* one */
	snprintf(text, sizeof(text), "%.*s", quantity.len < 31 ? (int)quantity.len : 31,
		 quantity.p);
	unsigned long n = isdigit((unsigned char)text[0]) ? strtoul(text, &end, 10) : 0;
	if (end != NULL && *end == '.')
		end += 1 + strspn(end + 1, "0");
	if (n == 0 || end == NULL || *end != '\0') {
		braze_fail(w, "not-an-integer",
			   "a product's quantity is not a whole number from 1 to %u, which Braze "
			   "wants",
			   BRAZE_MAX_QUANTITY);
		return;
	}

	if (n > BRAZE_MAX_QUANTITY && !w->b->truncate)
		braze_fail(
		    w, "too-long",
		    "a product's quantity is over %u, Braze's limit: spread it over several rows "
		    "(limits = truncate makes it %u)",
		    BRAZE_MAX_QUANTITY, BRAZE_MAX_QUANTITY);
	w->out->cut += n > BRAZE_MAX_QUANTITY;
	if (braze_name_own(w, "quantity"))
		df_buf_addf(w->text, "%lu", n > BRAZE_MAX_QUANTITY ? BRAZE_MAX_QUANTITY : n);
}

static void purchase_head(struct braze_writer *w, const struct commerce *c, struct json_text id)
{
	braze_object_head(w, BRAZE_PURCHASES);
	braze_put(w, "product_id", id);
	braze_put(w, "currency", c->currency);
}

static void put_purchase(struct braze_writer *w, const struct commerce *c, struct json_text item)
{
	struct json_walk product = json_walk_into(item);
	struct json_text id = json_find(product, "id"), price = json_find(product, "price");
	if (id.len == 0 || price.len == 0) {
		braze_fail(w, "missing-value", "a purchased product has no %s, which Braze wants",
			   id.len == 0 ? "id" : "price");
		return;
	}
	purchase_head(w, c, id);
	braze_put(w, "price", price);
	put_quantity(w, json_find(product, "quantity"));
	braze_put_when(w, c->data);
	struct braze_level level = braze_enter(w, "properties", '{');
	put_totals(w, c);
	put_product(w, product);
	put_common(w, c);
	braze_leave(w, &level, '}');
	braze_end(w);
}

/* ---- events ---- */

/* how: "Item", "Total" or "", as the platform's SDKs name what they make of commerce events */
static void event_head(struct braze_writer *w, const struct commerce *c, const char *how)
{
	char name[128];
	int n = snprintf(name, sizeof(name), "\"eCommerce - %.*s%s%s\"",
			 c->action.len < 60 ? (int)c->action.len : 60, c->action.p,
			 how[0] != '\0' ? " - " : "", how);
	braze_event_head(w, (struct json_text){name, (size_t)n}, c->data);
}

/* The transaction without a product. */
static void put_total(struct braze_writer *w, const struct commerce *c)
{
	event_head(w, c, "Total");
	struct braze_level level = braze_enter(w, "properties", '{');
	put_totals(w, c);
	put_common(w, c);
	braze_leave(w, &level, '}');
	braze_end(w);
}

/* list: of impressions; else empty */
static void put_item(struct braze_writer *w, const struct commerce *c, struct json_text item,
		     struct json_text list)
{
	struct json_walk product = json_walk_into(item);
	event_head(w, c, "Item");
	struct braze_level level = braze_enter(w, "properties", '{');
	braze_put(w, "Product Impression List", list);
	put_ids(w, product);
	put_product(w, product);
	put_common(w, c);
	braze_leave(w, &level, '}');
	braze_end(w);
}

/* Of each of these functions: false: there was nothing to put. */
static bool put_promotions(struct braze_writer *w, const struct commerce *c,
			   struct json_text promotions)
{
	struct json_walk walk = json_walk_into(promotions);
	struct json_text ignored, item;
	bool any = false;
	while (json_walk_next(&walk, &ignored, &item)) {
		any = true;
		event_head(w, c, "Item");
		struct braze_level level = braze_enter(w, "properties", '{');
		put_promotion(w, json_walk_into(item));
		put_common(w, c);
		braze_leave(w, &level, '}');
		braze_end(w);
	}
	return any;
}

static bool put_impressions(struct braze_writer *w, const struct commerce *c,
			    struct json_text impressions)
{
	struct json_walk lists = json_walk_into(impressions);
	struct json_text ignored, list, item;
	bool any = false;
	while (json_walk_next(&lists, &ignored, &list)) {
		struct json_text name = json_find(json_walk_into(list), "product_impression_list");
		struct json_walk walk = json_walk_into(json_find(json_walk_into(list), "products"));
		for (; json_walk_next(&walk, &ignored, &item); any = true)
			put_item(w, c, item, name);
	}
	return any;
}

static bool put_products(struct braze_writer *w, const struct commerce *c)
{
	struct json_walk walk = json_walk_into(c->products);
	struct json_text ignored, item;
	bool purchase = json_text_is(c->action, "purchase"), any = false;
	while (json_walk_next(&walk, &ignored, &item)) {
		any = true;
		if (purchase)
			put_purchase(w, c, item);
		else
			put_item(w, c, item, (struct json_text){0});
	}
	return any;
}

/* ---- bundled: one object with all that the event lists ---- */

static void bundle_products(struct braze_writer *w, const char *name, struct json_text products)
{
	struct json_walk walk = json_walk_into(products);
	struct json_text ignored, item;
	struct braze_level list = braze_enter(w, name, '[');
	while (json_walk_next(&walk, &ignored, &item)) {
		struct json_walk product = json_walk_into(item);
		struct braze_level level = braze_enter(w, NULL, '{');
		put_ids(w, product);
		put_product(w, product);
		braze_leave(w, &level, '}');
	}
	braze_leave(w, &list, ']');
}

static void bundle_promotions(struct braze_writer *w, struct json_text promotions)
{
	struct json_walk walk = json_walk_into(promotions);
	struct json_text ignored, item;
	struct braze_level list = braze_enter(w, "promotions", '[');
	while (json_walk_next(&walk, &ignored, &item)) {
		struct braze_level level = braze_enter(w, NULL, '{');
		put_promotion(w, json_walk_into(item));
		braze_leave(w, &level, '}');
	}
	braze_leave(w, &list, ']');
}

static void bundle_impressions(struct braze_writer *w, struct json_text impressions)
{
	struct json_walk walk = json_walk_into(impressions);
	struct json_text ignored, item;
	struct braze_level list = braze_enter(w, "impressions", '[');
	while (json_walk_next(&walk, &ignored, &item)) {
		struct json_walk impression = json_walk_into(item);
		struct braze_level level = braze_enter(w, NULL, '{');
		braze_put(w, "Product Impression List",
			  json_find(impression, "product_impression_list"));
		bundle_products(w, "products", json_find(impression, "products"));
		braze_leave(w, &level, '}');
	}
	braze_leave(w, &list, ']');
}

static void bundle_head(struct braze_writer *w, const struct commerce *c)
{
	static const struct json_text id = {"\"eCommerce - purchase\"", 22};
	struct json_text total = json_find(c->details, "total_amount");
	if (!json_text_is(c->action, "purchase")) {
		event_head(w, c, "");
		return;
	}
	if (total.len == 0)
		braze_fail(w, "missing-value",
			   "a bundled purchase has no total_amount, which is its price at Braze");
	purchase_head(w, c, id);
	braze_put(w, "price", total);
	braze_put(w, "quantity", (struct json_text){"1", 1});
	braze_put_when(w, c->data);
}

static void put_bundle(struct braze_writer *w, const struct commerce *c)
{
	struct json_text promotions = c->data->promotion_action;
	bundle_head(w, c);
	struct braze_level level = braze_enter(w, "properties", '{');
	put_totals(w, c);
	bundle_products(w, "products", c->products);
	bundle_promotions(w, json_find(json_walk_into(promotions), "promotions"));
	bundle_impressions(w, c->data->product_impressions);
	put_common(w, c);
	braze_leave(w, &level, '}');
	braze_end(w);
}

void braze_put_commerce(struct braze_writer *w, const struct braze_data *data)
{
	struct json_text action = data->product_action, promotion = data->promotion_action,
			 impressions = data->product_impressions;
	struct commerce c = {.data = data,
			     .details = json_walk_into(action.len > 0 ? action : promotion),
			     .currency = data->currency_code};
	if (c.currency.len == 0)
		c.currency = (struct json_text){"\"USD\"", 5};
	c.action = json_string(json_find(c.details, "action"));
	if (c.action.len == 0)
		c.action = (struct json_text){"Impression", 10};
	c.products = json_find(c.details, "products");

	if (w->b->set->bundle_commerce) {
		put_bundle(w, &c);
		return;
	}
	bool any = action.len > 0      ? put_products(w, &c)
		   : promotion.len > 0 ? put_promotions(w, &c, json_find(c.details, "promotions"))
				       : put_impressions(w, &c, impressions);
	/* an event that lists nothing is one nevertheless */
	if (!any || json_text_is(c.action, "refund"))
		put_total(w, &c);
}
