package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
)

// constantGroup is a parenthesised declaration of constants.
type constantGroup struct {
	doc       string
	constants []constant
}

// constant is a constant with its value and what its comment says of it.
type constant struct{ name, value, doc string }

// readConstants reads the groups of documented string constants of a file.
func readConstants(path string) (groups []constantGroup, err error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	for _, declaration := range file.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok || general.Tok != token.CONST {
			continue
		}
		group := constantGroup{doc: flat(general.Doc.Text())}
		for _, spec := range general.Specs {
			value := spec.(*ast.ValueSpec)
			literal, ok := value.Values[0].(*ast.BasicLit)
			if !ok || value.Doc == nil {
				return nil, fmt.Errorf("%s: %s has no comment, or is no plain string", path, value.Names[0].Name)
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				return nil, err
			}
			name := value.Names[0].Name
			doc := strings.TrimPrefix(strings.TrimPrefix(flat(value.Doc.Text()), name), ":")
			group.constants = append(group.constants, constant{name: name, value: text, doc: strings.TrimSpace(doc)})
		}
		groups = append(groups, group)
	}
	return groups, nil
}

// constants writes conditions and reasons.
func (p *page) constants(groups []constantGroup) {
	p.printf("\n## Conditions and reasons of PreviewInstance\n")
	for _, group := range groups {
		p.printf("\n%s\n\n| value | meaning |\n|---|---|\n", group.doc)
		for _, c := range group.constants {
			p.printf("| `%s` | %s |\n", c.value, cell(c.doc))
		}
	}
	p.printf("\nWhat to do about each reason: [operations.md](operations.md).\n")
}
