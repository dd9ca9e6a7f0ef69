// Package route says what is known of one route of an application. The resolvers of all frameworks share it.
package route

// Confidence is how sure a resolver is of a route.
type Confidence string

const (
	// Exact: every part of the route was computed from values that are known.
	Exact Confidence = "exact"
	// Likely: something was assumed, such as which way a condition goes.
	Likely Confidence = "likely"
)

// Methods that are no HTTP methods.
const (
	// WebSocket marks a path that speaks WebSocket.
	WebSocket = "WEBSOCKET"
	// All marks a path that answers every method.
	All = "ALL"
)

// Route is one method of one path, as the application serves it.
type Route struct {
	// Method in upper case.
	Method string
	// Path begins with a slash; its parameters are written {name}.
	Path        string
	Summary     string
	Description string
	Tags        []string
	OperationID string
	Deprecated  bool
	Framework   string
	// File and Line, counted from 1, are where the route is declared; File is relative to the project.
	File       string
	Line       int
	Params     []Param
	Confidence Confidence
	// Mounted is set when the route is of an application that is mounted in another one, so that the other one's
	// OpenAPI document does not name it.
	Mounted bool
}

// Param is something that a request to a route can carry.
type Param struct {
	Name string
	// In is path, query, header or cookie.
	In string
	// Type is one of JSON schema's, or empty when it is not known.
	Type string
	// Pattern is the converter or the regular expression that the value has to match, as the framework spells it.
	Pattern  string
	Required bool
}

// Diagnostic says what could not be found out, and where.
type Diagnostic struct {
	Code    string
	Message string
	File    string
	Line    int
}

// Found is what a resolver found.
type Found struct {
	Routes      []Route
	Diagnostics []Diagnostic
}
