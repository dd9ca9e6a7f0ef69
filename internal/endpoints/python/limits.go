package python

// Limits bound what a program may do. Zero takes the default.
type Limits struct {
	// Steps are nodes evaluated, 2,000,000 by default.
	Steps int
	// Calls is how deep calls may nest, 100 by default.
	Calls int
	// Depth is how deep evaluations may nest, those of all calls together, 2,000 by default. It bounds the stack of Go.
	Depth int
	// Iterations are those of one loop, 10,000 by default.
	Iterations int
	// String is the size of a string in bytes, 256 KiB by default.
	String int
	// Items is the size of a collection, 50,000 by default.
	Items int
	// Memory is what all strings and collections that are made may have in bytes, freed ones too: 64 MiB by default.
	Memory int
	// Diagnostics is how many are kept, 200 by default.
	Diagnostics int
}

func (l Limits) withDefaults() Limits {
	for _, limit := range []struct {
		value    *int
		fallback int
	}{
		{&l.Steps, 2_000_000},
		{&l.Calls, 100},
		{&l.Depth, 2_000},
		{&l.Iterations, 10_000},
		{&l.String, 256 << 10},
		{&l.Items, 50_000},
		{&l.Memory, 64 << 20},
		{&l.Diagnostics, 200},
	} {
		if *limit.value <= 0 {
			*limit.value = limit.fallback
		}
	}
	return l
}
