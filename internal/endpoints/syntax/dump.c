#include <stdbool.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "dump.h"

typedef struct TSParser TSParser;
typedef struct TSTree TSTree;
typedef struct { uint32_t row, column; } TSPoint;
typedef struct { uint32_t context[4]; const void *id; const TSTree *tree; } TSNode;
typedef struct { const void *tree; const void *id; uint32_t context[3]; } TSTreeCursor;

FROM_TREE_SITTER TSParser *ts_parser_new(void);
FROM_TREE_SITTER void ts_parser_delete(TSParser *);
FROM_TREE_SITTER bool ts_parser_set_language(TSParser *, const TSLanguage *);
FROM_TREE_SITTER void ts_parser_set_timeout_micros(TSParser *, uint64_t);
FROM_TREE_SITTER void ts_parser_set_cancellation_flag(TSParser *, const size_t *);
FROM_TREE_SITTER TSTree *ts_parser_parse_string(TSParser *, const TSTree *, const char *, uint32_t);
FROM_TREE_SITTER void ts_tree_delete(TSTree *);
FROM_TREE_SITTER TSNode ts_tree_root_node(const TSTree *);
FROM_TREE_SITTER uint32_t ts_node_start_byte(TSNode);
FROM_TREE_SITTER uint32_t ts_node_end_byte(TSNode);
FROM_TREE_SITTER TSPoint ts_node_start_point(TSNode);
FROM_TREE_SITTER uint16_t ts_node_symbol(TSNode);
FROM_TREE_SITTER bool ts_node_is_named(TSNode);
FROM_TREE_SITTER bool ts_node_is_missing(TSNode);
FROM_TREE_SITTER bool ts_node_has_error(TSNode);
FROM_TREE_SITTER TSTreeCursor ts_tree_cursor_new(TSNode);
FROM_TREE_SITTER void ts_tree_cursor_delete(TSTreeCursor *);
FROM_TREE_SITTER TSNode ts_tree_cursor_current_node(const TSTreeCursor *);
FROM_TREE_SITTER uint16_t ts_tree_cursor_current_field_id(const TSTreeCursor *);
FROM_TREE_SITTER bool ts_tree_cursor_goto_parent(TSTreeCursor *);
FROM_TREE_SITTER bool ts_tree_cursor_goto_next_sibling(TSTreeCursor *);
FROM_TREE_SITTER bool ts_tree_cursor_goto_first_child(TSTreeCursor *);

#ifdef __GLIBC__
// Go calls C on many threads, and glibc gives each a heap of its own, which it keeps at the size of the largest file that
// was parsed there. Two heaps that shrink again are enough.
__attribute__((constructor)) static void keep_little(void) {
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_MMAP_THRESHOLD, 256 << 10);
	mallopt(M_TRIM_THRESHOLD, 4 << 20);
}
#endif

static bool append(syntax_dump *dump, uint32_t *capacity, TSTreeCursor *cursor, uint32_t parent) {
	if (dump->count == *capacity) {
		uint32_t grown = *capacity ? *capacity * 2 : 1024;
		syntax_node *nodes = realloc(dump->nodes, (size_t)grown * sizeof *nodes);
		if (!nodes) return false;
		dump->nodes = nodes;
		*capacity = grown;
	}
	TSNode node = ts_tree_cursor_current_node(cursor);
	TSPoint point = ts_node_start_point(node);
	if (dump->count) dump->nodes[parent].children++;
	dump->nodes[dump->count++] = (syntax_node){
		.parent = parent,
		.start = ts_node_start_byte(node), .end = ts_node_end_byte(node),
		.row = point.row, .column = point.column,
		.symbol = ts_node_symbol(node), .field = ts_tree_cursor_current_field_id(cursor),
		.named = ts_node_is_named(node), .missing = ts_node_is_missing(node),
	};
	return true;
}

// write_down goes through the tree without recursion: its depth is the author's choice.
static void write_down(TSTree *tree, syntax_limits limits, syntax_dump *dump) {
	TSNode root = ts_tree_root_node(tree);
	TSTreeCursor cursor = ts_tree_cursor_new(root);
	uint32_t capacity = 0, parent = 0, depth = 0;
	dump->has_errors = ts_node_has_error(root);
	for (bool more = true; more;) {
		if (dump->count == limits.nodes) {
			dump->cut = 1;
			break;
		}
		uint32_t current = dump->count;
		if (!append(dump, &capacity, &cursor, parent)) {
			dump->status = SYNTAX_NO_MEMORY;
			break;
		}
		if (ts_tree_cursor_goto_first_child(&cursor)) {
			if (depth + 1 < limits.depth) {
				parent = current;
				depth++;
				continue;
			}
			dump->cut = 1;
			ts_tree_cursor_goto_parent(&cursor);
		}
		while (depth && !ts_tree_cursor_goto_next_sibling(&cursor)) {
			ts_tree_cursor_goto_parent(&cursor);
			depth--;
			parent = dump->nodes[parent].parent;
		}
		more = depth > 0;
	}
	ts_tree_cursor_delete(&cursor);
}

syntax_dump syntax_parse(const TSLanguage *language, const char *source, uint32_t length, syntax_limits limits, const size_t *cancelled) {
	syntax_dump dump = {0};
	TSParser *parser = ts_parser_new();
	ts_parser_set_timeout_micros(parser, limits.micros);
	ts_parser_set_cancellation_flag(parser, cancelled);
	TSTree *tree = ts_parser_set_language(parser, language) ? ts_parser_parse_string(parser, NULL, source, length) : NULL;
	if (tree) {
		write_down(tree, limits, &dump);
		ts_tree_delete(tree);
	} else {
		dump.status = SYNTAX_STOPPED;
	}
	ts_parser_delete(parser);
	return dump;
}
