package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// page is the Markdown that was written so far.
type page struct{ text strings.Builder }

func (p *page) printf(format string, args ...any) { fmt.Fprintf(&p.text, format, args...) }

func (p *page) begin() {
	p.printf(`# Resources

Every field of PreviewInstance and PreviewRuntime, with what the API server accepts: it refuses what breaks a limit or a rule
when an object is written, and unknown fields too, unless the client asks it to drop them. What needs more than the object to be
judged, such as a limit that is set by [configuration](configuration.md), the manager checks; the condition Accepted then says
what is wrong. Strings are counted in characters. ` + "`kubectl explain pvi.spec`" + ` tells the same in a terminal. This page is generated from the types in ` + "`api/v1alpha1`" + `.
`)
}

// resource writes one version of a CRD.
func (p *page) resource(crd *apiextensionsv1.CustomResourceDefinition, version *apiextensionsv1.CustomResourceDefinitionVersion) {
	names := crd.Spec.Names
	root := version.Schema.OpenAPIV3Schema
	p.printf("\n## %s\n\n%s\n\n", names.Kind, flat(root.Description))
	p.printf("`apiVersion: %s/%s`, `kind: %s`. %s; short name `%s`; in the categories %s.", crd.Spec.Group, version.Name, names.Kind,
		crd.Spec.Scope, strings.Join(names.ShortNames, "`, `"), code(names.Categories...))
	if version.Subresources != nil && version.Subresources.Status != nil {
		p.printf(" The status is a subresource: only the manager writes it.")
	}
	p.printf("\n\n`kubectl get %s` prints:\n\n| column | from | only with `-o wide` |\n|---|---|---|\n", names.ShortNames[0])
	for _, column := range version.AdditionalPrinterColumns {
		wide := ""
		if column.Priority > 0 {
			wide = "yes"
		}
		name := column.Name
		if column.Description != "" {
			name += ": " + flat(column.Description)
		}
		p.printf("| %s | `%s` | %s |\n", cell(name), column.JSONPath, wide)
	}
	p.rules(root)
	for _, name := range []string{"spec", "status"} {
		if schema, ok := root.Properties[name]; ok {
			p.object(names.Kind, name, &schema)
		}
	}
}

// rules writes the rules of an object as a list.
func (p *page) rules(schema *apiextensionsv1.JSONSchemaProps) {
	for i, rule := range ruleTexts(schema) {
		if i == 0 {
			p.printf("\n")
		}
		p.printf("- %s\n", rule)
	}
}

// object writes the fields of an object, and then the objects among them.
func (p *page) object(kind, path string, schema *apiextensionsv1.JSONSchemaProps) {
	p.printf("\n### %s.%s\n\n%s\n", kind, path, flat(schema.Description))
	p.rules(schema)
	p.printf("\n| field | type | default | limits and rules | what it is |\n|---|---|---|---|---|\n")
	names := slices.Sorted(maps.Keys(schema.Properties))
	for _, name := range names {
		field := schema.Properties[name]
		limits := limitsOf(&field)
		if slices.Contains(schema.Required, name) {
			limits = append([]string{"required"}, limits...)
		}
		value := ""
		if field.Default != nil {
			value = "`" + string(field.Default.Raw) + "`"
		}
		p.printf("| `%s` | %s | %s | %s | %s |\n", name, cell(typeOf(&field)), cell(value), cell(strings.Join(limits, "; ")), cell(flat(field.Description)))
	}
	for _, name := range names {
		field := schema.Properties[name]
		suffix := ""
		inner := &field
		if field.Items != nil && field.Items.Schema != nil {
			inner, suffix = field.Items.Schema, "[]"
		}
		if len(inner.Properties) > 0 {
			p.object(kind, path+"."+name+suffix, inner)
		}
	}
}

// typeOf names the type of a field.
func typeOf(s *apiextensionsv1.JSONSchemaProps) string {
	switch {
	case s.XIntOrString:
		return "integer or string"
	case s.Items != nil && s.Items.Schema != nil:
		return "list of " + typeOf(s.Items.Schema)
	case s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil:
		return "map of " + typeOf(s.AdditionalProperties.Schema)
	case s.Format != "":
		return s.Type + ", " + s.Format
	}
	return s.Type
}

// limitsOf says in words what a value must be like, its items included.
func limitsOf(s *apiextensionsv1.JSONSchemaProps) (limits []string) {
	if len(s.Enum) > 0 {
		var values []string
		for _, value := range s.Enum {
			values = append(values, strings.Trim(string(value.Raw), `"`))
		}
		limits = append(limits, "one of "+code(values...))
	}
	limits = append(limits, between(s.MinLength, s.MaxLength, "characters")...)
	limits = append(limits, between(s.MinItems, s.MaxItems, "items")...)
	limits = append(limits, between(s.MinProperties, s.MaxProperties, "entries")...)
	limits = append(limits, between(whole(s.Minimum), whole(s.Maximum), "")...)
	if s.Pattern != "" {
		limits = append(limits, "matches "+code(s.Pattern))
	}
	if s.XListType != nil && *s.XListType == "map" {
		limits = append(limits, "no two with the same "+code(s.XListMapKeys...))
	}
	if s.XListType != nil && *s.XListType == "set" {
		limits = append(limits, "no item twice")
	}
	if len(s.Properties) == 0 {
		// Those of an object stand above its own table.
		limits = append(limits, ruleTexts(s)...)
	}
	if s.Items != nil && s.Items.Schema != nil && len(s.Items.Schema.Properties) == 0 {
		for _, limit := range limitsOf(s.Items.Schema) {
			limits = append(limits, "each: "+limit)
		}
	}
	return limits
}

// whole is a bound of an integer; the API has no others.
func whole(bound *float64) *int64 {
	if bound == nil {
		return nil
	}
	number := int64(*bound)
	return &number
}

// between says in words what two bounds allow.
func between(least, most *int64, of string) []string {
	var text string
	switch {
	case least != nil && most != nil && *least == *most:
		text = strconv.FormatInt(*least, 10)
	case least != nil && most != nil:
		text = strconv.FormatInt(*least, 10) + " to " + strconv.FormatInt(*most, 10)
	case most != nil:
		text = "at most " + strconv.FormatInt(*most, 10)
	case least != nil:
		text = "at least " + strconv.FormatInt(*least, 10)
	default:
		return nil
	}
	return []string{strings.TrimSpace(text + " " + of)}
}

// ruleTexts are the CEL rules of a value, as their messages and as they are.
func ruleTexts(s *apiextensionsv1.JSONSchemaProps) (texts []string) {
	for _, rule := range s.XValidations {
		text := "rule " + code(rule.Rule)
		if rule.Message != "" {
			text = flat(rule.Message) + " (" + text + ")"
		}
		texts = append(texts, text)
	}
	return texts
}

// code marks texts as code, whatever they hold.
func code(texts ...string) string {
	var marked []string
	for _, text := range texts {
		fence := "`"
		for strings.Contains(text, fence) {
			fence += "`"
		}
		marked = append(marked, fence+text+fence)
	}
	return strings.Join(marked, ", ")
}

// cell makes text fit for a table: a bar would end the cell, in code too.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// flat is text in one line.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }
