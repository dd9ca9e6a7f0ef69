package endpoints

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// maxPaths bounds the paths that are looked at; those without a method are no endpoints.
const maxPaths = 4 * MaxEndpoints

// methods are the members of a path item that are operations. All others describe the path as a whole.
var methods = map[string]string{
	"get": "GET", "put": "PUT", "post": "POST", "delete": "DELETE", "options": "OPTIONS", "head": "HEAD", "patch": "PATCH", "trace": "TRACE",
}

// errStop ends a walk early.
var errStop = errors.New("enough")

// FromOpenAPI reads an OpenAPI 3 or Swagger 2 document. Whatever is not as the specification says is left out, and
// references are not followed: no operation needs one. The basePath of Swagger 2 is part of the paths; the servers of
// OpenAPI 3 are not, for they say how others reach the application. It takes time and memory in proportion to the
// document, whose size the caller bounds.
func FromOpenAPI(document []byte) (List, error) {
	if !json.Valid(document) {
		return List{}, ErrNotJSON
	}
	var version, base string
	var paths json.RawMessage
	err := members(document, func(name string, value *json.Decoder) error {
		switch name {
		case "openapi":
			if v := text(value); strings.HasPrefix(v, "3.") {
				version = v
			}
		case "swagger":
			if v := text(value); strings.HasPrefix(v, "2.") {
				version = v
			}
		case "basePath":
			base = text(value)
		case "paths":
			return value.Decode(&paths)
		default:
			return skip(value)
		}
		return nil
	})
	if err != nil || version == "" {
		return List{}, ErrNotOpenAPI
	}
	if !strings.HasPrefix(version, "2.") || !validPath(base) {
		base = ""
	}
	if paths == nil && version >= "3.1" {
		// A document of webhooks alone.
		return List{Endpoints: []Endpoint{}}, nil
	}
	return fromPaths(paths, strings.TrimSuffix(base, "/"))
}

func fromPaths(paths []byte, base string) (List, error) {
	list := List{Endpoints: []Endpoint{}}
	// Of a path that occurs twice the last one counts, as for every reader that makes a map of it.
	byPath := map[string][]Endpoint{}
	seen, total := 0, 0
	err := members(paths, func(name string, value *json.Decoder) error {
		if strings.HasPrefix(name, "x-") {
			return skip(value)
		}
		if seen++; seen > maxPaths {
			list.Cut = true
			return errStop
		}
		path := base + name
		if !strings.HasPrefix(name, "/") || !validPath(path) {
			list.LeftOut++
			return skip(value)
		}
		found, err := fromItem(path, value)
		if err != nil {
			return err
		}
		total += len(found) - len(byPath[path])
		if total > MaxEndpoints {
			list.Cut = true
			return errStop
		}
		byPath[path] = found
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return List{}, ErrNotOpenAPI
	}
	for _, found := range byPath {
		list.Endpoints = append(list.Endpoints, found...)
	}
	sortEndpoints(list.Endpoints)
	return list, nil
}

// fromItem reads one path item; it has none when it is not an object.
func fromItem(path string, value *json.Decoder) ([]Endpoint, error) {
	var item json.RawMessage
	if err := value.Decode(&item); err != nil {
		return nil, err
	}
	byMethod := map[string]Endpoint{}
	var shared []Param
	// An error tells that it is not an object; there is no other.
	_ = members(item, func(name string, value *json.Decoder) error {
		method, ok := methods[name]
		if name == "parameters" {
			shared = params(decode[json.RawMessage](value))
			return nil
		}
		if !ok {
			return skip(value)
		}
		var operation json.RawMessage
		if err := value.Decode(&operation); err != nil {
			return err
		}
		found := Endpoint{Path: path, Method: method, Tags: []string{}, Source: SourceLive}
		if members(operation, found.read) == nil {
			byMethod[method] = found
		}
		return nil
	})
	all := make([]Endpoint, 0, len(byMethod))
	for _, found := range byMethod {
		// Those of the operation come before those of the path, which they replace.
		for _, p := range shared {
			found.addParam(p)
		}
		all = append(all, found)
	}
	return all, nil
}

// read takes over one member of an operation.
func (e *Endpoint) read(name string, value *json.Decoder) error {
	switch name {
	case "summary":
		e.Summary = clean(text(value), MaxSummaryBytes)
	case "description":
		e.Description = clean(text(value), MaxDescriptionBytes)
	case "operationId":
		e.OperationID = clean(text(value), MaxSummaryBytes)
	case "deprecated":
		e.Deprecated = decode[bool](value)
	case "tags":
		e.Tags = tags(decode[json.RawMessage](value))
	case "parameters":
		e.Params = nil
		for _, p := range params(decode[json.RawMessage](value)) {
			e.addParam(p)
		}
	default:
		return skip(value)
	}
	return nil
}

// tags reads the strings of a list.
func tags(raw []byte) []string {
	found := []string{}
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('[') {
		return found
	}
	for d.More() && len(found) < MaxTags {
		if tag := text(d); tag != "" {
			found = append(found, clean(tag, MaxTagBytes))
		}
	}
	return found
}

// params reads the parameters of a list. The body, which Swagger 2 has among them, is none.
func params(raw []byte) []Param {
	var found []Param
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('[') {
		return nil
	}
	for d.More() && len(found) < MaxParams {
		var p Param
		if members(decode[json.RawMessage](d), p.read) == nil {
			p.Required = p.Required || p.In == "path"
			found = append(found, p)
		}
	}
	return found
}

// read takes over one member of a parameter; the type is in a schema, or with it in Swagger 2.
func (p *Param) read(name string, value *json.Decoder) error {
	switch name {
	case "name":
		p.Name = text(value)
	case "in":
		p.In = text(value)
	case "required":
		p.Required = decode[bool](value)
	case "type":
		p.Type = text(value)
	case "pattern":
		p.Pattern = text(value)
	case "schema":
		var schema Param
		if members(decode[json.RawMessage](value), schema.readSchema) == nil {
			p.Type, p.Pattern = schema.Type, schema.Pattern
		}
	default:
		return skip(value)
	}
	return nil
}

func (p *Param) readSchema(name string, value *json.Decoder) error {
	switch name {
	case "type":
		p.Type = text(value)
	case "pattern":
		p.Pattern = text(value)
	default:
		return skip(value)
	}
	return nil
}

var errNotObject = errors.New("not an object")

// members calls visit for each member of an object, which has to decode the value. The object is valid JSON.
func members(object []byte, visit func(name string, value *json.Decoder) error) error {
	d := json.NewDecoder(bytes.NewReader(object))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errNotObject
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if err := visit(name, d); err != nil {
			return err
		}
	}
	return nil
}

// decode reads a value; one of another type is as good as none.
func decode[T any](value *json.Decoder) T {
	var out T
	if err := value.Decode(&out); err != nil {
		var none T
		return none
	}
	return out
}

func text(value *json.Decoder) string { return decode[string](value) }

// ignored takes a value and keeps nothing of it.
type ignored struct{}

func (*ignored) UnmarshalJSON([]byte) error { return nil }

func skip(value *json.Decoder) error { return value.Decode(&ignored{}) }
