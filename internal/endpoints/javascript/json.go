package javascript

import (
	"bytes"
	"encoding/json"
	"strings"
)

// maxJSON bounds JSON files and texts that are read, in bytes.
const maxJSON = 4 << 20

// jsonValue is the value of a JSON text; known is false when it is none.
func (in *Interpreter) jsonValue(text []byte) (v Value, known bool) {
	if len(text) > maxJSON {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	return in.jsonNext(decoder, 0)
}

func (in *Interpreter) jsonNext(decoder *json.Decoder, depth int) (Value, bool) {
	token, err := decoder.Token()
	if err != nil || depth > 256 || !in.step() {
		return nil, false
	}
	switch token := token.(type) {
	case nil:
		return Null{}, true
	case bool, float64:
		return token, true
	case string:
		in.take(len(token))
		return token, true
	case json.Delim:
		if token == '[' {
			array := in.Array(nil)
			for decoder.More() {
				item, ok := in.jsonNext(decoder, depth+1)
				if !ok {
					return nil, false
				}
				in.push(array, item)
			}
			_, err := decoder.Token()
			return array, err == nil
		}
		o := in.Object()
		for decoder.More() {
			key, err := decoder.Token()
			if err != nil {
				return nil, false
			}
			item, ok := in.jsonNext(decoder, depth+1)
			name, text := key.(string)
			if !ok || !text {
				return nil, false
			}
			in.take(64)
			o.Set(name, item)
		}
		_, err := decoder.Token()
		return o, err == nil
	}
	return nil, false
}

func (in *Interpreter) jsonFile(file string) Value {
	content := in.project.Content(file)
	if strings.HasSuffix(file, "5") || bytes.Contains(content, []byte("//")) {
		if v, ok := in.jsonValue(content); ok {
			return v
		}
		content = withoutComments(content)
	}
	v, ok := in.jsonValue(bytes.TrimPrefix(content, []byte("\ufeff")))
	if !ok {
		return &Unknown{Name: file}
	}
	return v
}

func jsonParse(c *Call) Value {
	text, ok := c.Text(0)
	if !ok {
		return &Unknown{Name: "JSON.parse"}
	}
	v, known := c.In.jsonValue([]byte(text))
	if !known {
		return &Unknown{Name: "JSON.parse"}
	}
	return v
}

func jsonStringify(c *Call) Value {
	plain, ok := c.In.plain(c.Arg(0), 0)
	if !ok {
		return &Unknown{Name: "JSON.stringify"}
	}
	text, err := json.Marshal(plain)
	if err != nil || len(text) > maxString {
		return &Unknown{Name: "JSON.stringify"}
	}
	return c.In.text(string(text))
}

// plain converts a value to what encoding/json knows; the order of keys may be another.
func (in *Interpreter) plain(v Value, depth int) (any, bool) {
	if depth > 32 || !in.step() {
		return nil, false
	}
	switch v := v.(type) {
	case nil, Null:
		return nil, true
	case bool, string:
		return v, true
	case float64:
		return v, v-v == 0
	case *Object:
		if v.Open || v.Class > ClassArray {
			return nil, false
		}
		if v.Class == ClassArray {
			list := make([]any, 0, len(v.Items))
			for _, item := range v.Items {
				plain, ok := in.plain(item, depth+1)
				if !ok {
					return nil, false
				}
				list = append(list, plain)
			}
			return list, true
		}
		o := map[string]any{}
		for _, key := range in.keys(v) {
			plain, ok := in.plain(in.Get(v, key), depth+1)
			if !ok {
				return nil, false
			}
			o[key] = plain
		}
		return o, true
	}
	return nil, false
}
