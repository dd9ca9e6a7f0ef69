package httpapi

import (
	"mime"
	"strconv"
	"strings"
)

// maxAcceptParts bounds the media ranges of an Accept header that are looked at.
const maxAcceptParts = 32

// preferred returns which of the media types a client prefers by its Accept headers: the one with the highest weight; of
// several with one weight, the one that is named most exactly, then the first. Without any that it takes, it is the first.
func preferred(accept []string, types ...string) string {
	best, bestWeight, bestExactness := types[0], 0.0, 0
	ranges := strings.Split(strings.Join(accept, ","), ",")
	ranges = ranges[:min(len(ranges), maxAcceptParts)]
	for _, candidate := range types {
		weight, exactness := weightOf(ranges, candidate)
		if weight > bestWeight || weight == bestWeight && weight > 0 && exactness > bestExactness {
			best, bestWeight, bestExactness = candidate, weight, exactness
		}
	}
	return best
}

// weightOf returns the weight of the media range that names a type most exactly, 0 when none does, and how exactly.
func weightOf(ranges []string, candidate string) (weight float64, exactness int) {
	class, _, _ := strings.Cut(candidate, "/")
	for _, text := range ranges {
		name, params, err := mime.ParseMediaType(text)
		if err != nil {
			continue
		}
		found := map[string]int{candidate: 3, class + "/*": 2, "*/*": 1}[name]
		if found <= exactness {
			continue
		}
		exactness, weight = found, 1
		if q, err := strconv.ParseFloat(params["q"], 64); err == nil && q >= 0 && q <= 1 {
			weight = q
		}
	}
	return weight, exactness
}
