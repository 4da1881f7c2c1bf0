/* SPDX-License-Identifier: MIT */
/* What was done with the products: a column's words become the schema's, or a number's sign says
 * it. Rows are never all called purchases where a column says more. */
#include "propose_look.h"
#include "propose_names.h"
#include "propose_step.h"
#include "propose_value.h"

#include <stdlib.h>

#define MAX_WORDS 40 /* of a column that says what was done */
#define MAX_CODES 12 /* the same, where they are numbers */

/* What shops and analytics call it, normalised; no action: it did not come about. */
static const struct {
	const char *names, *action;
} words[] = {
    {"purchase purchased buy bought order ordered orderplaced "
     "placedorder ordercompleted completedorder complete completed paid "
     "sale sales sold checkoutcompleted transaction processing shipped "
     "delivered fulfilled closed succeeded success successful captured "
     "invoiced settled capture verkauf kauf kaufen bezahlt abgeschlossen geliefert "
     "versandt achat payee payment paymentreceived "
     "expresscheckoutpayment subscriptionpayment websitepayment "
     "mobilepayment invoice cashsale salesorder salesinvoice "
     "salesreceipt rechnung faktura posted evaso completato consegnato "
     "spedito pagato completado pagado enviado entregado aprovado pago "
     "enviado entregue faturado paiementaccepte livre expedie paye "
     "voltooid betaald verzonden 発送済み 発送済 完了 "
     "入金済み 注文確定 locked booked booking confirmed "
     "reservation settled charge checkedout new",
     "purchase"},
    {"refund refunded return returned orderrefunded retoure retour "
     "erstattet rueckgabe gutschrift chargeback creditmemo creditnote "
     "reversal storno cashrefund paymentrefund refundissued "
     "creditnoteissued ruckgabe ruckerstattung rimborsato devuelto "
     "reembolsado devolvido devolucion rembourse terugbetaald 返品 "
     "返金",
     "refund"},
    {"addtocart cart addcart addedtocart productadded addtobasket basket "
     "addtobag addedproduct cartadd",
     "add_to_cart"},
    {"removefromcart productremoved removedfromcart removefrombasket cartremove removeproduct",
     "remove_from_cart"},
    {"viewdetail view viewed views productview productviewed viewproduct "
     "viewedproduct viewitem detail detailview productdetail viewcontent "
     "pdpview ansicht",
     "view_detail"},
    {"click clicked productclick productclicked selectitem", "click"},
    {"checkout checkoutstarted startedcheckout begincheckout initiatecheckout checkoutstart",
     "checkout"},
    {"checkoutoption checkoutstepcompleted addpaymentinfo addshippinginfo", "checkout_option"},
    {"addtowishlist wishlist favorite favourite productaddedtowishlist like", "add_to_wishlist"},
    {"removefromwishlist productremovedfromwishlist", "remove_from_wish_list"},
    {"partiallyrefunded partialrefund partiallyreturned partialreturn "
     "teilweiseerstattet partiallyrefund refundedpartially",
     "partial"},
    {"pending pendingpayment cancelled canceled failed voided void draft "
     "declined onhold abandoned unpaid expired authorized open storniert "
     "offen noshow requirespaymentmethod uncaptured incomplete test "
     "notpaid paymentdue pastdue awaitingpayment quotation quote "
     "annullato cancelado anulado pendiente pendente annule "
     "enattentedepaiement geannuleerd キャンセル "
     "キャンセル済み 新規受付 入金待ち generalwithdrawal "
     "verify authorization authorisation auth authorize fee payout",
     NULL},
};
#define N_WORDS (sizeof(words) / sizeof(words[0]))

static const char action_names[] =
    "action productaction event eventname eventaction eventtype type "
    "transactiontype trantype behavior behaviour activity operation "
    "interaction transactiontypecode transactioncode documenttype "
    "doctype salestype ordertype belegart vorgang tipo tipodocumento "
    "vorgangsart kind transactionkind recordtype entrytype 取引区分";
static const char status_names[] =
    "status orderstatus financialstatus paymentstatus state orderstate "
    "transactionstatus bookingstatus salesstatus reservationstatus "
    "stage statuscode invoicestatus saleorderstatus paymentstate stato "
    "statut etat estado estatus statusdopedido statuspedido statoordine "
    "etatcommande estadopedido orderstatuscode bestellstatus "
    "auftragsstatus zahlungsstatus 対応状況 注文ステータス "
    "ステータス 状態";

/* ---- a column's words ---- */

struct word {
	const char *s;
	size_t len;
	int known; /* index in `words`, -1: it is not among them */
};

static int action_find_word(const char *s, size_t len)
{
	char *normal = schema_normalize(s, len);
	int found = -1;
	for (size_t i = 0; i < N_WORDS && found < 0; i++)
		if (schema_word_is(words[i].names, normal, strlen(normal)))
			found = (int)i;
	free(normal);
	return found;
}

/* The different words of a column; MAX_WORDS + 1: there are more. */
static size_t read_words(const struct propose *p, size_t column, struct word *list)
{
	size_t n = 0;
	for (size_t row = 0; row < p->n_rows && n <= MAX_WORDS; row++) {
		size_t len, i = 0;
		const char *s = propose_cell_text(p, row, column, &len);
		map_cell_trim(&s, &len);
		while (i < n && (list[i].len != len || memcmp(list[i].s, s, len) != 0))
			i++;
		if (len > 0 && i == n)
			list[n++] =
			    (struct word){s, len, n <= MAX_WORDS ? action_find_word(s, len) : -1};
	}
	return n;
}

static size_t count_known(const struct word *list, size_t n)
{
	size_t known = 0;
	for (size_t i = 0; i < n; i++)
		known += list[i].known >= 0;
	return known;
}

static bool any_action(const struct word *list, size_t n)
{
	bool any = false;
	for (size_t i = 0; i < n; i++)
		any = any || (list[i].known >= 0 && words[list[i].known].action != NULL);
	return any;
}

/* ---- a map of values ---- */

struct mapped {
	size_t skipped, left, partial, refunds; /* words */
};

/* What becomes of a word: a pair of the map, a skipped row, or it is left to the person. A state
 * (as opposed to an action) of "refunded" says what became of a purchase. */
static void map_word(struct propose *p, size_t column, const struct word *w, bool state,
		     struct df_buf *out, struct mapped *m)
{
	const char *action = w->known >= 0 ? words[w->known].action : "";
	if (action == NULL) {
		bool skipped = propose_skip(p, column, w->s, w->len);
		m->skipped += skipped;
		m->left += !skipped;
	} else if (strcmp(action, "partial") == 0) {
		m->partial++;
	} else if (state && strcmp(action, "refund") == 0 &&
		   !propose_status_refunds(p, column, w->s, w->len)) {
		m->refunds++;
	} else if (action[0] != '\0') {
		propose_value_pair(out, w->s, w->len, action);
	} else {
		m->left++;
	}
}

static void note_mapped(struct propose *p, size_t column, bool state, const struct mapped *m)
{
	if (m->skipped > 0)
		df_buf_addf(&p->remarks,
			    "rows of which column %zu says that nothing was bought are skipped\n",
			    column + 1);
	if (state)
		df_buf_addf(&p->remarks,
			    "column %zu is the state of an order: an order that comes again in a "
			    "later file, in another state, is one more event\n",
			    column + 1);
	if (m->left > 0)
		df_buf_addf(&p->todo,
			    "complete the values of column %zu: %zu word%s %s not listed, and rows "
			    "with them are rejected; "
			    "write \"their word\": \"action\", as in \"view\": \"view_detail\"\n",
			    column + 1, m->left, df_plural(m->left), m->left == 1 ? "is" : "are");
	if (m->refunds > 0)
		df_buf_addf(&p->todo,
			    "complete the values of column %zu: a word for a refund is not listed, "
			    "because its row has the order's own time and amount, and no other row "
			    "has its purchase; write \"their word\": \"refund\" where an earlier "
			    "file had the purchase, else \"purchase\"\n",
			    column + 1);
	if (m->partial > 0)
		df_buf_addf(&p->todo,
			    "complete the values of column %zu: a word for a refund of a part is "
			    "not listed, because a row is one event, and the amount is the whole "
			    "order's; write \"their word\": \"purchase\", and have the refunds in "
			    "a file of their own\n",
			    column + 1);
}

/* ---- a map of values ---- */

static void write_map(struct propose *p, size_t column, const struct word *list, size_t n,
		      bool state)
{
	struct df_buf out = {.max = 1u << 16};
	struct mapped m = {0};
	for (size_t i = 0; i < n; i++)
		map_word(p, column, &list[i], state, &out, &m);
	p->action = column + 1;
	p->action_values = df_strdup(df_buf_cstr(&out));
	p->action_why = df_format("guessed from the words: %zu of them are known here", n - m.left);
	p->transform = true;
	df_buf_free(&out);
	propose_because(&p->columns[column], "its words say the action as well");
	note_mapped(p, column, state, &m);
}

/* Several things were done, or states reached, and none of the words is known here. */
static bool all_unknown(const struct propose *p, size_t column, size_t n)
{
	enum propose_look look = p->columns[column].look;
	return n > 1 && (look == LOOK_TEXT
			     ? n <= MAX_WORDS
			     : (look == LOOK_INTEGER || look == LOOK_BOOLEAN) && n <= MAX_CODES);
}

/* Does the column say what was done? By its name with any words; or else by its words alone, all
 * of them known. */
static bool try_action_words(struct propose *p, size_t column, const char *names, bool any)
{
	struct word list[MAX_WORDS + 2];
	if (p->columns[column].what != PROPOSE_OPEN ||
	    (names != NULL && !propose_names_is(&p->columns[column], names)))
		return false;
	size_t n = read_words(p, column, list), known = count_known(list, n);
	bool good = n > 0 && n <= MAX_WORDS && any_action(list, n) && (any || known * 2 >= n);
	if (names == NULL)
		good = good && n > 1 && known == n;
	if (!good && names != NULL && any)
		good = all_unknown(p, column, n);
	if (good)
		write_map(p, column, list, n, names != action_names);
	return good;
}

static bool from_words(struct propose *p, const char *names, bool any)
{
	for (size_t i = 0; i < p->n; i++) {
		propose_look(p, i);
		if (try_action_words(p, i, names, any))
			return true;
	}
	return false;
}

/* ---- a number's sign ---- */

/* Returns are rows with a negative quantity. */
static bool from_sign(struct propose *p)
{
	static const char *const paths[] = {PROPOSE_ACTION "products.quantity",
					    PROPOSE_ACTION "total_amount",
					    PROPOSE_ACTION "products.total_product_amount"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const struct propose_column *found = propose_column_at(p, paths[i]);
		size_t column = found != NULL ? (size_t)(found - p->columns) : 0, negative = 0, len;
		for (size_t row = 0; found != NULL && row < p->n_rows; row++) {
			const char *s = propose_cell_text(p, row, column, &len);
			negative += len > 1 && s[0] == '-';
		}
		if (negative == 0)
			continue;
		/* the sign alone: what the number begins with */
		p->action = column + 1;
		p->action_value = df_strdup("{{ value | strip | slice: 0 }}");
		struct df_buf out = {.max = 1024};
		propose_value_pair(&out, "-", 1, "refund");
		for (const char *digit = "0123456789"; *digit != '\0'; digit++)
			propose_value_pair(&out, digit, 1, "purchase");
		p->action_values = df_strdup(df_buf_cstr(&out));
		df_buf_free(&out);
		p->action_why = df_format(
		    "%zu of the rows have a negative number here: taken for refunds", negative);
		p->transform = true;
		return true;
	}
	return false;
}

/* Whether the row is a refund, as its sign or its word says. */
static bool is_refund(const struct propose *p, size_t row)
{
	size_t len;
	const char *s = propose_cell_text(p, row, p->action - 1, &len);
	map_cell_trim(&s, &len);
	if (p->action_value != NULL)
		return len > 0 && s[0] == '-';
	int known = action_find_word(s, len);
	return known >= 0 &&
	       (words[known].action == NULL || strcmp(words[known].action, "refund") == 0);
}

/* How many rows have a minus here: refunds, and others. */
static void count_minus(const struct propose *p, size_t column, size_t *refunds, size_t *others)
{
	size_t len;
	*refunds = *others = 0;
	for (size_t row = 0; row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, column, &len);
		if (len < 2 || memchr(s, '-', len) == NULL)
			continue;
		*(is_refund(p, row) ? refunds : others) += 1;
	}
}

static void remove_sign(struct propose_column *c)
{
	static const char tail[] = " | remove_first: '-' }}", end[] = " }}";
	const char *value = c->value != NULL ? c->value : "{{ value | strip }}";
	char *unsigned_value = df_format("%.*s%s", (int)(strlen(value) - strlen(end)), value, tail);
	free(c->value);
	c->value = unsigned_value;
}

/* A refund's quantities and amounts have no sign. */
static void without_signs(struct propose *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct propose_column *c = &p->columns[i];
		struct schema_path path;
		size_t refunds, others;
		if (c->what != PROPOSE_KEEP ||
		    strncmp(c->path, PROPOSE_ACTION, strlen(PROPOSE_ACTION)) != 0 ||
		    schema_path_parse(p->event, c->path, strlen(c->path), &path, NULL) !=
			SCHEMA_PATH_OK ||
		    (path.type != SCHEMA_NUMBER && path.type != SCHEMA_INTEGER))
			continue;
		count_minus(p, i, &refunds, &others);
		if (refunds > 0 && others == 0) {
			remove_sign(c);
			p->transform = true;
		} else if (others > 0) {
			df_buf_addf(&p->todo,
				    "column %zu has negative numbers in %zu row%s that %s not "
				    "refunds: is that a discount, or a return?\n",
				    i + 1, others, df_plural(others), others == 1 ? "is" : "are");
		}
	}
}

/* ---- all of it ---- */

static bool is_order(const struct propose *p)
{
	return propose_column_at(p, PROPOSE_ACTION "transaction_id") != NULL ||
	       propose_column_at(p, PROPOSE_ACTION "total_amount") != NULL ||
	       propose_column_at(p, PROPOSE_ACTION "products.price") != NULL ||
	       propose_column_at(p, PROPOSE_ACTION "products.quantity") != NULL;
}

void propose_action(struct propose *p)
{
	if (schema_where(p->event) != SCHEMA_IN_COMMERCE ||
	    propose_has_part(p, "promotion_action") || propose_has_part(p, "product_impressions"))
		return;
	if (propose_column_at(p, PROPOSE_ACTION "action") != NULL) {
		propose_status_failed(p, status_names);
		return;
	}
	if (!p->has_header) {
		df_buf_adds(&p->todo, "no column has the product_action.action, such as purchase, "
				      "and a manifest for files "
				      "without a header cannot say it for all rows: have the "
				      "sender add the column\n");
		return;
	}

	p->transform = true;
	if (from_words(p, action_names, true)) {
		propose_status_failed(p, status_names);
		without_signs(p);
		return;
	}
	if (from_words(p, status_names, false) || from_words(p, NULL, false)) {
		without_signs(p);
		return;
	}
	if (from_sign(p)) {
		propose_status_failed(p, status_names);
		without_signs(p);
		return;
	}
	if (from_words(p, status_names, true))
		return;
	p->action_why = df_strdup("guessed: no column has the action; view_detail, add_to_cart, "
				  "checkout, refund are others");
	if (!is_order(p))
		df_buf_adds(&p->todo, "no column says what was done with the products, nor looks "
				      "like an order's: is it a "
				      "purchase?\n");
}
