package syntax

import (
	"bytes"
	"fmt"
	"testing"
)

// project returns ten files of about 150 lines each, as a small web application has them.
func project() [][]byte {
	files := make([][]byte, 10)
	for i := range files {
		var file bytes.Buffer
		file.WriteString("from fastapi import APIRouter, Depends, HTTPException\n\nfrom app.models import Item\n\n" +
			"router = APIRouter(prefix=\"/items\", tags=[\"items\"])\n\n\n")
		for k := range 10 {
			fmt.Fprintf(&file, `@router.get("/{item_id}/part%d", response_model=Item, summary="Read a part")
async def read_part_%d(item_id: int, verbose: bool = False, session=Depends(get_session)):
    """Read one part of an item.

    Parts are numbered.
    """
    item = await session.get(Item, item_id)
    if item is None or item.parts < %d:
        raise HTTPException(status_code=404, detail=f"item {item_id} not found")
    log.info("read %%s of %%s", item.name, [part.name for part in item.parts if part.visible])
    return {"id": item.id, "name": item.name, "price": item.price * 2, "parts": [1, 2, 3]}


`, k, k, k)
		}
		files[i] = file.Bytes()
	}
	return files
}

func BenchmarkProject(b *testing.B) {
	files := project()
	b.ReportAllocs()
	for b.Loop() {
		for _, file := range files {
			if _, err := Parse(b.Context(), Python, file, Limits{}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
