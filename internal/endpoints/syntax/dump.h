#include <stddef.h>
#include <stdint.h>

// What of tree-sitter's C interface (version 14 of its grammars) is used here. Go hides a package's headers from other
// packages, but links all objects into one binary; the symbols are weak because this package is also linked alone once,
// when cgo looks for dynamic imports.
#define FROM_TREE_SITTER extern __attribute__((weak))

typedef struct TSLanguage TSLanguage;

FROM_TREE_SITTER uint32_t ts_language_symbol_count(const TSLanguage *);
FROM_TREE_SITTER const char *ts_language_symbol_name(const TSLanguage *, uint16_t symbol);
FROM_TREE_SITTER uint32_t ts_language_field_count(const TSLanguage *);
FROM_TREE_SITTER const char *ts_language_field_name_for_id(const TSLanguage *, uint16_t field);

FROM_TREE_SITTER const TSLanguage *tree_sitter_python(void);
FROM_TREE_SITTER const TSLanguage *tree_sitter_javascript(void);
FROM_TREE_SITTER const TSLanguage *tree_sitter_typescript(void);
FROM_TREE_SITTER const TSLanguage *tree_sitter_tsx(void);

// syntax_node is one node of a tree that is written down in the order of the source, parents first.
typedef struct {
	uint32_t parent;
	uint32_t children;
	uint32_t start, end;
	uint32_t row, column;
	uint16_t symbol;
	uint16_t field;
	uint16_t named;
	uint16_t missing;
} syntax_node;

typedef struct {
	uint32_t nodes;
	uint32_t depth;
	uint64_t micros;
} syntax_limits;

enum { SYNTAX_OK, SYNTAX_STOPPED, SYNTAX_NO_MEMORY };

typedef struct {
	syntax_node *nodes;
	uint32_t count;
	uint8_t status;
	uint8_t has_errors;
	uint8_t cut;
} syntax_dump;

syntax_dump syntax_parse(const TSLanguage *language, const char *source, uint32_t length, syntax_limits limits, const size_t *cancelled);
