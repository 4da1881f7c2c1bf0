/* SPDX-License-Identifier: MIT */
/*
 * map_program.h - how a column's name becomes bytes of a batch
 *
 *         name --schema_path--> steps through the schema's tables --map_tree--> nodes
 *         --map_program--> a flat list of ops
 *
 * The ops are run once per row by map_ops.c: an object is opened, its leaves are written, and when
 * none of them had a value the buffer is cut back to where the object began.
 */
#ifndef MAP_PROGRAM_H
#define MAP_PROGRAM_H

#include "map_shape.h"
#include "map_tree.h"

/* Flags of ops, beside those of the schema. */
enum map_op_flag {
	MAP_EVENT_TIME = 128,
	MAP_DELETABLE = 256,    /* an empty cell deletes the attribute */
	MAP_DELETED = 512,      /* the list that names them */
	MAP_VALUE_LIMIT = 1024, /* the value of an attribute */
	MAP_ENTRY = 2048,       /* an entry of a list of such */
	MAP_LONG_NAME = 4096,   /* the name of an attribute that is over the limit */
	MAP_BATCH_TIME = 8192,  /* the batch's own time: its last member */
};

#define MAP_PIECE 32 /* heads are copied in pieces of so many bytes */

enum map_op_kind { MAP_OP_OPEN, MAP_OP_CLOSE, MAP_OP_LEAF };

struct map_op {
	enum map_op_kind kind;
	enum schema_type type;
	unsigned flags;
	unsigned bit;  /* what it sets in the mask of the object around it */
	unsigned need; /* of a close: what has to be set */
	char bracket;  /* of a close: } or ] */
	bool common;   /* a leaf of the common kind: see leaf_common */
	size_t column;
	/* own: `"name":`, with the bracket of an open; a comma before it, MAP_PIECE bytes after
	 * it */
	char *head;
	size_t head_len;
	/* of a leaf with words: the one that a row had last; borrowed from the schema */
	const char *word;
	size_t word_len;
	size_t unless;
	const char *fallback; /* borrowed from the node */
	size_t fallback_len;
	unsigned limit;              /* of an open: how many members it may have, 0: any number */
	const struct map_node *node; /* its names */
};

struct map_program {
	struct map_op *ops; /* own */
	size_t n, cap;
	unsigned need;     /* of the root */
	bool plain;        /* map_quick.c can run it */
	bool ids_together; /* nothing is between the identities but commas */
	size_t most;       /* bytes that a plain row comes to beside its cells */
	size_t depth;      /* frames that a run takes */
	struct map_shapes shapes;
};

/* n_columns: of the document; those that are derived come after them. */
void map_program_build(struct map_program *program, struct map_node *root, size_t n_columns,
		       bool commerce);
void map_program_free(struct map_program *program);

#endif
