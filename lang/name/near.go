package name

import "strings"

// longest is how long a name may be to have others compared with it.
const longest = 64

// Near finds what was probably meant by want: the one of have that differs by
// a few slips of the finger. The earliest of equally near ones wins.
func Near(want string, have []string) (string, bool) {
	if want == "" || len(want) > longest {
		return "", false
	}
	best, at := limit(want)+1, -1
	for i, h := range have {
		if h == want || h == "" || len(h) > longest || numbered(want, h) {
			continue
		}
		d := distance(want, h)
		if strings.EqualFold(want, h) {
			d = min(d, 1)
		}
		if d < best && d < len(h) {
			best, at = d, i
		}
	}
	if at < 0 {
		return "", false
	}
	return have[at], true
}

// numbered reports whether a and b differ in their numbers only, as h5 and h6:
// such names were told apart on purpose.
func numbered(a, b string) bool {
	x, y := strings.Map(noDigit, a), strings.Map(noDigit, b)
	return x == y && len(x) < len(a) && len(y) < len(b)
}

func noDigit(r rune) rune {
	if '0' <= r && r <= '9' {
		return -1
	}
	return r
}

// limit is how many slips a name of that length may have: more would make
// any two short names look alike.
func limit(want string) int {
	switch n := len(want); {
	case n <= 1:
		return 0
	case n <= 4:
		return 1
	case n <= 8:
		return 2
	default:
		return 3
	}
}

// distance is Damerau and Levenshtein's, in its form for neighbours that
// changed places.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
