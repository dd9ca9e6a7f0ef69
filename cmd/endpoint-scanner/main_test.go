package main

import (
	"os"
	"strings"
	"testing"

	"github.com/codebegen/preview-operator/internal/scanner"
)

// asProgram is the argument with which this test binary is the scanner.
const asProgram = "as-the-program"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == asProgram {
		main()
		return
	}
	os.Exit(m.Run())
}

// The whole way, with what hostile projects have in their files beside an application: it is found, and nothing crashes.
func TestHostileProjects(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(scanner.Options{Program: self, Args: []string{asProgram}})
	if err != nil {
		t.Fatal(err)
	}
	const application = "import hostile\nfrom flask import Flask\napp = Flask(__name__)\n@app.get('/books')\ndef books():\n    'List.'\n"
	for name, file := range map[string]string{
		"nothing":       "",
		"brackets":      "x = " + strings.Repeat("[", 800_000),
		"calls":         strings.Repeat("f(", 400_000),
		"NULs":          strings.Repeat("\x00", 800_000),
		"invalid UTF-8": strings.Repeat("\xff\xc3", 400_000),
		"one name":      strings.Repeat("a", 800_000),
	} {
		t.Run(name, func(t *testing.T) {
			result, err := s.Scan(t.Context(), map[string][]byte{
				"app.py": []byte(application), "hostile.py": []byte(file), "hostile.ts": []byte(file), "hostile.js": []byte(file),
			})
			if err != nil {
				t.Fatal(err)
			}
			if result.Count != 1 || result.Endpoints[0].Path != "/books" {
				t.Errorf("result %+v", result)
			}
			for _, d := range result.Diagnostics {
				if d.Code == "resolver-failed" {
					t.Errorf("diagnostic %+v", d)
				}
			}
		})
	}
}
