package httpapi

import "testing"

func TestPreferred(t *testing.T) {
	tests := map[string]struct {
		accept []string
		want   string
	}{
		"none":                  {nil, "application/json"},
		"empty":                 {[]string{""}, "application/json"},
		"anything":              {[]string{"*/*"}, "application/json"},
		"one":                   {[]string{"text/csv"}, "text/csv"},
		"with a parameter":      {[]string{"text/csv; charset=utf-8"}, "text/csv"},
		"in capitals":           {[]string{"TEXT/CSV"}, "text/csv"},
		"named before others":   {[]string{"*/*, application/x-ndjson"}, "application/x-ndjson"},
		"the heaviest":          {[]string{"text/csv;q=0.5, application/x-ndjson;q=0.6"}, "application/x-ndjson"},
		"in several headers":    {[]string{"text/html", "text/csv"}, "text/csv"},
		"its class":             {[]string{"text/*"}, "text/csv"},
		"not this one":          {[]string{"application/json;q=0, application/*"}, "application/x-ndjson"},
		"a browser":             {[]string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, "application/json"},
		"nothing there is":      {[]string{"image/png"}, "application/json"},
		"refused":               {[]string{"text/csv;q=0"}, "application/json"},
		"a weight that is none": {[]string{"text/csv;q=x"}, "text/csv"},
		"broken":                {[]string{"text/;;, text/csv"}, "text/csv"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := preferred(tt.accept, "application/json", "application/x-ndjson", "text/csv"); got != tt.want {
				t.Errorf("%q: %s, want %s", tt.accept, got, tt.want)
			}
		})
	}
}
