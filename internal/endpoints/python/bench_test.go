package python

import (
	"context"
	"fmt"
	"testing"
)

// routers is a project of routers with a hundred lines each, of which main takes in all.
func routers(count int) map[string][]byte {
	files := map[string][]byte{"app/__init__.py": nil, "app/settings.py": []byte(`
from pydantic_settings import BaseSettings
class Settings(BaseSettings):
    PREFIX: str = "/api/v1"
settings = Settings()
`)}
	main := "from web import Router\nfrom app.settings import settings\nroutes = []\n"
	for i := range count {
		source := "from web import Router\nfrom app.settings import settings\nrouter = Router(prefix=f'{settings.PREFIX}/m')\n"
		for j := range 12 {
			source += fmt.Sprintf(`
class Item%d:
    name: str = "x"
    price: float = 1.5

@router.get("/items/{id}/%d")
async def handler_%d(id: int, q: str | None = None, *, limit: int = 10):
    """Handle it.

    At length.
    """
    result = [x for x in range(10) if x]
    return {"id": id, "result": result}
`, j, j, j)
		}
		files[fmt.Sprintf("app/m%d.py", i)] = []byte(source)
		main += fmt.Sprintf("from app import m%d\nroutes.append(m%d.router)\n", i, i)
	}
	files["main.py"] = []byte(main)
	return files
}

func BenchmarkProject(b *testing.B) {
	for _, count := range []int{10, 500} {
		files := routers(count)
		ctx := context.Background()
		b.Run(fmt.Sprintf("%d files", count), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				in := New(ctx, NewProject(ctx, files), testLibrary(), Limits{})
				if _, err := in.ImportFile("main.py"); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("%d parsed files", count), func(b *testing.B) {
			b.ReportAllocs()
			project := NewProject(ctx, files)
			for b.Loop() {
				in := New(ctx, project, testLibrary(), Limits{})
				if _, err := in.ImportFile("main.py"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
