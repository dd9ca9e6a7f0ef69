package discover

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/codebegen/preview-operator/internal/endpoints"
)

// operations is how many endpoints a file of the projects below has.
const operations = 4

// fastAPIProject has so many files, two of which are no routers.
func fastAPIProject(files int) map[string][]byte {
	project := map[string][]byte{
		"app/__init__.py": nil,
		"app/config.py":   []byte("from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    API: str = \"/api/v1\"\n\n\nsettings = Settings()\n"),
	}
	var main strings.Builder
	main.WriteString("from fastapi import FastAPI\nfrom app.config import settings\n")
	for i := range files - 3 {
		fmt.Fprintf(&main, "from app.routers import area%d\n", i)
	}
	main.WriteString("\n\ndef create_app() -> FastAPI:\n    app = FastAPI()\n")
	for i := range files - 3 {
		project[fmt.Sprintf("app/routers/area%d.py", i)] = router(i)
		fmt.Fprintf(&main, "    app.include_router(area%d.router, prefix=settings.API)\n", i)
	}
	main.WriteString("    return app\n\n\napp = create_app()\n")
	project["app/main.py"] = []byte(main.String())
	return project
}

// router is a file as people write it, with code beside the routes.
func router(number int) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "import logging\n\nfrom fastapi import APIRouter, Depends, HTTPException\nfrom pydantic import BaseModel\n\n"+
		"log = logging.getLogger(__name__)\nrouter = APIRouter(prefix=\"/area%d\", tags=[\"area %[1]d\"])\n\n\nclass Item(BaseModel):\n    name: str\n    price: float = 0\n\n\n", number)
	for i := range operations {
		fmt.Fprintf(&b, "@router.get(\"/{item_id}/part%d\", response_model=Item)\nasync def read_part_%[1]d(item_id: int, verbose: bool = False):\n"+
			"    \"\"\"Read a part.\n\n    Parts are numbered.\n    \"\"\"\n    item = await find(item_id)\n    if item is None or item.parts < %[1]d:\n"+
			"        raise HTTPException(status_code=404, detail=f\"item {item_id} not found\")\n"+
			"    log.info(\"read %%s of %%s\", item.name, [part.name for part in item.parts if part.visible])\n"+
			"    return {\"id\": item.id, \"name\": item.name, \"price\": item.price * 2}\n\n\n", i)
	}
	return []byte(b.String())
}

// expressProject has so many files, one of which is no router.
func expressProject(files int) map[string][]byte {
	project := map[string][]byte{"package.json": []byte(`{"main":"src/index.js","dependencies":{"express":"^4"}}`)}
	var main strings.Builder
	main.WriteString("const express = require('express');\nconst app = express();\napp.use(express.json());\n")
	for i := range files - 1 {
		var b strings.Builder
		b.WriteString("const { Router } = require('express');\nconst router = Router();\n\n")
		for k := range operations {
			fmt.Fprintf(&b, "/**\n * Read a part.\n */\nrouter.get('/:id/part%d', async (req, res, next) => {\n  try {\n    const item = await store.find(req.params.id);\n"+
				"    if (!item) return res.status(404).json({ error: `no item ${req.params.id}` });\n    res.json({ ...item, parts: item.parts.filter((p) => p.visible) });\n"+
				"  } catch (err) {\n    next(err);\n  }\n});\n\n", k)
		}
		b.WriteString("module.exports = router;\n")
		project[fmt.Sprintf("src/routes/area%d.js", i)] = []byte(b.String())
		fmt.Fprintf(&main, "app.use('/api/area%d', require('./routes/area%[1]d'));\n", i)
	}
	main.WriteString("app.listen(3000);\n")
	project["src/index.js"] = []byte(main.String())
	return project
}

// BenchmarkDiscover reads projects of 10 and of 500 files.
func BenchmarkDiscover(b *testing.B) {
	for _, bench := range []struct {
		name    string
		project func(int) map[string][]byte
		files   int
		want    int
	}{
		{"fastapi/10", fastAPIProject, 10, 7 * operations},
		{"fastapi/500", fastAPIProject, 500, endpoints.MaxEndpoints},
		{"express/10", expressProject, 10, 9 * operations},
		{"express/500", expressProject, 500, endpoints.MaxEndpoints},
	} {
		b.Run(bench.name, func(b *testing.B) {
			files := bench.project(bench.files)
			b.ReportAllocs()
			for b.Loop() {
				if got := Discover(b.Context(), files, endpoints.Options{}); got.Count != bench.want {
					b.Fatalf("%d endpoints, want %d: %+v", got.Count, bench.want, got.Diagnostics)
				}
			}
		})
	}
}

// FuzzDiscover: whatever the files are, and however they are broken, there is a result within its bounds.
func FuzzDiscover(f *testing.F) {
	for _, pattern := range []string{"../../../examples/*/app/main.py", "../../../test/endpoints/cases/*/*/project/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			if content, err := os.ReadFile(file); err == nil && isSource(file) {
				f.Add(filepath.Base(file), content, content)
			}
		}
	}
	f.Fuzz(func(t *testing.T, name string, first, second []byte) {
		got := Discover(t.Context(), map[string][]byte{name: first, "main.py": first, "app/__init__.py": second, "index.js": second, "src/app.ts": first}, endpoints.Options{})
		if got.Endpoints == nil || got.Diagnostics == nil || got.Count != len(got.Endpoints) || got.Count > endpoints.MaxEndpoints {
			t.Fatalf("count %d of %d endpoints", got.Count, len(got.Endpoints))
		}
		for _, d := range got.Diagnostics {
			if d.Code == codeFailed || d.Code == codeTimedOut {
				t.Fatalf("%+v", d)
			}
		}
	})
}
