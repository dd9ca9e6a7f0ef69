package python

import (
	"context"
	"runtime"
	"testing"
	"time"
)

// FuzzInterpret runs any text as a module next to a known package. Nothing may panic, take long, or take much memory.
func FuzzInterpret(f *testing.F) {
	for _, program := range programs {
		f.Add(program.source)
	}
	for _, program := range bombs {
		f.Add(program)
	}
	f.Fuzz(func(t *testing.T, source string) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		files := map[string][]byte{
			"main.py": []byte(source), "pkg/__init__.py": []byte("from .a import *\nfrom main import *\n"), "pkg/a.py": []byte("x = 1\nimport main\n"),
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		in := New(ctx, NewProject(ctx, files), testLibrary(), Limits{Steps: 200_000, Memory: 16 << 20})
		module, err := in.ImportFile("main.py")
		if err != nil {
			t.Fatal(err)
		}
		in.RunMain(module)
		for i := 0; i < module.Attrs.Len(); i++ {
			_, value := module.Attrs.At(i)
			in.Call(value, nil, nil)
			in.Repr(value)
			in.Truth(value)
		}
		runtime.ReadMemStats(&after)
		if made := after.TotalAlloc - before.TotalAlloc; made > 1<<30 {
			t.Errorf("%d bytes were allocated", made)
		}
		if ctx.Err() != nil {
			t.Error("it takes longer than 5 s")
		}
	})
}
