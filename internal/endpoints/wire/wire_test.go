package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/endpoints"
)

func request(t *testing.T, files map[string][]byte, options endpoints.Options) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := WriteRequest(&out, files, options); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestRequest(t *testing.T) {
	options := endpoints.Options{MaxFiles: 3, MaxFileBytes: 4, MaxBytes: 5, Timeout: time.Minute}
	for name, files := range map[string]map[string][]byte{
		"nothing":      {},
		"some files":   {"main.py": []byte("a = 1\n"), "app/ä.py": {0, 0xff, '\n'}, "empty.py": {}},
		"no file name": {"": []byte("x")},
	} {
		t.Run(name, func(t *testing.T) {
			got, gotOptions, err := ReadRequest(bytes.NewReader(request(t, files, options)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(files, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if gotOptions != options {
				t.Errorf("options %+v, want %+v", gotOptions, options)
			}
		})
	}
}

func TestRequestThatIsNone(t *testing.T) {
	whole := request(t, map[string][]byte{"a.py": []byte("a")}, endpoints.Options{})
	for end := range whole {
		if _, _, err := ReadRequest(bytes.NewReader(whole[:end])); !errors.Is(err, ErrFormat) {
			t.Errorf("%d bytes of it: error %v", end, err)
		}
	}
	head := whole[:len(whole)-4-4-4-1-4]
	for name, test := range map[string]struct {
		data string
		want error
	}{
		"another beginning": {"PES2" + string(whole[4:]), ErrFormat},
		"options are not":   {"PES1\x00\x00\x00\x01{", ErrFormat},
		"long options":      {"PES1\x7f\xff\xff\xff", ErrTooLarge},
		"many files":        {string(head) + "\xff\xff\xff\xff", ErrTooLarge},
		"a long name":       {string(head) + "\x00\x00\x00\x01\x00\x01\x00\x00" + strings.Repeat("a", 1<<16), ErrTooLarge},
		"a long file":       {string(head) + "\x00\x00\x00\x01\x00\x00\x00\x01a\xff\xff\xff\xff", ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := ReadRequest(strings.NewReader(test.data)); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

func TestFilesAreBoundedTogether(t *testing.T) {
	half := make([]byte, MaxBytes/2)
	files := map[string][]byte{"a": half, "b": half}
	if err := Check(files); !errors.Is(err, ErrTooLarge) {
		t.Errorf("Check: %v", err)
	}
	in, out := io.Pipe()
	defer func() { _ = in.Close() }()
	go func() {
		out.CloseWithError(WriteRequest(out, map[string][]byte{"a": half, "b": half, "c": half}, endpoints.Options{}))
	}()
	if _, _, err := ReadRequest(in); !errors.Is(err, ErrTooLarge) {
		t.Errorf("ReadRequest: %v", err)
	}
}

func TestCheck(t *testing.T) {
	many := map[string][]byte{}
	for i := range MaxFiles + 1 {
		many[strings.Repeat("a", i%100)+string(rune(i))] = nil
	}
	for name, test := range map[string]struct {
		files map[string][]byte
		want  error
	}{
		"fits":      {map[string][]byte{"a.py": nil}, nil},
		"many":      {many, ErrTooLarge},
		"long name": {map[string][]byte{strings.Repeat("a", MaxNameBytes+1): nil}, ErrTooLarge},
		"large":     {map[string][]byte{"a": make([]byte, MaxBytes)}, ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Check(test.files); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

func TestAnswer(t *testing.T) {
	want := endpoints.Result{
		Endpoints: []endpoints.Endpoint{{Method: "GET", Path: "/<a>&", Tags: []string{}}}, Count: 1,
		Diagnostics: []endpoints.Diagnostic{{Code: "a", Message: "b"}},
	}
	var out bytes.Buffer
	if err := WriteAnswer(&out, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadAnswer(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	for _, answer := range []string{"", "{}", "[]", out.String() + out.String(), `{"endpoints":[],"count":1,"diagnostics":[]}`} {
		if _, err := ReadAnswer([]byte(answer)); err == nil {
			t.Errorf("%.60q is taken as an answer", answer)
		}
	}
}
