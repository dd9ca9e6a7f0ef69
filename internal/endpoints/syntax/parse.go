package syntax

// #include <stdlib.h>
// #include "dump.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	// The objects that dump.c is linked with.
	_ "github.com/smacker/go-tree-sitter"
	_ "github.com/smacker/go-tree-sitter/javascript"
	_ "github.com/smacker/go-tree-sitter/python"
	_ "github.com/smacker/go-tree-sitter/typescript/tsx"
	_ "github.com/smacker/go-tree-sitter/typescript/typescript"
)

var errMemory = errors.New("no memory for the tree")

// grammar is one language with the names of its kinds and fields, which all trees share.
type grammar struct {
	language *C.TSLanguage
	kinds    []string
	fields   []string
}

var grammars = map[Language]func() *grammar{
	Python:     sync.OnceValue(func() *grammar { return newGrammar(C.tree_sitter_python()) }),
	JavaScript: sync.OnceValue(func() *grammar { return newGrammar(C.tree_sitter_javascript()) }),
	TypeScript: sync.OnceValue(func() *grammar { return newGrammar(C.tree_sitter_typescript()) }),
	TSX:        sync.OnceValue(func() *grammar { return newGrammar(C.tree_sitter_tsx()) }),
}

func newGrammar(language *C.TSLanguage) *grammar {
	g := &grammar{language: language}
	for symbol := range C.ts_language_symbol_count(language) {
		g.kinds = append(g.kinds, C.GoString(C.ts_language_symbol_name(language, C.uint16_t(symbol))))
	}
	// Field 0 is none.
	for field := range C.ts_language_field_count(language) + 1 {
		g.fields = append(g.fields, C.GoString(C.ts_language_field_name_for_id(language, C.uint16_t(field))))
	}
	return g
}

func (g *grammar) kind(symbol C.uint16_t) string {
	if int(symbol) < len(g.kinds) {
		return g.kinds[symbol]
	}
	// The error symbol is the largest number.
	return ErrorKind
}

// parse makes two calls of C for a whole file: a call for each node costs more than parsing does.
func parse(ctx context.Context, language Language, source string, limits Limits) (*Tree, error) {
	g := grammars[language]()
	// C only reads the flag, while it runs; the parser that keeps its address is gone when the call returns.
	cancelled := new(uintptr)
	stop := context.AfterFunc(ctx, func() { atomic.StoreUintptr(cancelled, 1) })
	defer stop()
	dump := C.syntax_parse(g.language, (*C.char)(unsafe.Pointer(unsafe.StringData(source))), C.uint32_t(len(source)),
		C.syntax_limits{
			nodes:  C.uint32_t(limits.Nodes),
			depth:  C.uint32_t(limits.Depth),
			micros: C.uint64_t(limits.Time.Microseconds()),
		}, (*C.size_t)(unsafe.Pointer(cancelled)))
	defer C.free(unsafe.Pointer(dump.nodes))
	switch dump.status {
	case C.SYNTAX_OK:
	case C.SYNTAX_STOPPED:
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%w: %w", ErrStopped, context.Cause(ctx))
		}
		return nil, fmt.Errorf("%w: it takes longer than %s", ErrStopped, limits.Time)
	default:
		return nil, errMemory
	}
	return &Tree{
		Root:      g.copied(source, unsafe.Slice(dump.nodes, dump.count)),
		Language:  language,
		HasErrors: dump.has_errors != 0,
		Cut:       dump.cut != 0,
		nodes:     int(dump.count),
	}, nil
}

// copied makes the nodes of a tree in two allocations.
func (g *grammar) copied(source string, dump []C.syntax_node) *Node {
	nodes := make([]Node, len(dump))
	children := make([]*Node, len(dump)-1)
	for i := range dump {
		from, node := &dump[i], &nodes[i]
		start, end := int(from.start), min(int(from.end), len(source))
		*node = Node{
			Kind:    g.kind(from.symbol),
			Field:   g.fields[from.field],
			Text:    source[min(start, end):end],
			Line:    int(from.row) + 1,
			Column:  int(from.column),
			Start:   start,
			End:     end,
			Named:   from.named != 0,
			Missing: from.missing != 0,
		}
		if count := int(from.children); count > 0 {
			node.Children, children = children[:0:count], children[count:]
		}
		if i > 0 {
			parent := &nodes[from.parent]
			parent.Children = append(parent.Children, node)
		}
	}
	return &nodes[0]
}
