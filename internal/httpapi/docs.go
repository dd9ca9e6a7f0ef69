package httpapi

import (
	"io/fs"
	"net/http"

	"github.com/gin-gonic/gin"
	swaggerfiles "github.com/swaggo/files/v2"
)

// docsPolicy lets the page of the documentation load what it is made of and call this gateway, and nothing else. Swagger
// UI sets styles of its elements.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const docsPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Preview Operator API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<div id="api"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
`

const docsScript = `SwaggerUIBundle({ url: "/openapi.json", dom_id: "#api", deepLinking: true, persistAuthorization: false });
`

// docsFiles are the files of the page and their types.
var docsFiles = map[string]string{
	"index.html":           "text/html; charset=utf-8",
	"start.js":             "text/javascript; charset=utf-8",
	"swagger-ui.css":       "text/css; charset=utf-8",
	"swagger-ui-bundle.js": "text/javascript; charset=utf-8",
}

// serveDocs serves a file of the documentation page; the one in the path when name is empty.
func (a *API) serveDocs(name string) handler {
	return func(c *gin.Context) (reply, error) {
		file := name
		if file == "" {
			file = c.Param("file")
		}
		mediaType, ok := docsFiles[file]
		if !ok {
			return reply{}, &failure{kind: kindNoRoute, detail: "the page is at /docs"}
		}
		data, err := docsFile(file)
		if err != nil {
			return reply{}, err
		}
		c.Header("Content-Security-Policy", docsPolicy)
		c.Header("Cache-Control", "public, max-age=3600")
		a.limitWrite(c)
		c.Data(http.StatusOK, mediaType, data)
		return reply{written: true}, nil
	}
}

func docsFile(name string) ([]byte, error) {
	switch name {
	case "index.html":
		return []byte(docsPage), nil
	case "start.js":
		return []byte(docsScript), nil
	default:
		return fs.ReadFile(swaggerfiles.FS, name)
	}
}
